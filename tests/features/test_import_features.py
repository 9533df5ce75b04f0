"""Features from elsewhere keep their pictures' names and values, or are refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pcmsn.data.picture_files import files_below
from pcmsn.data.records import Pictures
from pcmsn.errors import DataError
from pcmsn.features.backbones.tiny import TinyBackbone
from pcmsn.features.export import export_features
from pcmsn.features.feature_file import FeatureFile
from pcmsn.features.importing import Given, import_pair

VALUES = np.arange(6, dtype=np.float64).reshape(3, 2)
PATHS = ["a/cup/1.png", "photo/tx/cup/2.png", "bee/1.png"]
NAMES = ["cup/1.png", "cup/2.png", "bee/1.png"]


def bring(tmp_path: Path, given: Given) -> FeatureFile:
    """The file that becomes of one side's features; the other side's are good ones."""
    np.savez(tmp_path / "good.npz", names=np.array(NAMES), features=VALUES)
    import_pair(Given(features=tmp_path / "good.npz"), given, tmp_path / "out", overwrite=True)
    return FeatureFile(tmp_path / "out" / "photo.npz")


def npz(tmp_path: Path, **arrays: Any) -> Given:
    np.savez(tmp_path / "in.npz", **arrays)
    return Given(features=tmp_path / "in.npz")


def lines(path: Path, texts: list[str]) -> Path:
    path.write_text("\n".join(texts) + "\n")
    return path


@pytest.mark.parametrize(
    "arrays",
    [
        {"names": np.array(PATHS), "features": VALUES},
        {"paths": np.array(PATHS), "feats": VALUES.astype(np.float16)},
        {"files": np.array([path.encode() for path in PATHS]), "x": VALUES.astype(np.int32)},
        {"filenames": np.array([path.replace("/", "\\") for path in PATHS]), "X": VALUES},
        {
            "names": np.array(["1.png", "x/2.png", "1.png"]),
            "features": VALUES,
            "labels": np.array(["cup", "cup", "bee"]),
        },
        {"names": np.array(["1.png", "2.png", "1.png"]), "features": VALUES, "y": [1, 1, 0], "classes": ["bee", "cup"]},
        {"names": np.array(PATHS), "features": VALUES, "labels": np.array([4, 4, 5])},
    ],
    ids=["names", "paths", "bytes", "backslashes", "labels", "numbers in a list", "numbers alone"],
)
def test_the_common_spellings_give_the_same(tmp_path: Path, arrays: dict[str, Any]) -> None:
    found = bring(tmp_path, npz(tmp_path, **arrays)).checked()
    assert found.names.tolist() == NAMES
    assert found.features.dtype == np.float32 and found.features.tolist() == VALUES.tolist()


def test_an_array_goes_with_text_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    named = Given(features=tmp_path / "x.npy", names=lines(tmp_path / "names.txt", PATHS))
    assert bring(tmp_path, named).names.tolist() == NAMES
    labelled = Given(
        features=tmp_path / "x.npy",
        names=lines(tmp_path / "files.txt", ["1.png", "2.png", "1.png"]),
        labels=lines(tmp_path / "labels.txt", ["cup", "cup", "bee"]),
    )
    assert bring(tmp_path, labelled).names.tolist() == NAMES


def test_what_was_extracted_comes_back_from_one_file_and_from_parts(
    tmp_path: Path, draw: Callable[..., Pictures], small_backbone: TinyBackbone
) -> None:
    folder = draw(*NAMES).folder
    one = export_features(small_backbone, files_below(folder), tmp_path / "one.npz")
    export_features(small_backbone, files_below(folder), tmp_path / "parts", rows_per_file=2)
    found = bring(tmp_path, Given(features=tmp_path / "one.npz"))
    assert (found.names.tolist(), found.source) == (sorted(NAMES), one.source)
    again = bring(tmp_path, Given(features=tmp_path / "parts"))
    np.testing.assert_allclose(again.features, found.features, atol=1e-5)
    (tmp_path / "parts" / "features.json").unlink()
    with pytest.raises(DataError, match=r"parts holds no finished features: expected features.json"):
        bring(tmp_path, Given(features=tmp_path / "parts"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"names": NAMES}, r"in.npz has no features: expected an array features or feats .*, it has 'names'"),
        (
            {"features": VALUES},
            r"in.npz has no names: expected an array names, paths.* --sketch-names or --photo-names",
        ),
        ({"features": VALUES, "names": NAMES[:2]}, r"3 rows of features, but 2 names; expected one a row"),
        ({"features": VALUES[:, 0], "names": NAMES}, r"features of shape \(3,\) and type float64; expected \(N, D\)"),
        ({"features": VALUES[:0], "names": NAMES[:0]}, r"features of shape \(0, 2\)"),
        ({"features": VALUES.astype("U"), "names": NAMES}, r"type <U32; expected \(N, D\) numbers"),
        ({"features": VALUES * np.nan, "names": NAMES}, r"has 3 rows with values that are not finite .* row 0; leave"),
        (
            {"features": VALUES + [[0], [1e300], [0]], "names": NAMES},
            r"1 rows with .* finite in float32, the first is row 1",
        ),
        (
            {"features": VALUES, "names": ["1.png", "cup/2.png", "3.png"]},
            r"2 names have no class: '1.png', '3.png'; exp",
        ),
        (
            {"features": VALUES, "names": ["a/c/1", "b/c/1", "c/2"]},
            r"1 names occur more than once: 'c/1'; each picture",
        ),
        ({"features": VALUES, "names": NAMES, "labels": ["a/b", "", "c"]}, r"'', 'a/b' cannot be the name of a class"),
        ({"features": np.array([[{}]], dtype=object), "names": NAMES}, r"holds pickled objects .*numpy.savez"),
    ],
)
def test_what_can_not_be_used_is_refused_and_nothing_is_written(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        bring(tmp_path, npz(tmp_path, **arrays))
    assert not (tmp_path / "out").exists()


def test_files_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"x.npy cannot be read as .npz or .npy"):
        bring(tmp_path, Given(features=tmp_path / "x.npy"))
    with pytest.raises(DataError, match=r"there is no file .*y.npy with features"):
        bring(tmp_path, Given(features=tmp_path / "y.npy"))
    np.save(tmp_path / "x.npy", VALUES)
    with pytest.raises(DataError, match=r"names.txt cannot be read as text with one name a line"):
        bring(tmp_path, Given(features=tmp_path / "x.npy", names=tmp_path / "names.txt"))


def test_features_that_are_there_are_not_replaced_unasked(tmp_path: Path) -> None:
    given = npz(tmp_path, names=NAMES, features=VALUES)
    import_pair(given, given, tmp_path / "out")
    with pytest.raises(DataError, match=r"sketch.npz and .*photo.npz already there; pass --overwrite"):
        import_pair(given, given, tmp_path / "out")


def test_the_same_content_gives_the_same_fingerprint_wherever_it_comes_from(tmp_path: Path) -> None:
    first = bring(tmp_path, npz(tmp_path, names=PATHS, features=VALUES)).fingerprint
    np.save(tmp_path / "x.npy", VALUES.astype(np.float32))
    second = bring(tmp_path, Given(features=tmp_path / "x.npy", names=lines(tmp_path / "n.txt", NAMES))).fingerprint
    assert first == second and len(first) == 64
