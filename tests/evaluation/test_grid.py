"""The picture of results: that it is drawn, from whatever it is given, and the same each time."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.records import Pictures
from pcmsn.errors import EvaluationError
from pcmsn.evaluation.examples import QueryResult, RetrievedPhoto, query_results
from pcmsn.evaluation.grid import retrieval_grid


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
    retrieval_grid(rows[:1], "title", "", pictures / "first.png")
    with Image.open(pictures / "grid.png") as whole, Image.open(pictures / "first.png") as first:
        assert whole.width == first.width
        assert whole.height > first.height


def test_the_same_results_make_the_same_file(pictures):
    for name in ("a.png", "b.png"):
        retrieval_grid(results_of(pictures)[:1], "title", "caption", pictures / name)
    assert (pictures / "a.png").read_bytes() == (pictures / "b.png").read_bytes()


def test_nothing_to_draw_and_nowhere_to_write_are_errors(pictures):
    with pytest.raises(EvaluationError, match="nothing to draw: give at least one query with at least one photo"):
        retrieval_grid([], "title", "caption", pictures / "grid.png")
    (pictures / "nowhere").write_text("a file, not a folder")
    with pytest.raises(EvaluationError, match=r"cannot be written to .*nowhere"):
        retrieval_grid(results_of(pictures)[:1], "title", "caption", pictures / "nowhere" / "grid.png")


def test_importing_the_grid_does_not_import_matplotlib():
    code = "import sys, pcmsn.evaluation.grid; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
