"""How much may be asked: rates, queues, bodies on their way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from shape_gallery import PAGE, ROOMY, bar, client_of, open_gallery, png, post

from pcmsn.gallery.records import PhotoRecord
from pcmsn.gallery.store import SearchSettings
from pcmsn.serve import services
from pcmsn.serve.photo_file import PhotoFile, open_photo
from pcmsn.serve.rate_limit import RateLimit, client_key
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.searching import SearchDesk
from pcmsn.serve.settings import Limits, ServeSettings
from pcmsn.serve.uploads import Uploads


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_what_it_holds_and_refills_with_time() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock=clock)
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b") == 0
    clock.now = 0.5
    assert limit.wait("a") == 0 and limit.wait("a") == pytest.approx(0.5)
    clock.now = 1000
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_many_clients_do_not_fill_the_memory() -> None:
    limit = RateLimit(1, 1, remembered=10, clock=Clock())
    for number in range(1000):
        assert limit.wait(f"10.0.{number // 256}.{number % 256}") == 0
    assert len(limit) == 10


def test_one_ipv6_network_is_one_client() -> None:
    assert client_key("2001:db8:1:2::1") == client_key("2001:db8:1:2:ffff::9") != client_key("2001:db8:1:3::1")
    assert client_key("::ffff:10.0.0.1") == client_key("10.0.0.1") == "10.0.0.1"
    assert client_key("testclient") == "testclient"


def test_too_many_searches_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    limits = Limits(searches_at_once=2, searches_per_second=0.1)
    with open_gallery(tmp_path) as gallery, client_of(gallery, ServeSettings(limits=limits)) as client:
        answers = [post(client, png(bar(0))) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 10
        assert "too many requests from this address; try again in" in answers[2].json()["error"]
        assert client.get("/api/health").status_code == 200


def test_guessing_tokens_is_limited_too(tmp_path: Path) -> None:
    settings = ServeSettings(token="a-token-of-tests", limits=Limits(requests_at_once=5, requests_per_second=0.1))
    with open_gallery(tmp_path) as gallery, client_of(gallery, settings) as client:
        seen = [client.get("/api/health", headers={"authorization": f"Bearer {n}"}).status_code for n in range(7)]
        assert seen == [401] * 5 + [429] * 2


def test_when_workers_and_queue_are_full_the_next_search_is_sent_away(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery:
        free, embed = threading.Event(), gallery.embedder.embed_sketches

        def slowly(sketches: Any) -> Any:
            free.wait(10)
            return embed(sketches)

        gallery.embedder.embed_sketches = slowly
        desk = SearchDesk(gallery.store, gallery.embedder, Limits(workers=1, queue=1))

        async def three() -> list[Any]:
            def ask() -> Any:
                return desk.search(png(bar(0)), "whole", SearchSettings(k=1), wanted=lambda: True)

            waiting = [asyncio.create_task(ask()) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(RefusalError, match="more searches than it can do; try again in 1 s") as full:
                await ask()
            assert full.value.status == 503 and full.value.headers == {"retry-after": "1"}
            waiting[1].cancel()  # a client that left keeps its place until its turn
            await asyncio.sleep(0)
            free.set()
            found = await waiting[0]
            return [found, await ask()]

        assert [len(found.hits) for found in asyncio.run(three())] == [1, 1]
        desk.close()


def test_a_photo_too_many_to_convert_is_sent_away_and_its_file_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, free, opened = threading.Event(), threading.Event(), []

    def open_and_note(record: PhotoRecord) -> PhotoFile:
        opened.append(open_photo(record))
        return opened[-1]

    def convert_slowly(photo: PhotoFile) -> PhotoFile:
        started.set()
        free.wait(10)
        return photo

    monkeypatch.setattr(services, "MOST_CONVERSIONS", 1)
    monkeypatch.setattr(services, "open_photo", open_and_note)
    monkeypatch.setattr(services, "converted", convert_slowly)
    with open_gallery(tmp_path) as gallery:
        tiff = next(record for record in gallery.store.photos() if record.path.endswith(".tif"))
        served = services.Services(gallery.store, gallery.embedder, ROOMY, PAGE)

        async def two() -> PhotoFile:
            first = asyncio.create_task(served.photo_file(tiff))
            await asyncio.to_thread(started.wait, 10)
            with pytest.raises(RefusalError, match="more photos to convert than it can do; try again in 2 s"):
                await served.photo_file(tiff)
            free.set()
            return await first

        asyncio.run(two()).content.close()
        assert len(opened) == 2 and opened[1].content.closed
        served.close()


def test_a_search_that_nobody_waits_for_is_not_done(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery:
        desk = SearchDesk(gallery.store, gallery.embedder, ROOMY)
        with pytest.raises(RefusalError, match="given up"):
            asyncio.run(desk.search(png(bar(0)), "whole", SearchSettings(), wanted=lambda: False))
        desk.close()


HEADERS = {"content-type": "image/png"}


async def pieces_of(content: bytes, size: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        await asyncio.sleep(pause)
        yield content[start : start + size]


def test_a_body_is_cut_off_at_the_first_byte_too_many() -> None:
    uploads, seen = Uploads(Limits(upload_bytes=1000)), []

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in pieces_of(png(bar(0)) + bytes(100_000), 100):
            seen.append(len(piece))
            yield piece

    with pytest.raises(RefusalError, match="expected at most 1,000 bytes") as large:
        asyncio.run(uploads.read(HEADERS, pieces()))
    assert large.value.status == 413 and sum(seen) == 1100 and uploads.held == 0


def test_an_announced_length_above_the_limit_is_refused_before_a_byte_is_read() -> None:
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    with pytest.raises(RefusalError, match="at most 8 MiB"):
        asyncio.run(Uploads(Limits()).read({**HEADERS, "content-length": str(2**23 + 1)}, never()))


def test_a_body_that_drips_is_given_up() -> None:
    uploads = Uploads(Limits(body_seconds=0.1))
    with pytest.raises(RefusalError, match=r"did not arrive within 0\.1 s") as slow:
        asyncio.run(uploads.read(HEADERS, pieces_of(png(bar(0)), 1, pause=0.02)))
    assert slow.value.status == 408 and uploads.held == 0


def test_bodies_on_their_way_are_bounded_together() -> None:
    body = png(bar(0))
    uploads = Uploads(Limits(bodies_bytes=len(body) + 10))

    async def two() -> list[Any]:
        reads = [uploads.read(HEADERS, pieces_of(body, 20, pause=0.001)) for _ in range(2)]
        return await asyncio.gather(*reads, return_exceptions=True)

    results = asyncio.run(two())
    refused = [result for result in results if isinstance(result, RefusalError)]
    assert refused and all(error.status == 503 and "retry-after" in error.headers for error in refused)
    assert uploads.held == 0
    assert asyncio.run(uploads.read(HEADERS, pieces_of(body, 20))) == body


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(RefusalError, match="without Content-Encoding"):
        asyncio.run(Uploads(Limits()).read({**HEADERS, "content-encoding": "gzip"}, pieces_of(b"x", 1)))
