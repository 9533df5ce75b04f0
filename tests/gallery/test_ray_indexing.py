"""Indexing on a Ray cluster of two nodes on this machine, one of which is lost in the middle."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from milvus_server import TOKEN, RunningMilvus
from PIL import Image
from slow_embedder import SlowEmbedder
from stand_in_embedder import StandInEmbedder

from pcmsn.errors import GalleryError
from pcmsn.gallery.indexing import index_photos
from pcmsn.gallery.milvus.store import MilvusStore
from pcmsn.gallery.planning import IndexPlan, IndexReport, label_from_folder, plan
from pcmsn.gallery.ray.indexing import index_with_ray
from pcmsn.gallery.records import Hit
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import GalleryStore, SearchSettings

HOST = "127.0.0.2"  # of this machine alone; Ray takes 127.0.0.1 for the address of the network card
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000, "node_ip_address": HOST}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster with one node of one core; tests add others."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="ray") as folder:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_TMPDIR", folder)  # short: the paths of sockets have at most 107 bytes
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        import ray
        from ray.cluster_utils import Cluster

        noticed_soon = {"health_check_period_ms": 500, "health_check_failure_threshold": 2}
        head = {**NODE, "include_dashboard": False, "_system_config": noticed_soon}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            ray.init(address=cluster.address, _node_ip_address=HOST, log_to_driver=False, logging_level="ERROR")
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of three labels, one that cannot be read, one whose name is no valid text."""
    generator = np.random.default_rng(0)
    for place in range(45):
        path = tmp_path / "photos" / ("ant", 'b"e', "größe")[place % 3] / (f"{place}.png" if place else "caf\udce9.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(path, "PNG")
    (tmp_path / "photos" / "ant" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "photos"


def planned(folder: Path, store: GalleryStore) -> IndexPlan:
    return plan([folder], store, label_of=label_from_folder, prune=True)


def contents(store: GalleryStore, folder: Path) -> tuple[list[object], list[list[Hit]], list[bytes | None]]:
    """All that is in a gallery: what it knows of the files, their order for a query, and their thumbnails."""
    known = sorted(store.known_files())
    queries = StandInEmbedder().embed_sketches([Image.open(folder / "ant" / "3.png")])
    hits = [store.search(queries, SearchSettings(k=1000, mode=mode))[0] for mode in ("exact", "shortlist")]
    return known, hits, [store.thumbnail(file.photo_id) for file in known]


@pytest.fixture
def plain(folder: Path, tmp_path: Path) -> Iterator[tuple[SqliteStore, IndexReport]]:
    """What the command without a cluster makes of the photos."""
    with SqliteStore.open(str(tmp_path / "plain"), identity=StandInEmbedder().identity, writable=True) as store:
        yield store, index_photos(planned(folder, store), store, StandInEmbedder())


def test_a_node_lost_in_the_middle_leaves_the_gallery_as_the_plain_command_makes_it(
    cluster: Any,
    milvus: RunningMilvus,
    folder: Path,
    tmp_path: Path,
    plain: tuple[SqliteStore, IndexReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PCMSN_MILVUS_TOKEN", TOKEN)
    node, notes, lost = cluster.add_node(**NODE), tmp_path / "notes", []
    notes.mkdir()

    def lose_the_second_node(stage: str, done: int, total: int, detail: str) -> None:
        if not lost and len(list(notes.iterdir())) == 2:
            cluster.remove_node(node, allow_graceful=False)
            lost.append(done)

    with MilvusStore.open(milvus.location(), identity=StandInEmbedder().identity, writable=True) as store:
        report = index_with_ray(
            planned(folder, store),
            run=tmp_path,
            location=store.location,
            address="auto",
            batch_size=3,
            progress=lose_the_second_node,
            embedder=partial(SlowEmbedder, 0.25, notes),
        )
        assert lost
        assert lost[0] < 45
        assert len(store) == 45
        with MilvusStore.open(store.location) as reader:
            assert contents(reader, folder) == contents(plain[0], folder)
    assert (report.added, report.updated) == (plain[1].added, plain[1].updated) == (45, 0)
    assert report.unreadable == plain[1].unreadable


def test_a_gallery_file_is_written_by_this_process_alone_and_takes_up_changes(
    cluster: Any, folder: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    files = {}
    for name in ("cluster", "plain"):
        files[name] = str(tmp_path / f"{name}.gallery")
        SqliteStore.open(files[name], identity=StandInEmbedder().identity, writable=True).close()

    def index(name: str) -> IndexReport:
        store = SqliteStore.open(files[name], writable=name == "plain")
        todo = planned(folder, store)
        if name == "plain":
            report = index_photos(todo, store, StandInEmbedder())
        else:
            options = {"run": tmp_path, "address": "auto", "embedder": partial(SlowEmbedder, 0.0, notes)}
            report = index_with_ray(todo, location=files[name], **options)
        assert contents(store, folder)[0]
        store.close()
        return report

    first = [index(name) for name in files]
    (folder / "ant" / "3.png").write_bytes((folder / "ant" / "6.png").read_bytes())
    os.utime(folder / "ant" / "6.png", ns=(1, 1))
    (folder / "ant" / "9.png").rename(folder / "größe" / "new.png")
    second = [index(name) for name in files]
    for cluster_report, plain_report in (first, second):
        for name in ("added", "updated", "unchanged", "relabelled", "removed", "missing", "skipped", "unreadable"):
            assert getattr(cluster_report, name) == getattr(plain_report, name), name
    assert (second[0].added, second[0].updated, second[0].removed) == (1, 1, 1)
    with SqliteStore.open(files["cluster"]) as one, SqliteStore.open(files["plain"]) as other:
        assert contents(one, folder) == contents(other, folder)


def test_a_node_with_another_model_is_refused(cluster: Any, folder: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "photos.gallery")
    with SqliteStore.open(file, identity=StandInEmbedder().identity, writable=True) as store:
        todo = planned(folder, store)
    other = partial(SlowEmbedder, 0.0, tmp_path, "b" * 64)
    with pytest.raises(GalleryError, match=r"a node has another model \(stand-in, b{12}\) than the gallery \(a{12}\)"):
        index_with_ray(todo, run=tmp_path, location=file, address="auto", embedder=other)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "127.0.0.1:1",
            r"no Ray cluster answers at 127\.0\.0\.1:1 \(.*\); start one on the first machine with: ray sta",
        ),
        ("somewhere", "'somewhere' is no address of a Ray cluster; expected HOST:PORT, auto or local"),
        ("ray://host:1", "is no address of a Ray cluster"),
    ],
)
def test_an_address_without_a_cluster_is_an_error(
    tmp_path: Path, address: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    file = str(tmp_path / "photos.gallery")
    SqliteStore.open(file, identity=StandInEmbedder().identity, writable=True).close()
    with pytest.raises(GalleryError, match=message):
        index_with_ray(IndexPlan(), run=tmp_path, location=file, address=address)
