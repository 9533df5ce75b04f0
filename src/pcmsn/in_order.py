"""Work that threads do ahead, taken in the order in which it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Result = TypeVar("Result")


def in_order(pool: ThreadPoolExecutor, jobs: Iterable[Callable[[], Result]], ahead: int) -> Iterator[Result]:
    """The results of jobs in the jobs' order; at most ``ahead`` of them are waiting, running or done and not taken."""
    source = iter(jobs)
    under_way = deque(pool.submit(job) for job in islice(source, ahead))
    while under_way:
        result = under_way.popleft().result()
        under_way.extend(pool.submit(job) for job in islice(source, 1))
        yield result
