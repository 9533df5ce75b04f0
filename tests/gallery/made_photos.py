"""Photos for tests of stores: embeddings without pictures, and picture files without a data set."""

from pathlib import Path

import numpy as np
from PIL import Image

from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, PhotoRecord, Queries, photo_id_of

IDENTITY = ModelIdentity(fingerprint="a" * 64, dim=4, bits=12, name="first model", run="/runs/first")
OTHER = ModelIdentity(fingerprint="b" * 64, dim=4, bits=12, name="second model", run="/runs/second")


def made_photo(number: int, vector: object, label: str = "", path: str | None = None) -> EmbeddedPhoto:
    """A photo with the given (4,) vector; everything else follows from its number."""
    place = Path(path or f"/photos/{number:05d}.jpg")
    record = PhotoRecord(
        photo_id=photo_id_of(place),
        path=str(place),
        content_hash=f"{number:064x}",
        size=1000 + number,
        modified_ns=10**18 + number,
        label=label,
        width=640,
        height=480,
    )
    values = np.asarray(vector, dtype=np.float32)
    return EmbeddedPhoto(record, values, np.array([number % 256, 16 * (number % 16)], np.uint8), b"jpeg %d" % number)


def random_photos(count: int, label: str = "", first: int = 0) -> list[EmbeddedPhoto]:
    """``count`` photos with random vectors, numbered from ``first``."""
    vectors = np.random.default_rng(first).normal(size=(count, 4))
    return [made_photo(first + nth, vector, label) for nth, vector in enumerate(vectors)]


def query_of(*vectors: object) -> Queries:
    """Queries with the given (4,) vectors."""
    values = np.array(vectors, dtype=np.float32)
    return Queries(values, np.zeros((len(values), 2), dtype=np.uint8))


def write_photos(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """``count`` small random pictures in a folder, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    paths = [folder / f"{nth:04d}.png" for nth in range(count)]
    for path in paths:
        Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    return paths
