"""Class vectors are read whole, found by class name, joined in a fixed order, and refused when they do not fit."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from pcmsn.errors import SemanticsError
from pcmsn.semantics.class_vector_file import fingerprint_of
from pcmsn.semantics.vectors import (
    ClassVectors,
    concatenate,
    find_source,
    load_class_vectors,
    read_class_vectors,
    write_class_vectors,
)
from pcmsn.training.configuration import build_config


def vectors(**rows: list[float]) -> ClassVectors:
    return ClassVectors(tuple(rows), np.array(list(rows.values()), dtype=np.float32), ("test",))


def save_released(path: Path, content: object) -> None:
    """As the released files were made: np.save of a dict."""
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


def test_vectors_come_in_the_order_asked_for() -> None:
    assert vectors(ant=[1, 2], bee=[3, 4]).of(["bee", "ant", "bee"]).tolist() == [[3, 4], [1, 2], [3, 4]]


def test_a_class_without_a_vector_is_named_with_near_misses() -> None:
    with pytest.raises(SemanticsError, match="no vector in test for 1 of the classes: 'bees' .did you mean 'bee'"):
        vectors(ant=[1], bee=[2]).of(["ant", "bees"])


def test_separators_alone_do_not_make_another_class() -> None:
    assert vectors(table_lamp=[1], floor_lamp=[2]).of(["tablelamp"]).tolist() == [[1]]


def test_a_spelling_that_fits_two_classes_fits_none() -> None:
    with pytest.raises(SemanticsError, match="'tablelamp'"):
        vectors(**{"table_lamp": [1], "table-lamp": [2]}).of(["tablelamp"])


def test_sources_are_joined_in_sorted_order_by_name_not_by_row(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "word.npz", ["bee", "ant"], np.array([[2.0], [1.0]]))
    write_class_vectors(tmp_path / "tree.npz", ["ant", "bee"], np.array([[10.0, 11.0], [20.0, 21.0]]))
    joined = load_class_vectors(tmp_path, ["word", "tree"])
    assert joined.sources == ("tree", "word")
    assert joined.of(["ant", "bee"]).tolist() == [[10, 11, 1], [20, 21, 2]]


def test_a_source_named_twice_is_joined_twice(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "tree.npz", ["ant"], np.array([[10.0, 11.0]]))
    assert load_class_vectors(tmp_path, ["tree", "tree"]).dim == 4


def test_a_released_file_is_read(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.array([1.0, 2.0]), "bee": np.array([3.0, 4.0])})
    assert read_class_vectors(tmp_path / "w.npy").of(["bee"]).tolist() == [[3, 4]]


class Hostile:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, (f"__import__('pathlib').Path({str(self.path)!r}).touch()",))


@pytest.mark.parametrize("place", ["alone", "in a dictionary", "in an array"])
def test_a_pickle_that_asks_for_anything_else_is_refused_and_not_run(tmp_path: Path, place: str) -> None:
    hostile = Hostile(tmp_path / "run")
    content = {
        "alone": hostile,
        "in a dictionary": {"ant": hostile},
        "in an array": {"ant": np.array([hostile], dtype=object)},
    }
    save_released(tmp_path / "w.npy", content[place])
    with pytest.raises(SemanticsError, match=r"its pickle asks for builtins\.eval"):
        read_class_vectors(tmp_path / "w.npy")
    assert not (tmp_path / "run").exists()


def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.array([1.0, 2.0])})
    content = (tmp_path / "w.npy").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "cut.npy").write_bytes(content[:length])
        with pytest.raises(SemanticsError, match="cannot be read as class vectors"):
            read_class_vectors(tmp_path / "cut.npy")


def test_vectors_of_different_lengths_are_refused(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.ones(3), "bee": np.ones(2), "cat": np.ones(3)})
    with pytest.raises(SemanticsError, match="the vector of 'bee' has 2 elements, the others have 3"):
        read_class_vectors(tmp_path / "w.npy")


def test_an_npz_of_another_kind_says_what_it_lacks(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", names=np.array(["ant"]))
    with pytest.raises(SemanticsError, match="lacks the array vectors"):
        read_class_vectors(tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", names=np.array(["ant"]), vectors=np.ones((2, 3)))
    with pytest.raises(SemanticsError, match=r"1 names for vectors of shape \(2, 3\)"):
        read_class_vectors(tmp_path / "w.npz")


def test_not_a_number_is_refused() -> None:
    with pytest.raises(SemanticsError, match="the vectors of 'bee' hold NaN or infinity"):
        vectors(ant=[1], bee=[float("nan")])


def test_a_missing_source_lists_what_is_there(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "hieremb-jcn.npz", ["ant"], np.ones((1, 2)))
    with pytest.raises(SemanticsError, match="no side information 'hieremb-jnc' in .* .did you mean 'hieremb-jcn'"):
        load_class_vectors(tmp_path, ["hieremb-jnc"])
    with pytest.raises(SemanticsError, match="no folder .*Point --semantics-root"):
        load_class_vectors(tmp_path / "nowhere", ["hieremb-jcn"])


def test_a_picture_named_npz_is_called_no_npz_without_advice_to_load_it_unsafely(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    with pytest.raises(SemanticsError, match=r"cannot be read as class vectors \(it is no \.npz file\)"):
        read_class_vectors(tmp_path / "w.npz")


def test_without_a_named_source_those_of_the_folder_are_proposed_or_the_command_that_builds_one(tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    with pytest.raises(SemanticsError) as raised:
        load_class_vectors(folder, [])
    assert str(raised.value) == (
        f"no side information is known for 'zoo', and none is in {folder}. Build it, then pass --semantics "
        f"hieremb-path: pcmsn semantics build --classes FILE --measure path --out {folder}/hieremb-path.npz"
    )
    write_class_vectors(folder / "hieremb-path.npz", ["ant"], np.ones((1, 2)))
    with pytest.raises(SemanticsError) as raised:
        load_class_vectors(folder, [])
    assert str(raised.value) == (
        f"no side information was named for 'zoo'; {folder} has 'hieremb-path': pass --semantics hieremb-path"
    )


def test_joining_nothing_is_an_error() -> None:
    with pytest.raises(SemanticsError, match="no side information was named"):
        concatenate([])


def test_joining_keeps_the_classes_that_all_parts_have() -> None:
    assert concatenate([vectors(ant=[1], bee=[2]), vectors(bee=[3])]).names == ("bee",)


def test_the_published_files_have_the_published_lengths(shared: Path) -> None:
    sketchy = load_class_vectors(shared / "semantics" / "Sketchy", ["word2vec-google-news", "hieremb-jcn"])
    assert (len(sketchy.names), sketchy.dim) == (125, 654)
    assert sketchy.sources == ("hieremb-jcn", "word2vec-google-news")
    raw = np.load(shared / "semantics" / "Sketchy" / "hieremb-jcn.npy", allow_pickle=True).item()
    assert np.allclose(sketchy.of(["cup"])[0, :354], raw["cup"])
    berlin = load_class_vectors(shared / "semantics" / "TU-Berlin", ["word2vec-google-news", "hieremb-path"])
    assert (len(berlin.names), berlin.dim) == (250, 964)


def test_python_2_style_protocols_are_read(tmp_path: Path) -> None:
    array = np.array({"ant": np.array([1.5, 2.5])}, dtype=object)
    for protocol in (2, 3, 4):
        with (tmp_path / "w.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
            pickle.dump(array, file, protocol=protocol)
        assert read_class_vectors(tmp_path / "w.npy").of(["ant"]).tolist() == [[1.5, 2.5]]


def test_what_is_written_is_read_with_its_origin_and_fingerprint(tmp_path: Path) -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.4]])
    written = write_class_vectors(tmp_path / "w.npz", ["ant", "bee"], values, source="by hand", nodes=["x.n.01", "y"])
    found = read_class_vectors(tmp_path / "w.npz")
    assert (found.names, found.sources, found.origins, found.fingerprints) == (
        ("ant", "bee"), ("w",), ("by hand",), (written,),
    )  # fmt: skip
    assert found.values.tolist() == values.astype(np.float32).tolist()
    with np.load(tmp_path / "w.npz") as archive:
        assert set(archive.files) == {"names", "vectors", "nodes", "source", "format", "fingerprint"}
        assert archive["vectors"].dtype == np.float64 and archive["nodes"].tolist() == ["x.n.01", "y"]


def test_a_users_own_file_needs_names_and_vectors_only(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", names=np.array(["ant"]), vectors=np.array([[1, 2]]))
    found = read_class_vectors(tmp_path / "own.npz")
    assert (found.values.tolist(), found.origins, found.fingerprints) == ([[1, 2]], ("",), ("",))


@pytest.mark.parametrize("array", ["names", "vectors", "nodes", "source", "fingerprint"])
def test_a_file_that_has_changed_since_it_was_built_is_refused(tmp_path: Path, array: str) -> None:
    path = tmp_path / "w.npz"
    write_class_vectors(path, ["ant", "bee"], np.array([[0.1], [0.3]]), source="by hand", nodes=["ant.n.01"])
    with np.load(path) as archive:
        content = {name: archive[name] for name in archive.files}
    changed = content[array].copy()
    changed[(0,) * changed.ndim] = 0.2 if array == "vectors" else "other"
    np.savez(path, **{**content, array: changed})
    with pytest.raises(SemanticsError, match="has changed since it was built: .* build it again"):
        read_class_vectors(path)


def test_a_file_of_a_later_format_is_refused(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "w.npz", ["ant"], np.ones((1, 2)))
    with np.load(tmp_path / "w.npz") as archive:
        content = {name: archive[name] for name in archive.files}
    np.savez(tmp_path / "w.npz", **{**content, "format": np.array(2)})
    with pytest.raises(SemanticsError, match="has format 2, this version of pcmsn reads format 1"):
        read_class_vectors(tmp_path / "w.npz")


def test_the_same_content_gives_the_same_bytes_and_no_other_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_class_vectors(tmp_path / f"{name}.npz", ["ant"], np.ones((1, 2)), source="s")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_the_fingerprint_is_the_same_on_every_machine_and_depends_on_the_number_type() -> None:
    values = np.array([[0.5, 1.5]])
    known = fingerprint_of(["ant"], values, "s", None)
    assert known == fingerprint_of(("ant",), np.asfortranarray(values).astype(">f8"), "s", None) == "f02ff2a9707cd5a7"
    assert known != fingerprint_of(["ant"], values.astype(np.float32), "s", None)


@pytest.mark.parametrize(
    ("names", "values", "nodes", "message"),
    [
        (["ant"], [[1.0], [2.0]], None, "1 names with vectors of shape"),
        (["ant", "ant"], [[1.0], [2.0]], None, "more than one vector for 'ant'"),
        (["ant"], [[float("nan")]], None, "the vectors of 'ant' hold NaN"),
        (["ant"], [[1.0]], ["a", "b"], "2 nodes for vectors of 1 elements"),
    ],
)
def test_nothing_is_written_that_could_not_be_read(
    tmp_path: Path, names: list[str], values: list[list[float]], nodes: list[str] | None, message: str
) -> None:
    with pytest.raises(SemanticsError, match=message):
        write_class_vectors(tmp_path / "w.npz", names, np.array(values), nodes=nodes)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_npz_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    write_class_vectors(path, ["ant", "bee"], np.random.default_rng(0).normal(size=(2, 3)), source="by hand")
    content = path.read_bytes()
    for position in range(0, len(content), 11):
        path.write_bytes(content[:position])
        with pytest.raises(SemanticsError, match="cannot be read as class vectors"):
            read_class_vectors(path)
        path.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:  # a flipped bit in the archive's own dates and flags changes nothing that is read
            found = read_class_vectors(path)
        except SemanticsError:
            continue
        assert found.names == ("ant", "bee")


def test_joined_files_keep_what_each_says_of_itself(tmp_path: Path) -> None:
    mark = write_class_vectors(tmp_path / "b.npz", ["ant"], np.ones((1, 2)), source="tree")
    np.savez(tmp_path / "a.npz", names=np.array(["ant"]), vectors=np.ones((1, 1)))
    joined = load_class_vectors(tmp_path, ["b", "a", "b"])
    assert (joined.sources, joined.origins) == (("a", "b", "b"), ("", "tree", "tree"))
    assert joined.fingerprints == ("", mark, mark)
    assert concatenate([vectors(ant=[1]), joined]).origins == ("", "", "tree", "tree")


@pytest.mark.parametrize(
    ("dataset", "source", "command"),
    [
        ("Sketchy", "hieremb-jcn", "pcmsn semantics build --dataset Sketchy --measure jcn --out "),
        ("zoo", "hieremb-path", "pcmsn semantics build --classes FILE --measure path --out "),
        ("TU-Berlin", "word2vec-google-news", "pcmsn semantics build --dataset TU-Berlin --word-vectors FILE --out "),
    ],
)
def test_a_missing_source_comes_with_the_command_that_builds_it(
    tmp_path: Path, dataset: str, source: str, command: str
) -> None:
    folder = tmp_path / dataset
    for make_folder in (lambda: None, folder.mkdir):
        make_folder()
        with pytest.raises(SemanticsError) as raised:
            find_source(folder, source)
        assert str(raised.value).endswith(f"Build it: {command}{folder / source}.npz")
    with pytest.raises(SemanticsError) as raised:
        find_source(folder, "mine")
    assert "Build it" not in str(raised.value)


def test_the_presets_join_the_published_files_to_the_published_lengths(shared: Path) -> None:
    """The released TU-Berlin command names the path vectors twice, the paper does not."""
    lengths = {}
    for preset in ("released", "paper"):
        sources = build_config(preset=preset, overrides={"data": {"dataset": "TU-Berlin"}}).semantics.sources
        joined = load_class_vectors(shared / "semantics" / "TU-Berlin", sources)
        lengths[preset] = (len(joined.names), joined.dim)
    assert lengths == {"released": (250, 1628), "paper": (250, 964)}
