"""The learning curves are drawn from whatever rows there are."""

from pathlib import Path

from PIL import Image

from pcmsn.training.finetuning.curves import write_curves


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
        assert picture.format == "PNG" and picture.size == (1350, 570)
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_no_rows_are_a_picture_too(tmp_path: Path) -> None:
    assert write_curves({"sketch": []}, tmp_path / "curves.png").is_file()
