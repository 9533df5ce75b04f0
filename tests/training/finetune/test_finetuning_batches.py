"""What a network is shown: changed pictures of its modality, the same ones however many processes share a batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.data.records import Dataset, Modality
from pcmsn.features.backbones.transform import Transform
from pcmsn.training.finetune.pictures import PictureStream, Portion, Source, decoding_threads, hold_out

PLAIN = Transform(height=16, width=16, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
ALONE = Portion(8, slice(0, 8), process=0, processes=1)


@pytest.fixture
def dataset(tmp_path: Path, write_pictures: Callable[..., Path]) -> Dataset:
    return list_dataset(folder(write_pictures(tmp_path / "zoo", {"ant": 5, "bee": 5})))


def stream(
    dataset: Dataset,
    modality: Modality,
    *,
    strength: float,
    portion: Portion = ALONE,
    transform: Transform = PLAIN,
) -> PictureStream:
    pictures = dataset.sketches if modality == "sketch" else dataset.photos
    source = Source(modality, hold_out(pictures, dataset.classes, 0.4, seed=0), transform)
    return PictureStream(source, portion, seed=3, strength=strength, device=torch.device("cpu"))


def epoch(made: PictureStream, number: int = 1, steps: int = 2) -> tuple[Tensor, Tensor]:
    """The pixels and labels of all steps."""
    with decoding_threads() as pool:
        parts = list(made.training(pool, number, steps))
    return torch.cat([pixels for pixels, _ in parts]), torch.cat([labels for _, labels in parts])


def white_pictures(dataset: Dataset) -> None:
    from PIL import Image

    for pictures in (dataset.sketches, dataset.photos):
        for position in range(len(pictures)):
            Image.new("RGB", (16, 16), "white").save(pictures.path(position))


@pytest.mark.parametrize("modality", ["sketch", "photo"])
def test_pictures_are_changed_as_strongly_as_asked(dataset: Dataset, modality: Modality) -> None:
    plain, labels = epoch(stream(dataset, modality, strength=0.0))
    changed, same_labels = epoch(stream(dataset, modality, strength=1.0))
    more, _ = epoch(stream(dataset, modality, strength=2.0))
    assert torch.equal(labels, same_labels)
    assert (plain - changed).abs().mean() > 0.01 and not torch.allclose(changed, more)
    another, _ = epoch(stream(dataset, modality, strength=1.0), number=2)
    assert not torch.allclose(changed, another)
    again, _ = epoch(stream(dataset, modality, strength=1.0))
    assert torch.equal(changed, again)


def test_without_changes_pixels_are_those_of_the_extraction(dataset: Dataset) -> None:
    transform = Transform(height=16, width=16, invert=True)
    made = stream(dataset, "sketch", strength=0.0, transform=transform)
    pixels, labels = epoch(made)
    own = {
        position: transform.normalise(torch.from_numpy(transform.decode(made.reader.pictures.path(position)))[None])[0]
        for position in made.source.split.training.tolist()
    }
    for picture, label in zip(pixels, labels.tolist(), strict=True):
        found = [position for position, expected in own.items() if torch.allclose(picture, expected, atol=1e-6)]
        assert [int(made.reader.pictures.labels[position]) for position in found] == [label]


def test_empty_paper_stays_paper_also_where_sketches_are_inverted_and_photos_change_their_colours(
    dataset: Dataset,
) -> None:
    white_pictures(dataset)
    for invert in (False, True):
        transform = Transform(height=16, width=16, mean=PLAIN.mean, std=PLAIN.std, invert=invert)
        pixels, _ = epoch(stream(dataset, "sketch", strength=1.0, transform=transform))
        torch.testing.assert_close(pixels, torch.full_like(pixels, float(not invert)))
    pixels, _ = epoch(stream(dataset, "photo", strength=1.0))
    assert (1 - pixels).amax() > 0.1  # darker than white; sketches never change their colours


@pytest.mark.parametrize("modality", ["sketch", "photo"])
def test_processes_together_see_what_one_alone_sees(dataset: Dataset, modality: Modality) -> None:
    halves = [
        stream(dataset, modality, strength=1.0, portion=Portion(8, rows, process=number, processes=2))
        for number, rows in enumerate((slice(0, 4), slice(4, 8)))
    ]
    pixels, labels = epoch(stream(dataset, modality, strength=1.0))
    parts = [epoch(half) for half in halves]
    together = torch.stack([part.view(2, 4, 3, 16, 16) for part, _ in parts], dim=1).view(16, 3, 16, 16)
    torch.testing.assert_close(together, pixels)
    assert torch.equal(torch.stack([part.view(2, 4) for _, part in parts], dim=1).view(16), labels)
    with decoding_threads() as pool:
        shares = [sorted(int(at) for _, found in half.held_out(pool) for at in found) for half in halves]
    assert sorted(shares[0] + shares[1]) == halves[0].source.split.held_out.tolist()
