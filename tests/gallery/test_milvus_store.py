"""Galleries on a real Milvus server: the same answers as a gallery file, and what happens when things break."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from milvus_server import TOKEN, RunningMilvus, Wire
from PIL import Image
from stand_in_embedder import StandInEmbedder

from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.milvus.connection import MilvusConnection
from pcmsn.gallery.milvus.filters import from_stored, quoted, to_stored
from pcmsn.gallery.milvus.location import parse_milvus_location
from pcmsn.gallery.milvus.rows import fitting_jpeg
from pcmsn.gallery.milvus.schema import codes_collection
from pcmsn.gallery.milvus.store import MilvusStore
from pcmsn.gallery.records import EmbeddedPhoto, PhotoRecord, Queries
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import GalleryStore, SearchMode, SearchSettings

LABELS = [
    "",
    'double "quoted"',
    "it's",
    "back\\slash",
    "\\",
    '\\"',
    "größe 漢字 😀",
    '" or label != "',
    '"] or photo_id != "',
    "new\nline\ttab",
    "{label}",
    "%",
    "nul\0ul",
]
EMBEDDER = StandInEmbedder()


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCMSN_MILVUS_TOKEN", TOKEN)


def made(photo_id: str, vector: np.ndarray, label: str = "") -> EmbeddedPhoto:
    record = PhotoRecord(
        photo_id=photo_id,
        path=f"/photos/{photo_id}.png",
        content_hash="0" * 64,
        size=1,
        modified_ns=1,
        label=label,
        width=8,
        height=8,
    )
    vector = vector.astype(np.float32)
    return EmbeddedPhoto(record, vector, np.packbits(vector > vector.mean()), b"jpeg of " + photo_id.encode())


def some(count: int, seed: int = 0, label: str = "") -> list[EmbeddedPhoto]:
    generator = np.random.default_rng(seed)
    return [made(f"{seed:02d}{place:030d}", generator.normal(size=64), label) for place in range(count)]


def queries_of(vectors: np.ndarray) -> Queries:
    vectors = vectors.astype(np.float32)
    return Queries(vectors, np.packbits(vectors > vectors.mean(axis=1, keepdims=True), axis=1))


def ids(store: GalleryStore) -> list[str]:
    return sorted(file.photo_id for file in store.known_files())


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[EmbeddedPhoto, ...]:
    """Pictures under all the labels, a third of them alike, and one whose name is no valid text."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    sources = []
    for place in range(5 * len(LABELS)):
        pixels = generator.integers(0, 256, (24, 24, 3)) if place % 3 else np.full((24, 24, 3), 100)
        path = folder / (f"{place}.png" if place else "caf\udce9.png")
        Image.fromarray(pixels.astype(np.uint8)).save(path, "PNG")
        sources.append(PhotoSource(path, LABELS[place % len(LABELS)]))
    return EMBEDDER.embed_photos(sources).photos


@pytest.fixture(scope="module")
def stores(
    milvus: RunningMilvus, photos: tuple[EmbeddedPhoto, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MilvusStore, SqliteStore]]:
    """The same photos on the server and in a file; tests leave both as they are."""
    file = tmp_path_factory.mktemp("sqlite") / "photos.gallery"
    with (
        MilvusStore.open(milvus.location(), identity=EMBEDDER.identity, writable=True, token=TOKEN) as server,
        SqliteStore.open(str(file), identity=EMBEDDER.identity, writable=True) as local,
    ):
        for store in (server, local):
            store.upsert(photos[:40])
            store.upsert(photos[40:])
        yield server, local


@pytest.fixture(scope="module")
def scratch(milvus: RunningMilvus) -> Iterator[MilvusStore]:
    """A gallery that tests may change."""
    with MilvusStore.open(milvus.location(), identity=EMBEDDER.identity, writable=True, token=TOKEN) as store:
        yield store


@pytest.fixture
def empty(scratch: MilvusStore) -> MilvusStore:
    scratch.delete(ids(scratch))
    return scratch


@pytest.mark.parametrize("mode", ["exact", "shortlist"])
@pytest.mark.parametrize("label", [None, *LABELS, "nobody's", '" or 1 == 1 or label == "'])
def test_server_and_file_find_the_same(
    stores: tuple[MilvusStore, SqliteStore], photos: tuple[EmbeddedPhoto, ...], mode: SearchMode, label: str | None
) -> None:
    server, local = stores
    queries = queries_of(np.stack([photos[0].vector, photos[1].vector, photos[7].vector + 0.01]))
    for k in (1, 4, len(photos) + 1):
        settings = SearchSettings(k=k, label=label, mode=mode)
        found = server.search(queries, settings)
        assert found == local.search(queries, settings)
        assert label is None or all(hit.photo.label == label for hits in found for hit in hits)
    assert bool(found[0]) == (label is None or label in LABELS)


def test_server_and_file_know_the_same_of_the_photos(
    stores: tuple[MilvusStore, SqliteStore], photos: tuple[EmbeddedPhoto, ...]
) -> None:
    server, local = stores
    assert len(server) == len(local) == len(photos)
    assert server.identity == local.identity
    assert sorted(server.known_files()) == sorted(local.known_files())
    assert list(server.labels().items()) == list(local.labels().items())
    assert [server.count(label) for label in (None, *LABELS, "nobody's")] == [
        local.count(label) for label in (None, *LABELS, "nobody's")
    ]
    assert server.photos(offset=3, limit=9) == local.photos(offset=3, limit=9)
    assert server.photos(label=LABELS[1], limit=3) == local.photos(label=LABELS[1], limit=3)
    for photo in photos:
        assert server.photo(photo.record.photo_id) == photo.record
        assert server.thumbnail(photo.record.photo_id) == photo.thumbnail
    assert server.photo('" or photo_id != "') is None
    assert server.thumbnail("nobody") is None


def test_a_reader_that_opens_later_sees_everything_and_changes_nothing(
    stores: tuple[MilvusStore, SqliteStore], photos: tuple[EmbeddedPhoto, ...]
) -> None:
    with MilvusStore.open(stores[0].location) as reader:
        assert reader.identity == EMBEDDER.identity
        assert len(reader) == len(photos)
        with pytest.raises(GalleryError, match="is open for searching only; open it with writable=True"):
            reader.upsert(photos[:1])
        with pytest.raises(GalleryError, match="is open for searching only"):
            reader.delete([photos[0].record.photo_id])


def test_photos_at_the_same_distance_are_ordered_by_id_however_many_tie_at_the_cut(empty: MilvusStore) -> None:
    vector = np.linspace(0, 1, 64)
    empty.upsert([made(f"{place:032d}", vector) for place in np.random.default_rng(0).permutation(200)])
    (hits,) = empty.search(queries_of(vector[None] + 1), SearchSettings(k=3))
    assert [hit.photo.photo_id for hit in hits] == [f"{place:032d}" for place in range(3)]


def test_distances_of_nearly_equal_long_vectors_do_not_cancel(empty: MilvusStore) -> None:
    base = np.random.default_rng(0).normal(size=64).astype(np.float32) * 1000
    photos = [made(f"{place:032d}", base + np.float32(0.001 * place)) for place in range(40)]
    empty.upsert(photos)
    (hits,) = empty.search(queries_of(base[None]), SearchSettings(k=40))
    truth = {photo.record.photo_id: np.linalg.norm(photo.vector.astype(np.float64) - base) for photo in photos}
    assert len(hits) == 40
    for hit in hits:
        assert hit.distance == pytest.approx(truth[hit.photo.photo_id], rel=1e-5)


def test_a_photo_is_there_once_however_often_it_is_written(empty: MilvusStore) -> None:
    first, other = some(1, seed=1), some(1, seed=2)
    twice = replace(first[0].record, label="second")
    again = EmbeddedPhoto(twice, other[0].vector, other[0].code, b"second")
    empty.upsert([*first, again])
    for _ in range(3):
        empty.upsert([again])
    assert len(empty) == 1
    (hits,) = empty.search(queries_of(other[0].vector[None]), SearchSettings(k=5))
    assert [(hit.photo, hit.distance) for hit in hits] == [(twice, 0.0)]
    assert empty.thumbnail(twice.photo_id) == b"second"


def test_every_change_is_seen_by_the_next_read(empty: MilvusStore) -> None:
    photos = some(6, label="old")
    empty.upsert(photos)
    empty.relabel([(photos[0].record.photo_id, 'new "label"'), ("nobody", "x")])
    assert empty.labels() == {'new "label"': 1, "old": 5}
    for mode in ("exact", "shortlist"):
        (hits,) = empty.search(queries_of(photos[0].vector[None]), SearchSettings(label='new "label"', mode=mode))
        assert [(hit.photo.photo_id, hit.distance) for hit in hits] == [(photos[0].record.photo_id, 0.0)]
    assert empty.thumbnail(photos[0].record.photo_id) == photos[0].thumbnail
    empty.touch([file._replace(size=7, modified_ns=8) for file in empty.known_files()])
    assert {(file.size, file.modified_ns) for file in empty.known_files()} == {(7, 8)}
    for photo in photos[:3]:
        assert empty.delete([photo.record.photo_id, photo.record.photo_id, "nobody"]) == 1
        assert empty.photo(photo.record.photo_id) is None
    assert ids(empty) == [photo.record.photo_id for photo in photos[3:]]
    (hits,) = empty.search(queries_of(photos[0].vector[None]), SearchSettings(mode="shortlist"))
    assert len(hits) == 3


def test_known_files_come_once_each_over_many_pages(empty: MilvusStore) -> None:
    photos = some(100)
    for start in range(0, 100, 10):
        empty.upsert(photos[start : start + 10])
    connection = MilvusConnection(parse_milvus_location(empty.location))
    connection.call("flush", connection.location.collection)
    empty.upsert(photos[:30])
    empty.delete([photo.record.photo_id for photo in photos[50:60]])
    found = [row["photo_id"] for row in empty._truth.rows("", ["path"], at_a_time=7)]
    assert found == [photo.record.photo_id for photo in photos[:50] + photos[60:]]
    connection.close()


KILLED = """
import os, signal, sys
from pcmsn.gallery.milvus.store import MilvusStore
sys.path.insert(0, sys.argv[2])
from test_milvus_store import EMBEDDER, some
store = MilvusStore.open(sys.argv[1], identity=EMBEDDER.identity, writable=True)
store._truth.{method} = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
store.upsert(some(5))
"""


def test_a_client_killed_between_its_two_writes_leaves_no_photo_half_there(empty: MilvusStore) -> None:
    code = KILLED.format(method="upsert")
    done = subprocess.run(
        [sys.executable, "-c", code, empty.location, str(Path(__file__).parent)],
        env=os.environ,
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    photos, query = some(5), queries_of(some(1)[0].vector[None])
    assert len(empty) == 0
    assert empty.search(query, SearchSettings(mode="shortlist")) == [[]]
    assert empty.thumbnail(photos[0].record.photo_id) is None
    empty.upsert(photos)
    assert ids(empty) == [photo.record.photo_id for photo in photos]
    for mode in ("exact", "shortlist"):
        assert len(empty.search(query, SearchSettings(mode=mode))[0]) == 5


def test_a_writer_waits_for_a_server_that_comes_back(milvus: RunningMilvus, empty: MilvusStore) -> None:
    wire = Wire(milvus.port)
    location = empty.location.replace(f":{milvus.port}/", f":{wire.port}/")
    with MilvusStore.open(location, writable=True, patience=20) as store:
        store.upsert(some(3))
        wire.cut()
        threading.Timer(1.0, wire.mend).start()
        store.upsert(some(6))
        assert len(store) == 6
    wire.cut()
    assert len(empty._truth.of_ids([photo.record.photo_id for photo in some(6)], [])) == 6


def test_a_server_that_stays_away_is_an_error_after_which_the_store_goes_on(
    milvus: RunningMilvus, empty: MilvusStore
) -> None:
    wire = Wire(milvus.port)
    location = empty.location.replace(f":{milvus.port}/", f":{wire.port}/")
    with MilvusStore.open(location, writable=True, patience=1.5) as store:
        wire.cut()
        with pytest.raises(GalleryError, match=f"server 127.0.0.1:{wire.port} gave no answer to upsert for 1.5 sec"):
            store.upsert(some(2))
        wire.mend()
        store.upsert(some(2))
        assert len(store) == 2
    wire.cut()


def test_an_address_without_a_server_is_an_error() -> None:
    expected = r"server 127\.0\.0\.1:1 gave no answer to connect for 1 seconds; check that it runs, that host and port"
    with pytest.raises(GalleryError, match=expected):
        MilvusStore.open("milvus://127.0.0.1:1/photos", patience=1)


def test_an_open_connection_without_tls_is_not_taken_for_one_with_it(
    stores: tuple[MilvusStore, SqliteStore], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    location = stores[0].location.replace("milvus://", "milvuss://")
    with pytest.raises(GalleryError, match="gave no answer to connect .* use milvus:// if the server has no TLS"):
        MilvusStore.open(location, patience=1)
    monkeypatch.setenv("PCMSN_MILVUS_CA", str(tmp_path / "none.pem"))
    with pytest.raises(GalleryError, match=r"no file .*none\.pem, which PCMSN_MILVUS_CA names; set it to the PEM file"):
        MilvusStore.open(location, patience=1)


def test_a_photo_that_another_process_writes_is_counted_at_once(empty: MilvusStore) -> None:
    with MilvusStore.open(empty.location, writable=True) as other:
        for count in range(1, 4):
            other.upsert(some(count))
            assert len(empty) == count
            other.upsert(some(count))
            assert len(ids(empty)) == count


@pytest.mark.parametrize("token", ["root:wrong", "some-key", ""])
def test_a_refused_token_is_an_error_at_once_and_is_not_shown(milvus: RunningMilvus, token: str) -> None:
    expected = rf"{milvus.port} refuses .*PCMSN_MILVUS_TOKEN; set PCMSN_MILVUS_TOKEN to user:password or an API key"
    with pytest.raises(GalleryError, match=expected) as caught:
        MilvusStore.open(milvus.location(), token=token, patience=60)
    assert not token or token not in str(caught.value)


def test_a_gallery_of_another_model_or_none_at_all_is_refused(
    stores: tuple[MilvusStore, SqliteStore], milvus: RunningMilvus
) -> None:
    other = replace(StandInEmbedder("b" * 64).identity, name="another", run="/runs/another")
    expected = r"was made by another model: stand-in \(a{12}, run /runs/stand-in\), got another \(b{12}, run /runs/ano"
    with pytest.raises(GalleryError, match=expected):
        MilvusStore.open(stores[0].location, identity=other, writable=True)
    with pytest.raises(GalleryError, match="no gallery at milvus://.*; make one: pcmsn index PHOTOS --run RUN --gal"):
        MilvusStore.open(milvus.location(), identity=EMBEDDER.identity)
    with pytest.raises(GalleryError, match="no gallery at milvus://"):
        MilvusStore.open(milvus.location(), writable=True)
    codes = codes_collection(parse_milvus_location(stores[0].location).collection, EMBEDDER.identity.fingerprint)
    with pytest.raises(GalleryError, match="is no gallery: the collection was not made by pcmsn index"):
        MilvusStore.open(f"milvus://127.0.0.1:{milvus.port}/{codes}")
    with pytest.raises(GalleryError, match="was made with index=flat, asked for was index=hnsw"):
        MilvusStore.open(f"{stores[0].location}?index=hnsw")


def test_vectors_and_queries_of_another_model_are_refused(stores: tuple[MilvusStore, SqliteStore]) -> None:
    short = made("0", np.zeros(32))
    with pytest.raises(GalleryError, match="keeps vectors of 64 values and codes of 8 bytes"):
        stores[0].upsert([short])
    with pytest.raises(GalleryError, match="its vector is not finite"):
        stores[0].upsert([made("0", np.full(64, np.nan))])
    with pytest.raises(GalleryError, match="is searched by vectors of 64 values"):
        stores[0].search(Queries(short.vector[None], short.code[None]), SearchSettings())
    with pytest.raises(GalleryError, match="finds at most 16,384 photos at a time, got k = 16385"):
        stores[0].search(queries_of(np.zeros((1, 64))), SearchSettings(k=16_385))


def test_a_making_that_was_stopped_is_finished_by_the_next(milvus: RunningMilvus) -> None:
    location = milvus.location()
    code = f"""
import os, signal
from pcmsn.gallery.milvus.connection import MilvusConnection
from pcmsn.gallery.milvus.store import MilvusStore
from stand_in_embedder import StandInEmbedder
calls = MilvusConnection.call
def call(self, method, *given, **options):
    answer = calls(self, method, *given, **options)
    if method == os.environ["KILL_AFTER"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
MilvusConnection.call = call
MilvusStore.open({location!r}, identity=StandInEmbedder().identity, writable=True)
"""
    for method in ("create_collection", "create_index"):
        environment = {**os.environ, "KILL_AFTER": method, "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, check=False, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with MilvusStore.open(location, identity=EMBEDDER.identity, writable=True) as store:
        store.upsert(some(3))
        for mode in ("exact", "shortlist"):
            assert len(store.search(queries_of(some(1)[0].vector[None]), SearchSettings(mode=mode))[0]) == 3


def test_of_two_models_that_make_a_gallery_at_once_one_wins(milvus: RunningMilvus) -> None:
    location = milvus.location()
    outcomes: dict[str, str] = {}
    start = threading.Barrier(4)

    def make(name: str, fingerprint: str) -> None:
        start.wait()
        try:
            with MilvusStore.open(location, identity=StandInEmbedder(fingerprint).identity, writable=True) as store:
                outcomes[name] = store.identity.fingerprint
        except GalleryError as error:
            outcomes[name] = str(error)

    makers = [
        threading.Thread(target=make, args=(f"{letter}{place}", letter * 64)) for letter in "ab" for place in "12"
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    with MilvusStore.open(location) as store:
        winner = store.identity.fingerprint
    for name, outcome in outcomes.items():
        assert outcome == winner if name[0] == winner[0] else "was made by another model" in outcome


def test_a_graph_finds_the_nearest_and_says_what_it_can_not_do(
    milvus: RunningMilvus, stores: tuple[MilvusStore, SqliteStore]
) -> None:
    photos = some(300)
    query = queries_of(photos[7].vector[None])
    with MilvusStore.open(milvus.location(query="?index=hnsw"), identity=EMBEDDER.identity, writable=True) as store:
        store.upsert(photos)
        (hits,) = store.search(query, SearchSettings(k=3, mode="approximate"))
        assert (hits[0].photo, hits[0].distance) == (photos[7].record, 0.0)
        assert store.search(query, SearchSettings(k=3, mode="shortlist")) == [hits]
        assert store.modes == ("approximate", "shortlist") and stores[0].modes == ("exact", "shortlist")
        with pytest.raises(
            GalleryError, match=r"approximate search \(index=hnsw\) and has no exact one; search in mode"
        ):
            store.search(query, SearchSettings())
        with MilvusStore.open(store.location.partition("?")[0]) as again:
            assert again.search(query, SearchSettings(k=3, mode="approximate")) == [hits]
    with pytest.raises(GalleryError, match=r"\(index=flat\) and has no approximate search; search in mode exact"):
        stores[0].search(query, SearchSettings(mode="approximate"))


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("milvus://root:secret@host/photos", "a Milvus location is printed, so it must not hold a password"),
        ("milvus://host", "names the collection ''; expected 1 to 200 letters, digits and _"),
        ("milvus://host/a/b", "names the collection 'a/b'"),
        ("milvus://host/1a", "names the collection '1a'"),
        ("milvus://host:port/a", "is no Milvus location"),
        ("milvus:///a", "is no Milvus location; write for example milvus://localhost:19530/photos"),
        ("milvus://host/a?index=ivf", "asks for the index 'ivf'; expected index=flat or index=hnsw"),
        ("milvus://host/a?replicas=2", "has the unknown setting 'replicas'"),
    ],
)
def test_a_wrong_location_says_how_it_is_written(location: str, message: str) -> None:
    with pytest.raises(GalleryError) as caught:
        parse_milvus_location(location)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_location_has_a_default_port_and_says_whether_it_is_encrypted() -> None:
    parsed = parse_milvus_location("milvuss://gallery.example/photos?index=hnsw")
    assert (parsed.uri, parsed.collection, parsed.index) == ("https://gallery.example:19530", "photos", "hnsw")
    assert parse_milvus_location("milvus://[::1]:5/a").uri == "http://[::1]:5"


@pytest.mark.parametrize("text", [*LABELS, "caf\udce9", "\udce9\0", "\x00dce9", "\ud83d", "plain"])
def test_every_text_survives_storing_and_quoting(text: str) -> None:
    stored = to_stored(text)
    stored.encode("utf-8")
    assert from_stored(stored) == text
    literal = quoted(text)
    assert json.JSONDecoder().raw_decode(literal + ' or label != ""') == (stored, len(literal))


def test_a_thumbnail_that_is_too_long_is_kept_in_a_lower_quality() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    written = BytesIO()
    Image.fromarray(noise).save(written, "JPEG", quality=95)
    fitting = fitting_jpeg(written.getvalue())
    assert len(written.getvalue()) > 49_000 >= len(fitting)
    assert Image.open(BytesIO(fitting)).size == (256, 256)
    assert fitting_jpeg(fitting) == fitting
