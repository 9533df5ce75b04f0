"""What the routes work with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from pcmsn.gallery.embedder import Embedder
from pcmsn.gallery.records import PhotoRecord
from pcmsn.gallery.store import GalleryStore
from pcmsn.serve.page_files import PageFile
from pcmsn.serve.photo_file import PhotoFile, converted, open_photo
from pcmsn.serve.refusal import RefusalError, busy
from pcmsn.serve.searching import SearchDesk
from pcmsn.serve.settings import Limits
from pcmsn.serve.uploads import Uploads

LOOKUPS_AT_ONCE = 4
MOST_CONVERSIONS = 8
"""One at a time, as each may take much memory; the others wait."""
PHOTO_ID = re.compile(r"[0-9a-f]{32}")
FOLDERS = re.compile(r"(?<![\w.~-])(?:~|[A-Za-z]:)?[\\/](?:[^\s,;:]*[\\/])?")
P = ParamSpec("P")
T = TypeVar("T")


class Services:
    """A gallery, the desk for searches, and a few threads for what takes little time."""

    def __init__(self, store: GalleryStore, embedder: Embedder, limits: Limits, page: Mapping[str, PageFile]) -> None:
        self.store = store
        self.desk = SearchDesk(store, embedder, limits)
        self.uploads = Uploads(limits)
        self.page = page
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "pcmsn-lookup")
        self._conversions = ThreadPoolExecutor(1, "pcmsn-convert")
        self._converting = 0

    async def look_up(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call the store, or read a file, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lookups, lambda: function(*arguments, **options))

    async def record(self, photo_id: str) -> PhotoRecord:
        """What is known of a photo. Raises RefusalError 404 for what is no id, or not in the gallery."""
        record = await self.look_up(self.store.photo, photo_id) if PHOTO_ID.fullmatch(photo_id) else None
        if record is None:
            raise RefusalError(404, "there is no such photo in this gallery, expected an id from a search or a listing")
        return record

    async def photo_file(self, record: PhotoRecord) -> PhotoFile:
        """A photo's file, or what it is converted to; RefusalError 410, 422, and 503 with too many to convert."""
        opened = await self.look_up(open_photo, record)
        if not opened.to_convert:
            return opened
        if self._converting >= MOST_CONVERSIONS:
            opened.content.close()
            raise busy(503, "the server has more photos to convert than it can do", 2)
        self._converting += 1
        work = asyncio.get_running_loop().run_in_executor(self._conversions, converted, opened)
        work.add_done_callback(self._count_down)
        return await asyncio.shield(work)

    def start(self) -> None:
        """Start what the first client would have to wait for."""
        self.desk.start()

    def close(self) -> None:
        """Wait for what runs; the store stays open."""
        self.desk.close()
        for pool in (self._lookups, self._conversions):
            pool.shutdown(cancel_futures=True)

    def _count_down(self, work: asyncio.Future[PhotoFile]) -> None:
        self._converting -= 1
        if not work.cancelled():
            work.exception()  # looked at, so that asyncio does not report it for a request that was given up


def gallery_name(location: str) -> str:
    """The last part of a gallery's file or address, without its ending."""
    path = re.split(r"[?#]", location)[0] if "://" in location else location
    last = [part for part in re.split(r"[\\/]", path) if part][-1:] or ["gallery"]
    return last[0].removesuffix(".gallery") or "gallery"


def without_folders(text: str) -> str:
    """A model's name in which paths of this machine are cut to their last part."""
    return FOLDERS.sub("", text)
