"""Many jobs in parallel processes: each result is stored as soon as it is there, and is not computed again.

    outcome = run_jobs(jobs, train_and_score, folder=Path("runs/ablation"), inputs=fingerprint)
    outcome.results["full, seed 0"]

A job's function stands at the top level of a module; it gets the job and returns plain values that JSON can hold. It
runs in a fresh (spawned) process, which takes several jobs one after the other, so what it reads may be kept in a
``functools.cache``. This file imports no torch: the number of threads is set before a process loads it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from pcmsn.errors import ConfigError, PcmsnError
from pcmsn.evaluation.threads import available_cores
from pcmsn.training.experiments.results import Job, ResultFiles

Result = dict[str, Any]
JobFunction = Callable[[Job], Result]

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Report:
    """A job that came to its end."""

    job: Job
    outcome: Literal["stored", "done", "failed"]
    """``stored`` means that the result was on disk before."""
    finished: int
    """Jobs that came to their end so far, this one included."""
    total: int
    result: Result | None
    """None for a job that failed."""
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """What all jobs came to, by the jobs' names and in the order of the jobs."""

    results: dict[str, Result] = field(default_factory=dict)
    """What the jobs' function returned."""
    failures: dict[str, str] = field(default_factory=dict)
    """Why a job has no result: our error's message, or a traceback."""


def run_jobs(
    jobs: Sequence[Job],
    function: JobFunction,
    *,
    folder: Path,
    inputs: str = "",
    processes: int | None = None,
    progress: Callable[[Report], None] = lambda report: None,
) -> Outcome:
    """The results of all jobs; those that ``folder`` holds from before are read, the others are computed in parallel.

    ``inputs`` is a fingerprint of the data that the jobs read; a stored result counts for the same job, function,
    inputs and code only. ``processes`` is the number of cores where it is None; each process gets its share of the
    cores as threads, at least one. A job that fails leaves the others alone and is tried again by the next call. After
    Ctrl-C the processes are ended and KeyboardInterrupt goes on. Raises ConfigError for two jobs of one name, and when
    ``processes`` is below 1.
    """
    names = [job.name for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"every job needs a name of its own, got {twice[0]!r} more than once")
    if processes is not None and processes < 1:
        raise ConfigError(f"processes must be >= 1, got {processes}")
    collected = _Collected(ResultFiles(folder, function, inputs), len(jobs), progress)
    missing = [job for job in jobs if not collected.from_disk(job)]
    count = processes or available_cores()
    threads = max(1, available_cores() // count)
    with _Pool(function, threads) as pool:
        pool.run(missing, min(count, len(missing)), collected)
    return Outcome(
        {name: collected.results[name] for name in names if name in collected.results},
        {name: collected.failures[name] for name in names if name in collected.failures},
    )


class _Collected:
    """Takes the end of every job, stores its result and reports it."""

    def __init__(self, files: ResultFiles, total: int, progress: Callable[[Report], None]) -> None:
        self.files = files
        self.total = total
        self.progress = progress
        self.results: dict[str, Result] = {}
        self.failures: dict[str, str] = {}

    def from_disk(self, job: Job) -> bool:
        """Take a result that was stored before. False where there is none."""
        result = self.files.read(job)
        if result is None:
            return False
        self.results[job.name] = result
        self._tell(job, "stored", result)
        return True

    def done(self, job: Job, text: str) -> None:
        """Store a result, given as JSON."""
        self.files.write(job, text)
        self.results[job.name] = json.loads(text)
        self._tell(job, "done", self.results[job.name])

    def failed(self, job: Job, error: str) -> None:
        """Remember why a job has no result."""
        self.failures[job.name] = error
        self._tell(job, "failed", None, error)

    def _tell(
        self, job: Job, outcome: Literal["stored", "done", "failed"], result: Result | None, error: str = ""
    ) -> None:
        finished = len(self.results) + len(self.failures)
        self.progress(Report(job, outcome, finished, self.total, result, error))


@dataclass(eq=False)
class _Worker:
    """A process, our end of the pipe to it, and the job that it works on."""

    process: BaseProcess
    connection: Connection
    job: Job

    def give(self, job: Job) -> None:
        """Send the next job; a process that has just died is noticed when its pipe is read."""
        self.job = job
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def wait_for_end(self) -> None:
        """Wait until the process has ended; kill it after ``_SECONDS_TO_END``."""
        self.process.join(_SECONDS_TO_END)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _Pool:
    """Worker processes; a context, so that none outlives it."""

    def __init__(self, function: JobFunction, threads: int) -> None:
        self.function = function
        self.threads = threads
        self.workers: list[_Worker] = []

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.wait_for_end()
            worker.connection.close()

    def run(self, jobs: Sequence[Job], count: int, collected: _Collected) -> None:
        """Work through all jobs, ``count`` at a time."""
        waiting = deque(jobs)
        while waiting and len(self.workers) < count:
            self._start(waiting.popleft())
        while self.workers:
            ready = wait([worker.connection for worker in self.workers])
            for worker in [worker for worker in self.workers if worker.connection in ready]:
                if not self._collect(worker, collected):
                    self._retire(worker)
                    if waiting:
                        self._start(waiting.popleft())
                elif waiting:
                    worker.give(waiting.popleft())
                else:
                    self._retire(worker)

    def _start(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.function, self.threads), daemon=True)
        with _thread_variables(self.threads):
            process.start()
        theirs.close()
        worker = _Worker(process, ours, job)
        self.workers.append(worker)
        worker.give(job)

    def _collect(self, worker: _Worker, collected: _Collected) -> bool:
        """Take what a worker sent. False where it died."""
        try:
            succeeded, text = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(_SECONDS_TO_END)
            collected.failed(worker.job, _how_it_died(worker.process.exitcode))
            return False
        if succeeded:
            collected.done(worker.job, text)
        else:
            collected.failed(worker.job, text)
        return True

    def _retire(self, worker: _Worker) -> None:
        self.workers.remove(worker)
        worker.connection.close()  # which a process that waits for a job takes as its end
        worker.wait_for_end()


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        memory = "; signal 9 is often a lack of memory: try fewer --processes" if code == -9 else ""
        return f"its process was ended by signal {-code}{memory}"
    return f"its process ended with exit code {code} before the job was done"


@contextlib.contextmanager
def _thread_variables(threads: int) -> Iterator[None]:
    """The environment in which a process that starts now will load torch with so many threads."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# In the worker's process


def _work(connection: Connection, function: JobFunction, threads: int) -> None:
    _end_with_the_parent()
    if "torch" in sys.modules:  # whatever set the threads while it was loaded
        sys.modules["torch"].set_num_threads(threads)
    with contextlib.suppress(EOFError, OSError):  # the parent closed the pipe: nothing is left to do
        while True:
            connection.send(_answer(connection.recv(), function))


def _answer(job: Job, function: JobFunction) -> tuple[bool, str]:
    """Whether the job succeeded, and its result as JSON or why not."""
    try:
        return True, json.dumps(function(job))
    except PcmsnError as error:
        return False, str(error)
    except Exception:
        return False, traceback.format_exc()


def _end_with_the_parent() -> None:
    """Leave Ctrl-C to the parent, which ends this process; end by ourselves when the parent was killed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
