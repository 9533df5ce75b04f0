"""From a model's name or folder to the embedder that a gallery works with."""

from __future__ import annotations

from pathlib import Path

from pcmsn.encoders.encoder import DESCRIPTION, encoder_of_run, find_encoder, packaged_encoders
from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import Embedder
from pcmsn.gallery.picture_embedder import PictureEmbedder
from pcmsn.gallery.store import GalleryStore

DEFAULT_MODEL = "everyday"
"""The packaged model that a new gallery takes where none is named."""


def load_embedder(model: Path, *, device: str = "auto", backbone: str | None = None) -> Embedder:
    """The embedder of a packaged model's name, an exported folder or a run folder.

    What was exported is used without torch; ``device`` (but for ``auto`` and ``cpu``) and ``backbone`` ask for torch.
    Raises whatever loading a run raises.
    """
    exported = find_exported(model) if device in ("auto", "cpu") and backbone is None else None
    if exported is not None:
        return PictureEmbedder.of_encoder(exported)
    if not model.expanduser().exists():
        find_encoder(str(model))  # says which models there are
    from pcmsn.gallery.run_embedder import run_embedder

    return run_embedder(model, device=device, backbone=backbone)


def find_exported(model: Path) -> Path | None:
    """The exported model that stands for a run folder, an exported folder or a packaged model's name; None for none."""
    folder = model.expanduser()
    if (folder / DESCRIPTION).is_file():
        return folder
    if folder.is_dir():
        return encoder_of_run(folder)
    return find_encoder(str(model)) if str(model) in packaged_encoders() else None


def embedder_of(store: GalleryStore, *, device: str = "auto", backbone: str | None = None) -> Embedder:
    """The embedder of the run that a store remembers. Raises GalleryError where that is gone or was trained anew."""
    own = store.identity
    if not Path(own.run).is_dir() and find_exported(Path(own.run)) is None:
        raise GalleryError(
            f"the run that made {store.location} is not at {own.run} any more; say where it is now: --run RUN "
            "(Gallery.open(..., run=RUN))"
        )
    embedder = load_embedder(Path(own.run), device=device, backbone=backbone)
    if embedder.identity.fingerprint != own.fingerprint:
        raise GalleryError(
            f"{store.location} was made by {own.name} ({own.fingerprint[:12]}), and the run at {own.run} is another "
            f"model now ({embedder.identity.fingerprint[:12]}); pass the run that made it with --run, or index the "
            "photos into a new gallery"
        )
    return embedder
