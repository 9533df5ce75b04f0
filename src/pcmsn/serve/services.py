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
from pcmsn.gallery.updating import UpdateState
from pcmsn.serve.answers import ID_PATTERN
from pcmsn.serve.bounded_work import BoundedWork
from pcmsn.serve.page_files import PageFile
from pcmsn.serve.photo_file import PhotoFile, converted, open_photo
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.searching import SearchDesk
from pcmsn.serve.settings import Limits
from pcmsn.serve.uploads import Uploads

LOOKUPS_AT_ONCE = 4
MOST_CONVERSIONS = 8
"""Photos under conversion or waiting for it; they are converted one at a time, as each may take much memory."""
P = ParamSpec("P")
T = TypeVar("T")


class Services:
    """A gallery, the desk for searches, and a few threads for what takes little time."""

    def __init__(
        self,
        store: GalleryStore,
        embedder: Embedder,
        limits: Limits,
        page: Mapping[str, PageFile],
        update: Callable[[], UpdateState] | None = None,
    ) -> None:
        self.store = store
        self.update = update
        self.desk = SearchDesk(store, embedder, limits)
        self.uploads = Uploads(limits)
        self.page = page
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "pcmsn-lookup")
        self._converter = ThreadPoolExecutor(1, "pcmsn-convert")
        self._conversions = BoundedWork(
            self._converter,
            MOST_CONVERSIONS,
            refusal="the server has more photos to convert than it can do",
            seconds=2,
        )

    async def look_up(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call the store, or read a file, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lookups, lambda: function(*arguments, **options))

    async def record(self, photo_id: str) -> PhotoRecord:
        """What is known of a photo. Raises RefusalError 404 for what is no id, or not in the gallery."""
        record = await self.look_up(self.store.photo, photo_id) if re.fullmatch(ID_PATTERN, photo_id) else None
        if record is None:
            raise RefusalError(404, "there is no such photo in this gallery, expected an id from a search or a listing")
        return record

    async def photo_file(self, record: PhotoRecord) -> PhotoFile:
        """A photo's file, or what it is converted to.

        Raises RefusalError: 410 for a file that is gone or no picture any more, 422 for one too large to convert, 503
        while too many others are being converted.
        """
        opened = await self.look_up(open_photo, record)
        if not opened.to_convert:
            return opened
        try:
            return await self._conversions.run(converted, opened)
        except RefusalError:
            opened.content.close()
            raise

    def start(self) -> None:
        """Start what the first client would have to wait for."""
        self.desk.start()

    def close(self) -> None:
        """Wait for what is under way; the store stays open."""
        self.desk.close()
        for pool in (self._lookups, self._converter):
            pool.shutdown(cancel_futures=True)
