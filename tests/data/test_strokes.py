"""The same drawing gives the same sheet, wherever and however large it was drawn; training varies it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pcmsn.data.strokes import LINE_WIDTH, MARGIN, Stroke, fit_picture, read_quickdraw, render, vary, vary_sheet
from pcmsn.errors import DataError

SIZE = 128


@pytest.fixture
def house() -> list[Stroke]:
    walls = np.asarray([(0, 60), (0, 160), (120, 160), (120, 60), (0, 60)], dtype=np.float32)
    roof = np.asarray([(0, 60), (60, 0), (120, 60)], dtype=np.float32)
    door = np.asarray([(50, 160), (50, 110), (75, 110), (75, 160)], dtype=np.float32)
    return [walls, roof, door]


def ink_box(sheet: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero((sheet < 128).any(axis=1)), np.flatnonzero((sheet < 128).any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def line_width_of(sheet: np.ndarray) -> float:
    """Ink of a sheet with one straight line from side to side, by the line's length."""
    left, _, right, _ = ink_box(sheet)
    return float((255 - sheet.astype(float)).sum() / 255 / (right - left))


def test_a_drawing_fills_the_sheet_up_to_the_margin(house: list[Stroke]) -> None:
    left, top, right, bottom = ink_box(render(house, SIZE))
    margin = MARGIN * SIZE
    assert abs(top - margin) <= 2
    assert abs(SIZE - bottom - margin) <= 2
    assert abs(left - (SIZE - right)) <= 2


@pytest.mark.parametrize(("factor", "offset"), [(0.2, 0.0), (1.0, 300.0), (7.5, -90.0)])
def test_place_and_size_of_the_drawing_do_not_matter(house: list[Stroke], factor: float, offset: float) -> None:
    moved = [(stroke * factor + offset).astype(np.float32) for stroke in house]
    difference = np.abs(render(house, SIZE).astype(int) - render(moved, SIZE).astype(int))
    assert (difference > 64).mean() < 0.002


@pytest.mark.parametrize("size", [64, 128, 224])
def test_a_line_is_as_wide_as_said(size: int) -> None:
    line = [np.asarray([(0, 0), (50, 0), (100, 0)], dtype=np.float32)]
    assert line_width_of(render(line, size)) == pytest.approx(LINE_WIDTH * size, abs=0.75)


def test_a_drawing_without_points_is_an_empty_sheet() -> None:
    assert (render([], SIZE) == 255).all()
    assert (render([np.zeros((0, 2), dtype=np.float32)], SIZE) == 255).all()


def test_one_point_is_a_dot_in_the_middle() -> None:
    sheet = render([np.asarray([(7.0, 9.0)], dtype=np.float32)], SIZE)
    left, top, right, bottom = ink_box(sheet)
    assert abs((left + right) / 2 - SIZE / 2) <= 1
    assert abs((top + bottom) / 2 - SIZE / 2) <= 1


@pytest.mark.parametrize("width", [2, 6, 10])
def test_a_picture_of_a_drawing_comes_near_the_drawing_itself(house: list[Stroke], width: int) -> None:
    picture = Image.new("L", (500, 400), 255)
    for stroke in house:
        ImageDraw.Draw(picture).line([(200 + x, 100 + y) for x, y in stroke.tolist()], fill=0, width=width)
    fitted, drawn = fit_picture(picture, SIZE), render(house, SIZE)
    assert np.abs(np.subtract(ink_box(fitted), ink_box(drawn))).max() <= 4
    ink = [float((255 - sheet.astype(float)).mean()) for sheet in (fitted, drawn)]
    assert 0.5 < ink[0] / ink[1] < 2.2


def test_a_picture_without_ink_is_an_empty_sheet() -> None:
    assert (fit_picture(Image.new("L", (80, 60), 240), SIZE) == 255).all()


def test_varying_keeps_strokes_apart_from_those_left_out(house: list[Stroke]) -> None:
    generator = np.random.default_rng(3)
    amounts = {len(vary(house, generator)) for _ in range(60)}
    assert amounts == {2, 3}
    assert len(vary(house[:1], generator)) == 1


def test_varying_is_the_same_for_the_same_seed_and_leaves_the_drawing_as_it_was(house: list[Stroke]) -> None:
    before = [stroke.copy() for stroke in house]
    first, second = (vary(house, np.random.default_rng(11)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(house, before, strict=True))


def test_a_varied_sheet_is_white_where_nothing_came_from(house: list[Stroke]) -> None:
    varied = vary_sheet(render(house, SIZE), np.random.default_rng(0))
    assert varied.shape == (SIZE, SIZE)
    assert np.median(varied) == 255
    assert varied.min() < 128


def test_quickdraw_files_are_read_in_order(tmp_path: Path) -> None:
    lines = [
        {"word": "cat", "recognized": True, "drawing": [[[0, 1, 2], [3, 4, 5]], [[9], [8]]]},
        {"word": "cat", "recognized": False, "drawing": [[[1, 1], [2, 3]]]},
    ]
    path = tmp_path / "cat.ndjson"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    first, second = read_quickdraw(path)
    assert first.strokes[0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert len(first.strokes[1]) == 1
    assert (first.recognized, second.recognized) == (True, False)


@pytest.mark.parametrize("line", ["{", '{"word": "cat"}', '{"word": "cat", "drawing": []}', '{"drawing": [[1]]}', "3"])
def test_a_line_that_is_no_drawing_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_text('{"word": "cat", "drawing": [[[0], [0]]]}\n' + line)
    with pytest.raises(DataError, match=r"cat\.ndjson, line 2: not a Quick, Draw! drawing"):
        read_quickdraw(path)
