"""What the API shows of a gallery: listings, thumbnails, files; and that ids are the only way to a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from shape_gallery import OpenedGallery, bar, client_of, open_gallery

from pcmsn.serve.answers import gallery_name, without_folders

TRAVERSALS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..%5c..%5cwindows%5cwin.ini",
    "%2fetc%2fpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "%00",
    "0" * 31,
    "0" * 33,
    "G" * 32,
    "A" * 32,
    "0" * 31 + "%0a",
    "%D9%A0" * 32,
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, OpenedGallery]]:
    with open_gallery(tmp_path_factory.mktemp("shown")) as gallery, client_of(gallery) as client:
        yield client, gallery


@pytest.fixture
def client(opened: tuple[Any, OpenedGallery]) -> Any:
    return opened[0]


def ids(client: Any) -> dict[str, str]:
    return {photo["name"]: photo["id"] for photo in client.get("/api/photos").json()["photos"]}


def test_the_gallery_is_described(client: Any) -> None:
    assert client.get("/api/gallery").json() == {
        "name": "bars",
        "photos": 6,
        "labels": [{"label": label, "photos": 2} for label in ("", "lying", "standing")],
        "model": {"name": "stand-in", "dim": 64, "bits": 64},
        "modes": ["exact", "shortlist", "approximate"],
        "update": None,
    }
    assert client.get("/api/health").json() == {"status": "ok", "photos": 6}


def test_photos_are_listed_in_pages_and_by_label(client: Any) -> None:
    everything = client.get("/api/photos").json()
    assert everything["total"] == 6 and set(everything["photos"][0]) == {"id", "label", "name", "width", "height"}
    pages = [client.get("/api/photos", params={"offset": n, "limit": 4}).json()["photos"] for n in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 2, 0] and [*pages[0], *pages[1]] == everything["photos"]
    assert client.get("/api/photos", params={"label": "lying"}).json()["total"] == 2
    assert client.get("/api/photos", params={"label": ""}).json()["total"] == 2
    assert client.get("/api/photos?limit=0").status_code == 422
    assert client.get(f"/api/photos?offset={10**30}").status_code == 422


def test_no_answer_names_a_folder(opened: tuple[Any, OpenedGallery]) -> None:
    client, gallery = opened
    folder = str(Path(gallery.store.location).parent)
    for path in ("/api/gallery", "/api/photos", "/api/health", "/api/openapi.json"):
        assert folder not in client.get(path).text


def test_thumbnails_and_photos_come_with_their_type_and_may_not_act(client: Any) -> None:
    thumbnail = client.get(f"/api/photos/{ids(client)['lying-0.png']}/thumbnail")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(thumbnail.content)).format == "JPEG"
    photo = client.get(f"/api/photos/{ids(client)['lying-0.png']}")
    assert photo.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(photo.content)).tobytes() == bar(0).tobytes()
    for answer in (thumbnail, photo):
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "private, max-age=300"
        again = client.get(answer.request.url, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == answer.headers["etag"]


def test_kinds_that_browsers_do_not_show_are_converted(client: Any) -> None:
    photo = client.get(f"/api/photos/{ids(client)['plain-1.tif']}")
    assert photo.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(photo.content)).size == (64, 64)


def test_a_photo_whose_file_is_gone_or_no_picture_any_more_is_410(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        found = ids(client)
        photos = tmp_path / "photos"
        (photos / "lying-0.png").unlink()
        (photos / "lying-1.png").write_text("<script>alert(1)</script> root:x:0:0")
        (photos / "standing-0.png").unlink()
        os.mkfifo(photos / "standing-0.png")
        (photos / "standing-1.png").unlink()
        (photos / "standing-1.png").mkdir()
        (photos / "plain-0.png").unlink()
        (photos / "plain-0.png").symlink_to("/etc/passwd")
        (photos / "plain-1.tif").write_bytes((photos / "plain-1.tif").read_bytes()[:200])
        for name, photo_id in found.items():
            answer = client.get(f"/api/photos/{photo_id}")
            assert answer.status_code == 410, name
            text = answer.json()["error"]
            assert photo_id in text and "pcmsn index" in text and str(tmp_path) not in text and "root:" not in text
            assert client.get(f"/api/photos/{photo_id}/thumbnail").status_code == 200


def test_a_photo_of_another_kind_than_its_name_says_gets_its_own_type(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        photo_id = ids(client)["lying-0.png"]
        bar(0).save(tmp_path / "photos" / "lying-0.png", "GIF")
        assert client.get(f"/api/photos/{photo_id}").headers["content-type"] == "image/gif"


@pytest.mark.parametrize("text", TRAVERSALS)
@pytest.mark.parametrize("place", ["/api/photos/{}", "/api/photos/{}/thumbnail", "/static/{}", "/{}"])
def test_no_path_leads_out_of_the_gallery_or_the_page(client: Any, place: str, text: str) -> None:
    answer = client.get(place.format(text))
    assert answer.status_code == 404 and set(answer.json()) == {"error"} and "root:" not in answer.text


def test_an_unknown_id_is_404(client: Any) -> None:
    for place in ("/api/photos/{}", "/api/photos/{}/thumbnail"):
        answer = client.get(place.format("0" * 32))
        assert answer.status_code == 404 and "expected an id from a search or a listing" in answer.json()["error"]


def test_the_page_and_its_files_are_sent_and_checked_again_later(client: Any) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "<title>page" in page.text
    script = client.get("/static/page.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "no-cache"
    assert client.get("/static/page.js", headers={"if-none-match": script.headers["etag"]}).status_code == 304


def test_file_names_that_are_no_utf_8_are_shown_with_question_marks(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        records = gallery.store.photos()
        gallery.store.photos = lambda **_: [replace(records[0], path="/p/caf\udce9.png", label="caf\udce9")]
        shown = client.get("/api/photos").json()["photos"][0]
        assert (shown["name"], shown["label"]) == ("caf?.png", "caf?")


def test_other_methods_and_slashes_are_errors_in_our_form(client: Any) -> None:
    for answer, status in (
        (client.delete("/api/photos"), 405),
        (client.get("/api/search"), 405),
        (client.get("/api/photos/"), 404),
        (client.get("/docs"), 404),
        (client.get("/openapi.json"), 404),
    ):
        assert answer.status_code == status and set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("/home/ann/photos.gallery", "photos"),
        (r"C:\photos\holiday.gallery", "holiday"),
        ("milvus://ann:secret@host:19530/sketches", "sketches"),
        ("milvus://host/sketches?database=x/y", "sketches"),
        ("/home/ann/what?.gallery", "what?"),
        ("/", "gallery"),
    ],
)
def test_a_gallery_is_named_by_the_last_part_of_its_location(location: str, name: str) -> None:
    assert gallery_name(location) == name


def test_a_models_name_loses_its_folders() -> None:
    assert without_folders("zoo, preset paper, seed 0, tiny:/home/ann/net") == "zoo, preset paper, seed 0, tiny:net"
    assert without_folders("/data/zoo, facebook/dinov2-small") == "zoo, facebook/dinov2-small"
