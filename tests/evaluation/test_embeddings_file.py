"""The file of embeddings to be scored: a round trip, and what is refused."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.embeddings_file import KEYS, Embeddings, read_embeddings, write_embeddings


@pytest.fixture
def embeddings():
    random = np.random.default_rng(0)
    return Embeddings(
        sketch_embedding=random.normal(size=(3, 4)).astype(np.float32),
        sketch_label=np.array(["cup", "bell", "cup"]),
        photo_embedding=random.normal(size=(5, 4)).astype(np.float32),
        photo_label=np.array(["bell", "cup", "cup", "bell", "ox"]),
    )


def test_what_is_written_is_read_and_nothing_else_stays(tmp_path, embeddings):
    write_embeddings(tmp_path / "e.npz", embeddings)
    write_embeddings(tmp_path / "e.npz", embeddings)
    read = read_embeddings(tmp_path / "e.npz")
    for key in KEYS:
        assert np.array_equal(getattr(read, key), getattr(embeddings, key))
    assert [path.name for path in tmp_path.iterdir()] == ["e.npz"]


def test_a_failed_write_leaves_the_old_file(tmp_path, embeddings, monkeypatch):
    write_embeddings(tmp_path / "e.npz", embeddings)
    before = (tmp_path / "e.npz").read_bytes()

    def no_space(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", no_space)
    with pytest.raises(EvaluationError, match=r"cannot be written to .*e\.npz: No space left on device"):
        write_embeddings(tmp_path / "e.npz", embeddings)
    assert (tmp_path / "e.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["e.npz"]


def test_a_place_that_can_not_be_written_is_named(tmp_path, embeddings):
    (tmp_path / "nowhere").write_text("a file, not a folder")
    with pytest.raises(EvaluationError, match=r"cannot be written to .*nowhere"):
        write_embeddings(tmp_path / "nowhere" / "e.npz", embeddings)


def test_objects_are_not_written(tmp_path, embeddings):
    with pytest.raises(EvaluationError, match="'sketch_label' hold Python objects"):
        write_embeddings(tmp_path / "e.npz", replace(embeddings, sketch_label=np.array(["a", None], dtype=object)))


def test_a_missing_file_is_named_with_what_is_expected(tmp_path):
    with pytest.raises(EvaluationError, match=r"there is no file .*none\.npz; expected an \.npz file with 'sketch_emb"):
        read_embeddings(tmp_path / "none.npz")


def test_missing_and_extra_arrays_are_named(tmp_path):
    path = tmp_path / "e.npz"
    np.savez(path, sketch_embedding=np.zeros((1, 1)), sketch_labels=np.zeros(1), photo_embedding=np.zeros((1, 1)))
    expected = (
        f"{path} lacks 'sketch_label', 'photo_label' and also holds 'sketch_labels' (did you mean 'sketch_label'?); "
        "expected are 'sketch_embedding', 'sketch_label', 'photo_embedding', 'photo_label'"
    )
    with pytest.raises(EvaluationError, match=re.escape(expected)):
        read_embeddings(path)


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, embeddings, kept):
    path = tmp_path / "e.npz"
    write_embeddings(path, embeddings)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    with pytest.raises(EvaluationError, match=r"e\.npz is not a readable \.npz file"):
        read_embeddings(path)


def test_a_changed_byte_is_noticed(tmp_path, embeddings):
    path = tmp_path / "e.npz"
    write_embeddings(path, embeddings)
    content = bytearray(path.read_bytes())
    content[170] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(EvaluationError, match="not a readable"):
        read_embeddings(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("sketch,photo\n", encoding="utf-8")
    np.save(tmp_path / "one.npy", np.zeros((3, 4)))
    np.savez(tmp_path / "objects.npz", **{key: np.array([{}], dtype=object) for key in KEYS})
    for name, message in [
        ("text.npz", "not a readable"),
        ("one.npy", "single array"),
        ("objects.npz", "not a readable .*pickled objects"),
    ]:
        with pytest.raises(EvaluationError, match=message):
            read_embeddings(tmp_path / name)
    with pytest.raises(EvaluationError, match="not a readable"):
        read_embeddings(tmp_path)


def test_numpys_advice_to_load_unsafely_is_not_passed_on(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    np.savez(tmp_path / "objects.npz", **{key: np.array([{}], dtype=object) for key in KEYS})
    for name in ("picture.png", "objects.npz"):
        with pytest.raises(EvaluationError, match=r"or holds pickled objects$") as raised:
            read_embeddings(tmp_path / name)
        assert "allow_pickle" not in str(raised.value)
