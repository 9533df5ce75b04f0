"""FAISS, imported when the first gallery is searched and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def threads_for(queries: int) -> Iterator[Any]:
    """The ``faiss`` module, kept to one thread in this thread's calls where there is one query only.

    FAISS shares out queries, not photos: a second thread has nothing to do for one query, but is started and waited
    for, which costs many times the search on a busy machine. The setting is this thread's own, others keep theirs.
    """
    import faiss

    if queries > 1:
        yield faiss
        return
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield faiss
    finally:
        faiss.omp_set_num_threads(before)
