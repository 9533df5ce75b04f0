"""Pictures come decoded and in order; an unreadable one gives way to the next of its class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.errors import DataError
from pcmsn.features.backbones.transform import Transform
from pcmsn.training.finetune.pictures import (
    HoldOutSplit,
    Reader,
    decoded_batches,
    decoding_threads,
    hold_out,
    readable_batches,
)

SMALL = Transform(height=8, width=8)


@pytest.fixture
def split(tmp_path: Path, write_pictures: Callable[..., Path]) -> HoldOutSplit:
    """Two classes of twenty photos; pictures 0..19 are ants."""
    dataset = list_dataset(folder(write_pictures(tmp_path / "zoo", {"ant": 20, "bee": 20})))
    return hold_out(dataset.photos, dataset.classes, 0.1, seed=0)


def spoil(split: HoldOutSplit, *positions: int) -> None:
    for position in positions:
        split.pictures.path(position).write_bytes(b"not a picture")


def test_batches_come_in_order_with_their_labels(split: HoldOutSplit) -> None:
    reader = Reader(split, SMALL)
    batches = [np.array([3, 31, 5]), np.array([31, 2])]  # none of them held out
    with decoding_threads() as pool:
        found = list(decoded_batches(pool, reader, batches))
    for (pixels, labels), positions in zip(found, batches, strict=True):
        assert pixels.shape == (len(positions), 8, 8, 3)
        assert labels.tolist() == [int(position >= 20) for position in positions]
        for row, position in zip(pixels, positions, strict=True):
            assert np.array_equal(row.numpy(), SMALL.decode(split.pictures.path(int(position))))
    with decoding_threads() as pool:
        assert list(decoded_batches(pool, reader, [])) == []


def test_an_unreadable_picture_gives_way_to_the_next_training_picture_of_its_class(split: HoldOutSplit) -> None:
    ants = [position for position in split.training.tolist() if position < 20]
    spoil(split, ants[-1], ants[0])
    reader = Reader(split, SMALL)
    with decoding_threads() as pool:
        ((pixels, labels),) = decoded_batches(pool, reader, [np.array([ants[-1]])])
    assert np.array_equal(pixels[0].numpy(), SMALL.decode(split.pictures.path(ants[1])))
    assert labels.tolist() == [0] and sorted(reader.unreadable) == [ants[0], ants[-1]]


def test_held_out_pictures_that_can_not_be_read_are_left_out(split: HoldOutSplit) -> None:
    first, *others = split.held_out.tolist()
    spoil(split, first)
    with decoding_threads() as pool:
        found = list(readable_batches(pool, Reader(split, SMALL), [np.array([first]), np.array([first, *others])]))
    assert [len(pixels) for pixels, _ in found] == [len(others)]


def test_too_many_unreadable_pictures_stop_the_training(split: HoldOutSplit) -> None:
    spoil(split, 20, 21, 22)
    reader = Reader(split, SMALL)
    assert reader.read(20) is None and reader.read(21) is None and reader.read(20) is None
    with pytest.raises(
        DataError, match=r"at least 3 of 40 photo pictures in .* are unreadable, more than 5%: .*bee/000"
    ):
        reader.read(22)


def test_a_class_without_a_readable_picture_is_named(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    dataset = list_dataset(folder(write_pictures(tmp_path / "zoo", {"ant": 40, "bee": 2})))
    split = hold_out(dataset.photos, dataset.classes, 0.0, seed=0)
    spoil(split, 40, 41)
    with pytest.raises(
        DataError, match=r"no readable photo is left in the class 'bee' of .*zoo.photo: .*not a picture"
    ):
        Reader(split, SMALL).read_or_next(40)


def test_all_sizes_and_modes_are_taken(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "zoo", {"ant": 4})
    modes = {"1": (3, 90), "L": (90, 3), "RGBA": (1, 1), "P": (40, 41)}
    for (mode, size), path in zip(modes.items(), sorted((root / "photo" / "ant").iterdir()), strict=True):
        Image.new(mode, size).save(path)
    dataset = list_dataset(folder(root))
    split = hold_out(dataset.photos, dataset.classes, 0.0, seed=0)
    reader = Reader(split, SMALL)
    with decoding_threads() as pool:
        ((pixels, _),) = decoded_batches(pool, reader, [np.arange(4)])
    assert pixels.shape == (4, 8, 8, 3) and not reader.unreadable
