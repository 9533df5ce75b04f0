"""The network for drawings learns from varied drawings, and goes on where it stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from pcmsn.encoders.kinds import SOURCES, Kind
from pcmsn.training.everyday.drawing_training import (
    STATE_FILE,
    DrawingSettings,
    KindClassifier,
    drawing_features,
    train_on_drawings,
)
from pcmsn.training.everyday.drawings import HELD_OUT, Drawings, read_sheets, read_strokes
from pcmsn.training.everyday.network import DrawingNetwork

SIZE = 32


def kind(name: str, **classes: str) -> Kind:
    return Kind(name, f"{name}.n.01", {source: (classes[source],) if source in classes else () for source in SOURCES})


KINDS = [kind("line", quickdraw="line", tu_berlin="a_line"), kind("ring", quickdraw="circle")]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    quickdraw, pictures = tmp_path / "quickdraw", tmp_path / "pictures" / "a_line"
    for folder in (quickdraw, pictures):
        folder.mkdir(parents=True)
    angles = np.linspace(0, 6.28, 20)
    shapes = {
        "line": lambda: (np.linspace(0, 255, 5), np.linspace(generator.integers(0, 90), 255, 5)),
        "circle": lambda: (100 + 90 * np.cos(angles), 120 + 100 * np.sin(angles)),
        "unknown": lambda: (angles, angles),
    }
    for word, shape in shapes.items():
        lines = [{"word": word, "drawing": [[axis.astype(int).tolist() for axis in shape()]]} for _ in range(9)]
        (quickdraw / f"{word}.ndjson").write_text("\n".join(json.dumps(line) for line in lines))
    for number in range(3):
        picture = Image.new("L", (100, 100), 255)
        ImageDraw.Draw(picture).line((10, 10 + number, 80, 90), fill=0, width=2)
        picture.save(pictures / f"{number}.png")
    return tmp_path


def read(sources: Path) -> Drawings:
    strokes = read_strokes(sources / "quickdraw", KINDS, held_out=False)
    sheets = read_sheets(sources / "pictures", KINDS, "tu_berlin", SIZE)
    return Drawings({"strokes": strokes, "sheets": sheets}, {"strokes": 0.8, "sheets": 0.2})


def test_the_last_drawings_of_a_word_are_held_out(sources: Path) -> None:
    kept, held_out = (read_strokes(sources / "quickdraw", KINDS, held_out=flag) for flag in (False, True))
    assert len(held_out.kinds) == 2 * HELD_OUT
    assert len(kept.kinds) == 2 * (9 - HELD_OUT)
    assert set(kept.words) == {"line", "circle"}  # a word that no kind knows is left out
    first = read_strokes(sources / "quickdraw", KINDS, held_out=True)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(held_out.drawings, first.drawings, strict=True))


def test_a_batch_has_varied_sheets_of_all_sources(sources: Path) -> None:
    drawings = read(sources)
    sheets, kinds = drawings.batch(64, SIZE, np.random.default_rng(0))
    assert sheets.shape == (64, SIZE, SIZE)
    assert set(kinds.tolist()) == {0, 1}
    assert len({sheet.tobytes() for sheet in sheets}) > 60
    again, _ = drawings.batch(64, SIZE, np.random.default_rng(0))
    assert (sheets == again).all()


def test_training_stops_and_goes_on(sources: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    drawings, state = read(sources), tmp_path / "state"
    settings = DrawingSettings(minutes=0.03, batch_size=8, learning_rate=1e-3, layer_decay=1.0)
    model = KindClassifier(DrawingNetwork(SIZE, blocks=1), len(KINDS))
    seen: list[float] = []
    train_on_drawings(model, drawings, settings, state, on_report=lambda step, progress, loss: seen.append(loss))
    steps = torch.load(state / STATE_FILE, weights_only=True)["step"]
    assert steps > 0
    assert all(np.isfinite(seen))
    longer = DrawingSettings(minutes=0.05, batch_size=8, learning_rate=1e-3, layer_decay=1.0)
    fresh = KindClassifier(DrawingNetwork(SIZE, blocks=1), len(KINDS))
    mean = train_on_drawings(fresh, drawings, longer, state)
    assert torch.load(state / STATE_FILE, weights_only=True)["step"] > steps
    held_out = read_strokes(sources / "quickdraw", KINDS, held_out=True)
    sheets = np.stack([held_out.sheet(row, SIZE) for row in range(len(held_out.kinds))])
    assert drawing_features(mean.network, sheets).shape == (len(sheets), 192)
    assert drawing_features(mean.network, sheets[:0]).shape == (0, 192)
