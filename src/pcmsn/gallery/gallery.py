"""Search over one's own photos in a few lines.

with Gallery.open("holiday.gallery", run="run") as gallery:
    gallery.add("~/Pictures", progress=print)
    for hit in gallery.search("sketch.png"):
        print(hit.distance, hit.photo.path)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pcmsn.encoders.encoder import packaged_encoders
from pcmsn.gallery import loading
from pcmsn.gallery.indexing import index_photos
from pcmsn.gallery.opening import ensure_gallery, is_new, open_store
from pcmsn.gallery.planning import IndexPlan, IndexReport, LabelOf, Progress, fixed_label, plan
from pcmsn.gallery.records import Hit, Queries
from pcmsn.gallery.sketches import Fit, prepare_sketch, read_sketch
from pcmsn.gallery.store import GalleryStore, SearchMode, SearchSettings

if TYPE_CHECKING:
    from PIL import Image

    from pcmsn.gallery.embedder import Embedder


class Gallery:
    """A store and the model that made it, which is loaded when it is first needed. Safe to search from threads."""

    def __init__(
        self,
        store: GalleryStore,
        embedder: Embedder | None = None,
        *,
        device: str = "auto",
        backbone: str | None = None,
    ) -> None:
        """A gallery over an open store; without an embedder, the run that the store remembers is loaded."""
        self.store = store
        """Where the photos are; open for searching."""
        self._embedder = embedder
        self._loading = Lock()
        self._device, self._backbone = device, backbone

    @classmethod
    def open(
        cls,
        location: str | Path,
        run: str | Path | None = None,
        *,
        device: str = "auto",
        backbone: str | None = None,
        create: bool = True,
    ) -> Gallery:
        """The gallery in a file or at ``milvus://...``; made, empty, where there is none.

        ``run`` is its model: a packaged one by its name (a new gallery takes ``everyday``), a run folder or an exported
        folder; to be given again where that was moved. ``backbone`` says where a run's extractors are now, if they were
        moved; ``create=False`` makes no gallery. In these paths and in those of ``add`` and ``search``, ``~`` stands
        for the home folder. Raises GalleryError for a gallery that is missing, damaged or made by another model than
        ``run``, and whatever loading the run raises.
        """
        location = str(location)
        embedder = None
        if run is None and create and is_new(location) and loading.DEFAULT_MODEL in packaged_encoders():
            run = loading.DEFAULT_MODEL
        if run is not None:
            embedder = loading.load_embedder(Path(run), device=device, backbone=backbone)
            if create:
                ensure_gallery(location, embedder.identity)
        store = open_store(location, identity=embedder.identity if embedder else None)
        return cls(store, embedder, device=device, backbone=backbone)

    @property
    def embedder(self) -> Embedder:
        """The model. Raises GalleryError where the run that made the gallery is not there or is another one now."""
        with self._loading:
            if self._embedder is None:
                self._embedder = loading.embedder_of(self.store, device=self._device, backbone=self._backbone)
            return self._embedder

    def add(
        self,
        paths: Sequence[str | Path] | str | Path,
        label: str | LabelOf | None = None,
        *,
        prune: bool = False,
        prune_all: bool = False,
        exclude: Sequence[str] = (),
        ray: str | None = None,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Bring the gallery up to date with photo files and with all photos below folders, one path or several.

        ``label`` is a text, or a function from a photo's path to one such as ``planning.label_from_folder``; None keeps
        the labels that there are. ``prune`` removes photos at or below ``paths`` whose files are gone; where not one is
        left, the disk may be away, and ``prune_all`` is needed. ``exclude`` has patterns of what to leave out. ``ray``
        is the address of a Ray cluster that embeds them. ``progress=print`` shows how far it got.
        Raises GalleryError for a path that is not there and where another process is writing.
        """
        files = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
        label_of = label if callable(label) else fixed_label(label)
        compare = partial(
            plan,
            files,
            label_of=label_of,
            prune=prune or prune_all,
            prune_all=prune_all,
            exclude=exclude,
            progress=progress,
        )
        if ray is not None:
            return self._add_with_ray(compare(self.store), ray, progress)
        with open_store(self.store.location, identity=self.embedder.identity, writable=True) as writer:
            todo = compare(writer)
            return index_photos(todo, writer, self.embedder, progress)

    def _add_with_ray(self, todo: IndexPlan, address: str, progress: Progress | None) -> IndexReport:
        from pcmsn.gallery.ray.indexing import index_with_ray

        return index_with_ray(
            todo,
            run=Path((self._embedder or self.store).identity.run),
            location=self.store.location,
            address=address,
            device=self._device,
            backbone=self._backbone,
            progress=progress,
        )

    def search(
        self,
        sketch: str | Path | bytes | Image.Image,
        k: int = 20,
        label: str | None = None,
        *,
        mode: SearchMode = "exact",
        shortlist: int | None = None,
        fit: Fit = "whole",
    ) -> list[Hit]:
        """The ``k`` photos nearest to a sketch, nearest first: a file, a file's content, or a picture.

        ``label`` keeps to photos with that label, ``fit="ink"`` first cuts a drawing out of a larger canvas.
        Raises GalleryError for an empty sketch, UnreadablePictureError for what is no picture.
        """
        queries = self.embed(sketch, fit)
        return self.store.search(queries, SearchSettings(k=k, label=label, mode=mode, shortlist=shortlist))[0]

    def embed(self, sketch: str | Path | bytes | Image.Image, fit: Fit = "whole") -> Queries:
        """A sketch as a query of the store."""
        return self.embedder.embed_sketches([prepare_sketch(read_sketch(sketch), fit)])

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.store)
