"""The learning curves are drawn from whatever rows there are."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image

from pcmsn.training.finetune.curves import write_curves


def row(epoch: int, held_out: str, best: int) -> dict[str, str]:
    return {
        "epoch": str(epoch),
        "loss": str(3 / epoch),
        "accuracy": str(1 - 1 / (epoch + 1)),
        "held_out_accuracy": held_out,
        "best": str(best),
    }


def test_curves_of_two_networks_are_a_picture(tmp_path: Path) -> None:
    sketch = [row(1, "0.2", 1), row(2, "0.5", 1), row(3, "0.4", 0)]
    photo = [row(1, "", 1)]
    path = write_curves({"sketch": sketch, "photo": photo, "shared": []}, tmp_path / "curves.png")
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.size == (1350, 585)
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize(("network", "asked"), [("photo", "within the modality"), ("shared", "sketch to photo")])
def test_measured_retrieval_has_a_panel_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, asked: str
) -> None:
    drawn: list[Figure] = []
    save = Figure.savefig

    def kept(figure: Figure, *arguments: Any, **options: Any) -> None:
        drawn.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", kept)
    rows = [
        row(number, "0.5", int(number < 3)) | {"validation_mAP@all": value}
        for number, value in ((1, "0.3"), (2, "0.4"), (3, "0.2"))
    ]
    write_curves({network: rows}, tmp_path / "curves.png")
    loss, accuracy, retrieval = drawn[0].axes
    assert retrieval.get_ylabel() == f"mAP@all by cosine, {asked}"
    line, taken = (list(zip(*drawn_line.get_data(), strict=True)) for drawn_line in retrieval.get_lines())
    assert line == [(1, 0.3), (2, 0.4), (3, 0.2)] and taken == [(2, 0.4)]
    assert [len(axes.get_lines()) for axes in (loss, accuracy)] == [1, 3]


def test_no_rows_are_a_picture_too(tmp_path: Path) -> None:
    assert write_curves({"sketch": []}, tmp_path / "curves.png").is_file()
