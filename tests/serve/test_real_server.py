"""uvicorn on a socket: slow and rude clients, many clients at once, an address that is taken."""

from __future__ import annotations

import http.client
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from shape_gallery import OpenedGallery, bar, open_gallery, png

from pcmsn.errors import ServerError
from pcmsn.serve.server import page_address, running, serve
from pcmsn.serve.settings import Limits, ServeSettings

IMPATIENT = Limits(header_seconds=0.4, body_seconds=0.4, requests_at_once=10_000, searches_at_once=10_000)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedGallery]:
    with open_gallery(tmp_path_factory.mktemp("real")) as gallery:
        yield gallery


@pytest.fixture(scope="module")
def port(gallery: OpenedGallery) -> Iterator[int]:
    with running(gallery, ServeSettings(port=0, limits=IMPATIENT)) as address:
        yield urlsplit(address).port or 0


Connect = Callable[[], socket.socket]


@pytest.fixture
def connect(port: int) -> Connect:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=10)


def all_of(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionError:
        pass
    return answer


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def search(port: int, content: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/api/search?k=3", content, {"content-type": "image/png"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_the_page_of_the_package_is_served_and_finds_photos(port: int) -> None:
    status, page = get(port, "/")
    assert status == 200 and b"<html" in page.lower()
    assert search(port, png(bar(0))) == 200


def test_a_client_that_sends_no_request_is_let_go(connect: Connect) -> None:
    with connect() as idle, connect() as begun:
        begun.sendall(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert all_of(idle) == b"" and all_of(begun) == b""


def test_a_client_that_drips_its_head_is_let_go(connect: Connect) -> None:
    with connect() as dripping:
        start = time.monotonic()
        with pytest.raises(OSError):
            for sign in b"GET /api/health HTTP/1.1\r\nX: " + b"a" * 1000:
                dripping.sendall(bytes([sign]))
                time.sleep(0.02)
        assert time.monotonic() - start < 15  # a thousand drips would take 20 s


def test_a_second_request_may_take_as_long_as_the_first_but_not_longer(connect: Connect) -> None:
    request = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with connect() as kept:
        for _ in range(2):
            kept.sendall(request)
            answer = b""
            while b'"photos":6}' not in answer:
                answer += kept.recv(65536)
            assert b"200 OK" in answer
        kept.sendall(request[:20])
        assert all_of(kept) == b""


def test_a_body_that_never_comes_is_a_408(connect: Connect) -> None:
    head = "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: 500\r\n\r\n"
    with connect() as slow:
        slow.sendall(head.encode() + png(bar(0))[:50])
        answer = all_of(slow)
        assert answer.startswith(b"HTTP/1.1 408") and b"did not arrive within 0.4 s" in answer


def test_an_endless_body_without_a_length_is_cut_off(connect: Connect) -> None:
    head = b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += b"Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = 0
    with connect() as endless:
        endless.sendall(head)
        try:
            while sent < 200 * 2**20:
                endless.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
                sent += 65536
        except OSError:
            pass
    assert sent < 50 * 2**20


def test_a_client_that_does_not_read_its_answer_is_let_go(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery:
        Image.effect_noise((2500, 2500), 99).save(tmp_path / "photos" / "lying-0.png")
        found = next(record for record in gallery.store.photos() if record.path.endswith("lying-0.png"))
        with running(gallery, ServeSettings(port=0, limits=IMPATIENT)) as address:
            with socket.socket() as greedy:
                greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                greedy.connect(("127.0.0.1", urlsplit(address).port or 0))
                greedy.settimeout(10)
                greedy.sendall(f"GET /api/photos/{found.photo_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                time.sleep(1.5)
                got = all_of(greedy)
            assert 0 < len(got) < (tmp_path / "photos" / "lying-0.png").stat().st_size
            assert get(urlsplit(address).port or 0, "/api/health")[0] == 200


@pytest.mark.parametrize(
    "line",
    [
        "GET /static/../../../../etc/passwd HTTP/1.1",
        "GET /static/%2e%2e/%2e%2e/server.py HTTP/1.1",
        "GET /static//etc/passwd HTTP/1.1",
        "GET /api/photos/../../../etc/passwd HTTP/1.1",
        "GET /../../../../etc/passwd HTTP/1.1",
        "GET /static/\\..\\settings.py HTTP/1.1",
        "GET /static/index.html%00.png HTTP/1.1",
    ],
)
def test_paths_that_browsers_would_tidy_lead_nowhere(connect: Connect, line: str) -> None:
    with connect() as raw:
        raw.sendall(f"{line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = all_of(raw)
        assert answer.startswith(b"HTTP/1.1 404") and b"root:" not in answer and b"import" not in answer


def test_requests_without_or_with_two_hosts_or_with_another_protocol_are_refused(connect: Connect) -> None:
    for request in (
        b"GET /api/health HTTP/1.1\r\n\r\n",
        b"GET /api/health HTTP/1.0\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/api/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
    ):
        with connect() as raw:
            raw.sendall(request)
            answer = all_of(raw)
            assert answer.partition(b" ")[2][:3] in (b"400", b"421", b"431")
            assert b'{"error": ' in answer and b"x-content-type-options: nosniff" in answer


def test_fifty_clients_at_once_get_an_answer_or_are_told_to_wait(gallery: OpenedGallery) -> None:
    limits = Limits(searches_at_once=120, requests_at_once=10_000, queue=4)
    content = png(bar(1))
    with running(gallery, ServeSettings(port=0, limits=limits)) as address, ThreadPoolExecutor(50) as clients:
        port = urlsplit(address).port or 0
        statuses = Counter(clients.map(lambda _: search(port, content), range(200)))
        assert set(statuses) <= {200, 429, 503} and statuses[200] and statuses[429]
        assert get(port, "/api/health")[0] == 200


def test_a_port_that_is_taken_is_named_with_what_to_do(gallery: OpenedGallery, port: int) -> None:
    with pytest.raises(ServerError, match=rf"cannot listen on 127\.0\.0\.1 port {port}: .*--port 0"):
        serve(gallery, ServeSettings(port=port))


def test_an_address_of_another_machine_can_not_be_listened_on(gallery: OpenedGallery) -> None:
    with pytest.raises(ServerError, match=r"192\.0\.2\.1"):
        serve(gallery, ServeSettings(host="192.0.2.1", no_auth=True, port=0))


def test_the_address_to_open_has_the_token_and_a_name_that_the_server_answers_to() -> None:
    token = "a-token-of-tests"
    assert page_address(ServeSettings(token=token), 1) == f"http://127.0.0.1:1/?token={token}"
    assert page_address(ServeSettings(host="::1"), 1) == "http://[::1]:1/"
    assert page_address(ServeSettings(host="0.0.0.0", no_auth=True), 1) == f"http://{socket.gethostname()}:1/"
