"""Work in threads of which only so much is taken on at one time; the rest is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from pcmsn.serve.refusal import busy

P = ParamSpec("P")
T = TypeVar("T")


class BoundedWork:
    """Calls functions in the threads of a pool, ``most`` of them at one time, those that wait for a thread included."""

    def __init__(self, pool: ThreadPoolExecutor, most: int, *, refusal: str, seconds: float) -> None:
        """Further calls are refused with the text ``refusal``, and told to come again in some ``seconds``."""
        self._pool = pool
        self._most = most
        self._refusal, self._seconds = refusal, seconds
        self._taken = 0

    async def run(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What the function gives. Raises RefusalError 503 for a call too many, and whatever the function raises.

        A call that was taken on counts until it is over, which it is not when nobody waits for it any more.
        """
        if self._taken >= self._most:
            raise busy(503, self._refusal, self._seconds)
        self._taken += 1
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, lambda: function(*arguments, **options))
        work.add_done_callback(self._give_back)
        return await asyncio.shield(work)

    def _give_back(self, work: asyncio.Future[Any]) -> None:
        self._taken -= 1
        if not work.cancelled():
            work.exception()  # looked at, so that asyncio does not report it for a request that was given up
