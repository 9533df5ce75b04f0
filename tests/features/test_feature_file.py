"""What is read from a feature file is what was written, or an error that says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcmsn.errors import DataError
from pcmsn.features import feature_file
from pcmsn.features.feature_file import FeatureFile, InMemory, write_feature_file


def part(*numbers: int, dim: int = 3) -> InMemory:
    values = np.array([[number] * dim for number in numbers], dtype=np.float32).reshape(-1, dim)
    return InMemory([f"cup/{'x' * number}.png" for number in numbers], values)


NAMES = st.text(st.characters(exclude_characters="\0"), max_size=5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.lists(NAMES, max_size=4), min_size=1, max_size=4))
def test_parts_are_read_as_they_would_be_in_one(tmp_path: Path, parts: list[list[str]]) -> None:
    features = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    names = [name for some in parts for name in some]
    starts = np.cumsum([0, *map(len, parts)])
    split = [
        InMemory(some, features[start : start + len(some)]) for some, start in zip(parts, starts[:-1], strict=True)
    ]
    fingerprint = write_feature_file(tmp_path / "split.npz", split, source="s")
    assert (
        write_feature_file(tmp_path / "whole.npz", [InMemory(names, features[: len(names)])], source="s") == fingerprint
    )
    assert (tmp_path / "split.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    found = FeatureFile(tmp_path / "split.npz").checked()
    assert list(found.names) == names
    np.testing.assert_array_equal(found.features, features[: len(names)])


def test_numpy_alone_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_file, "_ROWS_AT_A_TIME", 2)
    write_feature_file(tmp_path / "f.npz", [part(1, 2, 3), part(4)], source="tiny", seen_classes=("ant", "bee"))
    assert FeatureFile(tmp_path / "f.npz").shape == (4, 3)
    with np.load(tmp_path / "f.npz", allow_pickle=False) as archive:
        assert archive["features"].dtype == np.float32
        assert archive["features"][:, 0].tolist() == [1, 2, 3, 4]
        assert archive["names"].tolist() == ["cup/x.png", "cup/xx.png", "cup/xxx.png", "cup/xxxx.png"]
        assert (str(archive["source"]), archive["seen_classes"].tolist()) == ("tiny", ["ant", "bee"])


def test_the_fingerprint_changes_with_a_name_and_with_a_value_and_with_nothing_else(tmp_path: Path) -> None:
    def of(content: InMemory, source: str = "a") -> str:
        return write_feature_file(tmp_path / "f.npz", [content], source=source)

    first = part(1, 2)
    other_name = InMemory(["cup/x.png", "cup/xy.png"], first.features)
    other_value = InMemory(first.names, np.nextafter(first.features, 9, dtype=np.float32))
    joined = InMemory(["cup/x.pngc", "up/xx.png"], first.features)
    assert of(first) == of(first, source="b")
    assert len({of(first), of(other_name), of(other_value), of(joined), of(part(1, 2, dim=2))}) == 5


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    write_feature_file(path, [part(1, 2)], source="a")
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["features"][0, 0] = 9
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=r"f.npz has changed since it was written; extract or import"):
        FeatureFile(path).checked()


def test_features_of_different_lengths_are_not_mixed_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"different lengths cannot be in one file: \[3, 4\]"):
        write_feature_file(tmp_path / "f.npz", [part(1), part(2, dim=4)], source="a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "array", "others", "version"])
def test_anything_else_is_an_error_of_ours(tmp_path: Path, how: str) -> None:
    path = tmp_path / "f.npz"
    write_feature_file(path, [part(1, 2)], source="a")
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif how == "others":
        np.savez(path, x=np.zeros(3))
    else:
        np.savez(path, names=["a"], features=np.zeros((1, 2)), format=99)
    with pytest.raises(DataError, match=r"f\.npz.*pcmsn features|f\.npz is damaged or no feature file"):
        FeatureFile(path).checked()
