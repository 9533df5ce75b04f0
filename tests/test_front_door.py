"""``import pcmsn`` is cheap and gives the steps of an experiment, on arrays, files and pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pcmsn
from pcmsn.errors import ConfigError, DataError, EvaluationError
from pcmsn.evaluation.families import metric_family
from pcmsn.evaluation.scoring import score
from pcmsn.training.exporting.export import export_run
from pcmsn.training.testing import assess_run

SHORT: dict[str, dict[str, Any]] = {
    "training": {"epochs": 2, "batch_size": 16, "batches_per_epoch": 10},
    "model": {"dim": 8, "hidden": 32},
}


def world(classes: int = 12, count: int = 9, seed: int = 0) -> dict[str, Any]:
    """Features of both modalities that lie around a point per class, and class vectors that tell the points."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(classes, 16))
    labels = np.repeat(np.arange(classes), count)
    sides = {}
    for side, dim in (("sketch", 20), ("photo", 24)):
        sides[side] = vectors[labels] @ generator.normal(size=(16, dim)) + 0.3 * generator.normal(
            size=(len(labels), dim)
        )
    return {"labels": labels, "vectors": vectors, **sides}


def fitted(data: dict[str, Any], epochs: int = 2, **options: Any) -> pcmsn.Retriever:
    settings = {**SHORT, "training": {**SHORT["training"], "epochs": epochs}}
    retriever = pcmsn.Retriever("best", settings=settings, device="cpu")
    return retriever.fit(data["sketch"], data["labels"], data["photo"], data["labels"], data["vectors"], **options)


def test_a_retriever_learns_from_arrays_and_its_folder_gives_the_same(tmp_path: Path) -> None:
    data = world()
    retriever = fitted(data, epochs=12)
    sketches, photos = retriever.embed_sketches(data["sketch"]), retriever.embed_photos(data["photo"])
    assert sketches.shape == (108, 8) and sketches.dtype == np.float32
    learned = pcmsn.evaluate(sketches, data["labels"], photos, data["labels"]).map_all
    assert learned > 0.6  # chance is about .1
    loaded = pcmsn.Retriever.load(retriever.save(tmp_path / "saved"), device="cpu")
    assert np.array_equal(loaded.embed_sketches(data["sketch"]), sketches)
    assert np.array_equal(loaded.encode_photos(photos), retriever.encode_photos(photos))
    again = pcmsn.Retriever.load(loaded.save(tmp_path / "copy"), device="cpu")
    assert np.array_equal(again.embed_photos(data["photo"]), photos)


def test_the_same_seed_gives_the_same_model_whatever_the_labels_are_called() -> None:
    data = world()
    first = fitted(data).embed_photos(data["photo"])
    assert np.array_equal(first, fitted(data).embed_photos(data["photo"]))
    names = np.array([f"kind{label:02d}" for label in data["labels"]])
    vectors = {f"kind{label:02d}": vector for label, vector in enumerate(data["vectors"])}
    named = pcmsn.Retriever("best", settings=SHORT, device="cpu")
    named.fit(data["sketch"], names, data["photo"], names, vectors, validation=["kind03", "kind07"])
    numbered = fitted(data, validation=[3, 7])
    assert np.array_equal(named.embed_photos(data["photo"]), numbered.embed_photos(data["photo"]))


def test_validation_classes_are_not_trained_on() -> None:
    data = world()
    changed = dict(data, sketch=data["sketch"].copy())
    changed["sketch"][data["labels"] == 5] *= -3.0  # would change every weight if it reached a batch
    first, second = (fitted(given, 1, validation=[5]).embed_photos(data["photo"]) for given in (data, changed))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.arange(3)}, "need as many labels"),
        ({"vectors": np.zeros((5, 4))}, "a row for each of the 12 classes"),
        ({"vectors": {0: [1.0]}}, "class_vectors has no vector for the class"),
        ({"sketch": np.zeros(108)}, "must be a .rows, columns. array"),
        ({"photo": np.full((108, 24), np.nan)}, "hold NaN"),
    ],
)
def test_arrays_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fitted({**world(), **change})


def test_what_a_retriever_cannot_do_yet_is_said() -> None:
    with pytest.raises(ConfigError, match="is not trained yet; call fit first"):
        pcmsn.Retriever("best").embed_photos(np.zeros((1, 24)))
    with pytest.raises(ConfigError, match="has no network for pictures"):
        fitted(world()).embed_photos(["a.jpg"])
    with pytest.raises(DataError, match="needs at least 4 classes"):
        fitted(world(classes=3))
    with pytest.raises(DataError, match="validation names every class"):
        fitted(world(classes=5), validation=range(5))


def test_a_run_and_its_export_embed_paths_pictures_and_pixels_alike(
    small_settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    record = pcmsn.train(
        tmp_path / "run", preset="paper", settings=small_settings, cache=tmp_path / "cache", device="cpu"
    )
    assert record.finished
    path = next((tmp_path / "zoo" / "photo").rglob("*.png"))
    with Image.open(path) as picture:
        forms = [path, str(path), path.read_bytes(), picture.convert("RGB"), np.asarray(picture.convert("RGB"))]
    export_run(tmp_path / "run", tmp_path / "exported")
    whole = pcmsn.Retriever.load(tmp_path / "run", device="cpu")
    light = pcmsn.Retriever.load(tmp_path / "exported")
    expected = whole.embed_photos([path])
    assert expected.shape == (1, 8)
    for retriever in (whole, light):
        found = retriever.embed_photos(forms)
        np.testing.assert_allclose(found, np.repeat(expected, 5, axis=0), atol=1e-3)
        assert retriever.embed_sketches(str(path)).shape == (1, 8)
    with pytest.raises(DataError, match=r"gone\.jpg: No such file"):
        light.embed_photos(["gone.jpg"])
    with pytest.raises(DataError, match="must be .H, W, 3. uint8 pixels"):
        whole.embed_photos([np.zeros((4, 4, 3))])
    with pytest.raises(ConfigError, match="an exported model takes pictures"):
        light.embed_photos(np.zeros((1, 12)))


def test_a_data_set_is_loaded_and_a_run_on_it_scores_as_the_test_says(
    small_settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    dataset = pcmsn.load_dataset(tmp_path / "zoo")
    assert dataset.classes[:2] == ("ant", "bee") and len(dataset.sketches) == 48
    pcmsn.train(tmp_path / "run", preset="paper", settings=small_settings, cache=tmp_path / "cache", device="cpu")
    tested = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    retriever, unseen = pcmsn.Retriever.load(tmp_path / "run", device="cpu"), tested.unseen
    sketches = retriever.embed_sketches([unseen.sketch_pictures.path(row) for row in range(len(unseen.sketches))])
    photos = retriever.embed_photos([unseen.photo_pictures.path(row) for row in range(len(unseen.photos))])
    found = pcmsn.evaluate(sketches, unseen.sketch_pictures.labels, photos, unseen.photo_pictures.labels)
    assert found.map_all == pytest.approx(tested.protocols[0].real.map_all, abs=0.03)  # noise pictures, cleaned or not


@pytest.mark.parametrize("metrics", ["sem-pcyc", "sake", "zse", "neutral"])
@pytest.mark.parametrize("kind", [np.int64, np.float64, "U5", "S5", object])
def test_evaluate_is_score_by_name_with_labels_of_any_kind(metrics: str, kind: Any) -> None:
    data = world(classes=5)
    labels = data["labels"].astype("U5").astype(kind) if kind in ("S5", object) else data["labels"].astype(kind)
    found = pcmsn.evaluate(data["sketch"][:, :16], labels, data["photo"][:, :16], labels, metrics=metrics)
    expected = score(
        data["sketch"][:, :16], data["labels"], data["photo"][:, :16], data["labels"], family=metric_family(metrics)
    )
    assert found.map_all == expected.map_all and found.p_100 == expected.p_100


def test_labels_that_are_no_classes_are_refused() -> None:
    with pytest.raises(EvaluationError, match="labels must be integers or class names"):
        pcmsn.evaluate(np.eye(2), [0.5, 1.0], np.eye(2), [0.5, 1.0])


def test_a_grid_is_drawn_from_files_and_positions(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b", "c"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / f"{name}.png")
        files.append(tmp_path / f"{name}.png")
    for name, kind in (("grid.png", "PNG"), ("grid.jpg", "JPEG")):
        pcmsn.plot_grid(tmp_path / name, files[:1], ["x"], files, ["x", "y", "x"], np.array([[2, 1, 0]]))
        with Image.open(tmp_path / name) as grid:
            assert grid.width > grid.height and grid.format == kind
    with pytest.raises(EvaluationError, match="1 sketches need as many labels and rows"):
        pcmsn.plot_grid(tmp_path / "grid.png", files[:1], ["x"], files, ["x"] * 3, np.array([2, 1, 0]))


def test_importing_the_package_is_cheap_and_lists_its_names() -> None:
    code = "import sys, pcmsn; print(sorted(pcmsn.__all__) == dir(pcmsn)); print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["True", "set()"]
    for name in pcmsn.__all__:
        assert getattr(pcmsn, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Gallary'"):
        _ = pcmsn.Gallary
