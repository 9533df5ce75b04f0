"""The picture of results: which queries it shows, and that it can be drawn."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pcmsn.data.records import Pictures
from pcmsn.errors import EvaluationError
from pcmsn.evaluation import grid
from pcmsn.evaluation.grid import QueryResult, RetrievedPhoto, choose_queries, query_results, retrieval_grid


@pytest.fixture
def pictures(tmp_path):
    """Two sketches and four photos as files."""
    for name, size, colour in [
        ("s0.png", (40, 40), "white"),
        ("s1.png", (20, 60), "grey"),
        ("p0.jpg", (60, 30), "navy"),
        ("p1.jpg", (30, 60), "olive"),
        ("p2.jpg", (30, 30), "teal"),
    ]:
        Image.new("RGB", size, colour).save(tmp_path / name)
    (tmp_path / "p3.jpg").write_bytes(b"no picture")
    return tmp_path


def results_of(folder):
    classes = ("cup", "hot_air_balloon_over_a_very_long_name")
    sketches = Pictures("sketch", folder, ("s0.png", "s1.png"), np.array([0, 1]), classes)
    photos = Pictures("photo", folder, ("p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg"), np.array([0, 1, 0, 1]), classes)
    return query_results(sketches, photos, np.array([1, 0]), np.array([[3, 0, 1], [0, 2, 1]]))


def test_results_are_taken_from_the_pictures(pictures):
    results = results_of(pictures)
    assert [result.sketch.name for result in results] == ["s1.png", "s0.png"]
    assert [photo.path.name for photo in results[0].photos] == ["p3.jpg", "p0.jpg", "p1.jpg"]
    assert [photo.is_right for photo in results[1].photos] == [True, True, False]
    assert [result.precision for result in results] == [pytest.approx(2 / 3)] * 2


def test_a_grid_is_written_though_a_picture_can_not_be_read(pictures):
    target = pictures / "grid.png"
    retrieval_grid(results_of(pictures), "Title at $5", "A caption of more than one line. " * 12, target)
    with Image.open(target) as image:
        image.load()
        assert image.width > 800
        assert image.text["Title"] == "Title at $5"
        colours = {colour for _, colour in image.convert("RGB").getcolors(2**24)}
    assert {(21, 128, 61), (209, 36, 47)} <= colours  # the frames of right and of wrong photos
    assert not [path for path in pictures.iterdir() if path.name.startswith(".")]


def test_rows_may_be_of_different_length(pictures):
    photo = RetrievedPhoto(pictures / "p0.jpg", "cup", True)
    rows = [QueryResult(pictures / "s0.png", "cup", (photo,) * count) for count in (2, 1, 0)]
    retrieval_grid(rows, "title", "", pictures / "grid.png")
    assert rows[2].precision == 0.0


def test_the_same_results_make_the_same_file(pictures):
    for name in ("a.png", "b.png"):
        retrieval_grid(results_of(pictures)[:1], "title", "caption", pictures / name)
    assert (pictures / "a.png").read_bytes() == (pictures / "b.png").read_bytes()


def test_nothing_to_draw_and_nowhere_to_write_are_errors(pictures):
    with pytest.raises(EvaluationError, match="nothing to draw: give at least one query with at least one photo"):
        retrieval_grid([], "title", "caption", pictures / "grid.png")
    (pictures / "nowhere").write_text("a file, not a folder")
    with pytest.raises(EvaluationError, match=r"can not be written to .*nowhere"):
        retrieval_grid(results_of(pictures)[:1], "title", "caption", pictures / "nowhere" / "grid.png")


def test_the_median_query_of_each_class_is_shown_best_class_first():
    precision = np.array([0.1, 0.2, 0.9, 0.5, 0.6, 0.7, 0.0, 1.0])
    labels = np.array(["low", "low", "low", "mid", "mid", "mid", "two", "two"])
    assert choose_queries(precision, labels, 3).tolist() == [4, 6, 1]


def test_classes_are_spread_from_the_best_to_the_worst():
    labels = np.arange(10)
    assert choose_queries(1 - labels / 10, labels, 3).tolist() == [1, 5, 8]


def test_more_queries_than_classes_show_quantiles_of_a_class():
    precision = np.linspace(1, 0, 9)
    assert choose_queries(precision, np.zeros(9, dtype=int), 3).tolist() == [1, 4, 7]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=25),
    st.integers(1, 30),
)
def test_chosen_queries_are_different_and_as_many_as_there_are(queries, count):
    labels, precision = (np.array(column) for column in zip(*queries, strict=True))
    chosen = choose_queries(precision, labels, count)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, len(queries))
    if count >= len(set(labels)):
        assert set(labels[chosen]) == set(labels)


def test_choosing_from_nothing_is_refused():
    with pytest.raises(EvaluationError, match="at least 1 query must be shown, got 0"):
        choose_queries(np.ones(3), np.ones(3), 0)
    with pytest.raises(EvaluationError, match=r"\(2,\) labels do not fit \(3,\) average precisions"):
        choose_queries(np.ones(3), np.ones(2), 1)


def test_importing_the_grid_does_not_import_matplotlib():
    lines = Path(grid.__file__).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith(("import matplotlib", "from matplotlib"))]
