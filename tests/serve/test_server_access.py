"""Who gets in: addresses, names, origins, tokens; and the headers that every answer has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shape_gallery import ROOMY, bar, client_of, open_gallery, png, post

from pcmsn.errors import ServerError
from pcmsn.serve.access import host_name
from pcmsn.serve.settings import Limits, ServeSettings, is_loopback, make_token

TOKEN = "a-token-of-tests"


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[Any]:
    settings = ServeSettings(limits=ROOMY, **options)
    with open_gallery(folder) as gallery, client_of(gallery, settings) as client:
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with served(tmp_path_factory.mktemp("access")) as client:
        yield client


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_an_address_beyond_this_machine_needs_a_token_or_a_clear_word(host: str) -> None:
    with pytest.raises(ServerError, match=r"Give --token auto for a new token, --token TEXT .* or --no-auth"):
        ServeSettings(host=host)
    assert ServeSettings(host=host, token=TOKEN).token == TOKEN
    assert ServeSettings(host=host, no_auth=True).token is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machines_own_addresses_need_none(host: str) -> None:
    assert is_loopback(host) and ServeSettings(host=host).token is None


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "sixteen signs ok", "quotes\"quotes'quotes", "ümlaut" * 5])
def test_a_token_that_can_be_guessed_or_breaks_an_address_is_refused(token: str) -> None:
    with pytest.raises(ServerError, match="--token must be at least 16 of the characters"):
        ServeSettings(token=token)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ServerError, match="--port must be from 0 to 65535, got 70000"):
        ServeSettings(port=70000)
    with pytest.raises(ServerError, match="exclude each other"):
        ServeSettings(token=TOKEN, no_auth=True)
    with pytest.raises(ServerError, match=r"limits\.workers must be > 0, got 0"):
        Limits(workers=0)
    assert Limits(queue=0).queue == 0
    assert make_token() != make_token() and ServeSettings(token=make_token())


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8008", "localhost", "LOCALHOST:8008", "localhost.:1", "[::1]:8008", "127.0.0.2"]
)
def test_the_machines_own_names_are_answered(client: Any, host: str) -> None:
    assert client.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8008", "192.168.1.4", "127.0.0.1.evil.example"])
def test_another_name_that_leads_here_is_not_answered(client: Any, host: str) -> None:
    for path in ("/", "/api/health", "/static/page.js"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421 and "--allow-host NAME" in answer.json()["error"]


@pytest.mark.parametrize("host", ["", "a b", "user@localhost", "localhost/x", "localhost:port", "[::1", "localhost?x"])
def test_what_is_no_host_is_refused(client: Any, host: str) -> None:
    assert client.get("/api/health", headers={"host": host}).status_code in (400, 421)
    assert host_name(host) in (None, "a b")


def test_on_all_addresses_any_address_is_answered_but_no_foreign_name(tmp_path: Path) -> None:
    with served(tmp_path, host="0.0.0.0", no_auth=True, allowed_hosts=("Photos.example.org",)) as client:
        for host, status in (("192.168.1.4:80", 200), ("evil.example", 421), ("photos.example.org", 200)):
            assert client.get("/api/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:8008"}, 200),
        ({"origin": "https://127.0.0.1:8008"}, 200),  # behind a proxy that speaks HTTPS
        ({"origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "file://"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ],
)
def test_requests_of_other_pages_are_refused(client: Any, headers: dict[str, str], status: int) -> None:
    answers = [
        client.get("/api/photos", headers=headers),
        client.post("/api/search", content=png(bar(0)), headers={"content-type": "image/png", **headers}),
    ]
    assert [answer.status_code for answer in answers] == [status, status]
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)


def test_a_link_elsewhere_may_open_the_page_but_not_load_from_it(client: Any) -> None:
    crossing = {"sec-fetch-site": "cross-site"}
    assert client.get("/", headers={**crossing, "sec-fetch-mode": "navigate"}).status_code == 200
    assert client.get("/", headers={**crossing, "sec-fetch-mode": "no-cors"}).status_code == 403
    assert client.get("/static/page.js", headers={**crossing, "sec-fetch-mode": "no-cors"}).status_code == 403


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with served(tmp_path_factory.mktemp("token"), host="0.0.0.0", token=TOKEN) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/gallery", "/api/photos", "/api/photos/" + "0" * 32, "/api/openapi.json", "/api/none"]
)
def test_without_the_token_the_api_says_nothing(guarded: Any, path: str) -> None:
    guarded.cookies.clear()
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}, {"cookie": "pcmsn_=1"}):
        answer = guarded.get(path, headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert "open the address that the server printed" in answer.json()["error"]
    assert guarded.get(f"{path}?token={TOKEN}").status_code == 401


def test_without_the_token_nothing_is_searched(guarded: Any) -> None:
    guarded.cookies.clear()
    assert post(guarded, png(bar(0))).status_code == 401


def test_the_token_in_a_header_opens_the_api(guarded: Any) -> None:
    guarded.cookies.clear()
    for value in (f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert guarded.get("/api/health", headers={"authorization": value}).status_code == 200


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(guarded: Any) -> None:
    guarded.cookies.clear()
    opened = guarded.get(f"/?token={TOKEN}")
    assert opened.status_code == 303 and opened.headers["location"] == "/"
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and TOKEN not in cookie
    assert opened.headers["referrer-policy"] == "no-referrer" and opened.headers["cache-control"] == "no-store"
    assert guarded.get("/api/health").status_code == 200
    guarded.cookies.clear()
    wrong = guarded.get("/?token=wrong-wrong-wrong")
    assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
    assert guarded.get("/").status_code == 200  # the page itself holds nothing secret


def test_the_cookie_of_another_token_does_not_open(guarded: Any, tmp_path: Path) -> None:
    with served(tmp_path, token="another-token-of-tests") as other:
        cookie = other.get("/?token=another-token-of-tests").headers["set-cookie"].split(";")[0]
    guarded.cookies.clear()
    assert guarded.get("/api/health", headers={"cookie": cookie}).status_code == 401


def test_every_answer_has_the_headers_that_keep_browsers_safe(client: Any) -> None:
    answers = [client.get(path) for path in ("/", "/api/health", "/nowhere", "/api/photos?limit=x")]
    answers.append(client.get("/", headers={"host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        for part in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert "unsafe" not in policy and "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/api/health").headers["cache-control"] == "no-store"
