"""The model in the box: small, open without torch, and it knows a ladder when it sees one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.strokes import Stroke, render
from pcmsn.encoders.class_space import read_class_space
from pcmsn.encoders.encoder import Encoder, find_encoder
from pcmsn.encoders.kinds import read_kinds

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load("everyday", threads=1)


def stroke(*points: tuple[float, float]) -> Stroke:
    return np.asarray(points, dtype=np.float32)


def ring(x: float, y: float, radius: float) -> Stroke:
    angles = np.linspace(0, 2 * np.pi, 24)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1).astype(np.float32)


DRAWINGS = {
    "ladder": [stroke((40, 0), (40, 240)), stroke((110, 0), (110, 240))]
    + [stroke((40, y), (110, y)) for y in range(20, 240, 35)],
    "envelope": [stroke((0, 0), (240, 0), (240, 150), (0, 150), (0, 0)), stroke((0, 0), (120, 90), (240, 0))],
    "eyeglasses": [ring(60, 60, 50), ring(190, 60, 50), stroke((110, 60), (140, 60))],
}


def test_all_of_it_fits_in_15_megabytes() -> None:
    files = [path for path in find_encoder("everyday").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15_000_000


def test_its_card_says_where_it_comes_from() -> None:
    card = (find_encoder("everyday") / "README.md").read_text(encoding="utf-8")
    for needed in ("CC BY 4.0", "published for research", "P@10", "everyday_training.py", "kinds.tsv"):
        assert needed in card


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plain_drawing_is_near_its_name(encoder: Encoder, name: str) -> None:
    picture = Image.fromarray(render(DRAWINGS[name], 384)).convert("RGB")
    space = read_class_space(encoder.folder)
    nearest = np.argsort(-(encoder.embed_sketches([picture]) @ space.vectors.T)[0])[:5]
    assert name in [space.names[row] for row in nearest]


def test_every_kind_has_a_vector_and_codes_fit(encoder: Encoder) -> None:
    space = read_class_space(encoder.folder)
    assert space.names[: len(read_kinds())] == tuple(kind.name for kind in read_kinds())
    assert space.vectors.shape[1] == encoder.description.dim == 64
    assert encoder.codes.encode_sketches(space.vectors).shape == (len(space.names), 64)


def test_torch_is_not_needed(tmp_path: Path) -> None:
    program = (
        "import sys; from PIL import Image; from pcmsn.encoders.encoder import Encoder;"
        "picture = Image.new('RGB', (60, 60), 'white'); picture.paste('black', (10, 10, 50, 14));"
        "Encoder.load('everyday').embed_sketches([picture]);"
        "print([name for name in ('torch', 'transformers', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"
