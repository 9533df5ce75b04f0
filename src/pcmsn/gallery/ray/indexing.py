"""Indexing on a Ray cluster: every node runs the model on some of the photos, and a lost node's share is done again.

Into a gallery on a Milvus server each worker writes what it embedded; into a gallery file this process writes alone.
Both writes can be repeated, so a photo that a lost node had already written is in the gallery once.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pcmsn.errors import GalleryError, PcmsnError
from pcmsn.gallery.embedder import Embedder, PhotoSource
from pcmsn.gallery.indexing import Intake, change_known
from pcmsn.gallery.loading import load_embedder
from pcmsn.gallery.milvus.location import TOKEN_VARIABLE, is_milvus_location
from pcmsn.gallery.opening import open_store
from pcmsn.gallery.planning import IndexPlan, IndexReport, Progress
from pcmsn.gallery.ray.worker import EmbeddingWorker, outcome_of, row_of_source
from pcmsn.gallery.records import EmbeddedPhoto, PhotoRecord
from pcmsn.gallery.store import GalleryStore

PHOTOS_A_BATCH = 64
"""Photos that a worker embeds at a time; a lost node's batches are done again."""

_MOST_BLOCKS = 4096
_SECONDS_TO_CONNECT = 5.0


def index_with_ray(
    plan: IndexPlan,
    *,
    run: Path,
    location: str,
    address: str,
    device: str = "auto",
    backbone: str | None = None,
    batch_size: int = PHOTOS_A_BATCH,
    progress: Progress | None = None,
    embedder: Callable[[], Embedder] | None = None,
) -> IndexReport:
    """Carry out a plan on the cluster at ``HOST:PORT``, on this machine's (``auto``), or on a new one here (``local``).

    The gallery must be there. Run folder, extractors and photos must be at the same paths on every node. ``embedder``
    makes the model on a node, by default that of ``run``. A worker has one GPU where the cluster has GPUs and
    ``device`` allows them, else one CPU core. A cluster that this process is connected to already is used instead of
    ``address``.
    Raises GalleryError for a cluster out of reach, a node with another model, and a gallery that cannot take it.
    """
    started = time.monotonic()
    make = embedder or partial(load_embedder, run, device=device, backbone=backbone)
    with open_store(location, writable=True) as store, _connected(address) as ray:
        removed = change_known(plan, store)
        intake = Intake(plan, store, progress)
        if plan.to_embed:
            _embed(ray, plan.to_embed, intake, _worker_options(ray, store, make, device), batch_size)
    return intake.report(removed=removed, seconds=time.monotonic() - started)


def _embed(ray: Any, sources: Sequence[PhotoSource], intake: Intake, options: dict[str, Any], batch_size: int) -> None:
    """Stream the photos through the workers and take in what comes back, in any order."""
    blocks = min(-(-len(sources) // batch_size), _MOST_BLOCKS)
    rows = ray.data.from_items([row_of_source(source) for source in sources], override_num_blocks=blocks)
    embedded = rows.map_batches(EmbeddingWorker, batch_size=batch_size, batch_format="pyarrow", **options)
    try:
        for table in embedded.iter_batches(batch_size=None, batch_format="pyarrow"):
            for row in table.to_pylist():
                _take_in(row, intake)
            intake.end_batch()
    except ray.exceptions.RayError as error:
        raise _in_words(error) from error
    finally:
        intake.commit()


def _take_in(row: dict[str, Any], intake: Intake) -> None:
    """Take in a row that a worker answered with."""
    outcome = outcome_of(row)
    if isinstance(outcome, EmbeddedPhoto):
        intake.add(outcome)
    elif isinstance(outcome, PhotoRecord):
        intake.count(outcome.photo_id)
    else:
        intake.leave_out(*outcome)


def _worker_options(ray: Any, store: GalleryStore, make: Callable[[], Embedder], device: str) -> dict[str, Any]:
    resources = ray.cluster_resources()
    gpus, cores = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
    on_gpu = gpus > 0 and device != "cpu"
    served = is_milvus_location(store.location)
    # The token goes to the workers in memory; an environment variable of the cluster would show in Ray's own lists.
    token = os.environ.get(TOKEN_VARIABLE) if served else None
    return {
        "fn_constructor_kwargs": {
            "make": make,
            "fingerprint": store.identity.fingerprint,
            "location": store.location if served else None,
            "token": token,
        },
        "compute": ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, gpus if on_gpu else cores)),
        **({"num_gpus": 1} if on_gpu else {"num_cpus": 1}),
    }


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """The Ray library, connected. Raises GalleryError where it is not installed and for a cluster out of reach."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise GalleryError(
            f"indexing on a cluster needs the package ray ({error}); run: pip install 'pcmsn[ray]'"
        ) from error
    library: Any = ray
    if library.is_initialized():
        yield library
        return
    _refuse_unreachable(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        library.init(address=address, **quiet, **({"include_dashboard": False} if address == "local" else {}))
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise _unreachable(address, str(error).strip().partition("\n")[0]) from error
    try:
        library.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield library
    finally:
        library.shutdown()


def _refuse_unreachable(address: str) -> None:
    """Raise GalleryError unless something listens at a ``HOST:PORT``; Ray itself would try for minutes."""
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise GalleryError(f"{address!r} is no address of a Ray cluster; expected HOST:PORT, auto or local")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(error)) from error


def _unreachable(address: str, reason: str) -> GalleryError:
    return GalleryError(
        f"no Ray cluster answers at {address} ({reason}); start one on the first machine with: ray start --head "
        "--port 6379, and pass its HOST:6379"
    )


def _in_words(error: BaseException) -> GalleryError:
    """The worker's own error, where one of ours is behind what Ray reports."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PcmsnError):
            return GalleryError(str(getattr(cause, "cause", None) or cause).strip().splitlines()[-1])
        cause = cause.__cause__ or getattr(cause, "cause", None)
    return GalleryError(
        f"the Ray cluster stopped: {str(error).strip().splitlines()[-1]}; what was embedded is kept. Run the same "
        "command again to continue"
    )
