"""An embedder without a network, for tests of stores, indexing and serving: vectors are pictures on an 8 x 8 grid."""

import hashlib
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from pcmsn.data.pictures import picture_from_bytes
from pcmsn.errors import UnreadablePictureError
from pcmsn.gallery.embedder import EmbeddedBatch, PhotoSource
from pcmsn.gallery.records import THUMBNAIL_SIDE, EmbeddedPhoto, ModelIdentity, PhotoRecord, Queries, photo_id_of


class StandInEmbedder:
    """64 grey values of a small grid as the vector, whether they are above their mean as the code."""

    def __init__(self, fingerprint: str = "a" * 64) -> None:
        self.identity = ModelIdentity(fingerprint=fingerprint, dim=64, bits=64, name="stand-in", run="/runs/stand-in")
        self.embedded: list[str] = []
        """Paths of all photos that went through, in order."""

    def embed_photos(self, sources: Sequence[PhotoSource]) -> EmbeddedBatch:
        photos, unreadable = [], []
        for source in sources:
            try:
                content = source.path.read_bytes()
                picture = picture_from_bytes(content, source.path)
            except OSError as error:
                unreadable.append((source.path, error.strerror or str(error)))
                continue
            except UnreadablePictureError as error:
                unreadable.append((source.path, str(error)))
                continue
            self.embedded.append(str(source.path))
            photos.append(_embedded(source, content, picture))
        return EmbeddedBatch(tuple(photos), tuple(unreadable))

    def embed_sketches(self, sketches: Sequence[Image.Image]) -> Queries:
        vectors = np.array([_grid(sketch) for sketch in sketches], dtype=np.float32).reshape(-1, 64)
        return Queries(vectors, np.packbits(vectors > vectors.mean(axis=1, keepdims=True), axis=1))


def _embedded(source: PhotoSource, content: bytes, picture: Image.Image) -> EmbeddedPhoto:
    status = source.path.stat()
    vector = _grid(picture)
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    written = BytesIO()
    small.save(written, "JPEG")
    record = PhotoRecord(
        photo_id=photo_id_of(source.path),
        path=str(source.path.absolute()),
        content_hash=hashlib.sha256(content).hexdigest(),
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        label=source.label,
        width=picture.width,
        height=picture.height,
    )
    return EmbeddedPhoto(record, vector, np.packbits(vector > vector.mean()), written.getvalue())


def _grid(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L").resize((8, 8)), dtype=np.float32).reshape(-1) / 255
