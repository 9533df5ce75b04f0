"""The demo's gallery: photos of the toy world's unseen classes, embedded by the demo's run."""

from __future__ import annotations

from pathlib import Path

from pcmsn.data.datasets import TOYWORLD
from pcmsn.gallery.gallery import Gallery
from pcmsn.gallery.planning import Progress, label_from_folder
from pcmsn.training.run_folder import RunFolder

DEMO_GALLERY = "photos.gallery"


def demo_gallery(demo: Path, run: Path, progress: Progress | None = None) -> Path:
    """The gallery in a demo's folder, made anew: the demo's run is trained anew, too, and galleries belong to one run.

    Raises GalleryError where the extra ``search`` is not installed.
    """
    location = demo / DEMO_GALLERY
    for suffix in ("", "-wal", "-shm"):
        location.with_name(location.name + suffix).unlink(missing_ok=True)
    split = RunFolder(run).read_record().split
    photos = demo / TOYWORLD / "photo"
    with Gallery.open(location, run) as gallery:
        gallery.add([photos / name for name in (*split.val, *split.test)], label_from_folder, progress=progress)
    return location
