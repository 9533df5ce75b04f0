"""Work on several blocks at once: threads, since NumPy and SciPy let others run while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST_WORKERS = 8


def in_threads(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """``function`` of every task, in order, on as many threads as there are cores, at most ``MOST_WORKERS``.

    Results are held until they are taken, so keep them small.
    """
    workers = min(len(tasks), available_cores(), MOST_WORKERS)
    if workers <= 1:
        yield from map(function, tasks)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(function, tasks)


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
