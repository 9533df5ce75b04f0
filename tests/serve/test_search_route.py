"""Searching over HTTP: what comes back, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from shape_gallery import OpenedGallery, bar, client_of, encoded, open_gallery, png, post
from stand_in_embedder import StandInEmbedder

from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.records import Hit, Queries
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import SearchSettings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_gallery(tmp_path_factory.mktemp("search")) as gallery, client_of(gallery) as client:
        yield client


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [hit["name"] for hit in answer.json()["hits"]]


def test_the_nearest_photo_comes_first_with_all_that_the_page_needs(client: Any) -> None:
    answer = post(client, png(bar(1, standing=True)), k=3)
    first, second, _ = answer.json()["hits"]
    assert first["distance"] == 0 < second["distance"]
    assert {**first, "id": len(first["id"])} == {
        "id": 32,
        "label": "standing",
        "name": "standing-1.png",
        "distance": 0.0,
        "width": 64,
        "height": 64,
    }
    assert answer.json()["photos"] == 6
    assert set(answer.json()["milliseconds"]) == {"decode", "embed", "search"}


@pytest.mark.parametrize("mode", ["exact", "shortlist", "approximate"])
def test_every_mode_finds_the_same_picture(client: Any, mode: str) -> None:
    answer = post(client, png(bar(0)), k=1, mode=mode)
    assert names(answer) == ["lying-0.png"]
    assert answer.json()["recall"] == (1.0 if mode == "approximate" else None)


def test_a_gallery_without_exact_search_is_served_in_the_modes_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = SqliteStore.search

    def approximate_only(store: SqliteStore, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        assert settings.mode == "approximate"
        return search(store, queries, settings)

    monkeypatch.setattr(SqliteStore, "modes", ("approximate", "shortlist"))
    monkeypatch.setattr(SqliteStore, "search", approximate_only)
    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        client.app.state.services.desk.warm_up()
        assert client.get("/api/gallery").json()["modes"] == ["approximate", "shortlist"]
        assert names(post(client, png(bar(0)), k=1, mode="approximate")) == ["lying-0.png"]
        refused = post(client, png(bar(0)))
        assert refused.status_code == 422
        assert refused.json()["error"] == (
            "mode: this gallery has no exact search, expected one of approximate, shortlist"
        )


def test_a_label_restricts_the_search_and_the_empty_one_means_without_label(client: Any) -> None:
    sketch = png(bar(0))
    lying = post(client, sketch, label="lying")
    assert names(lying) == ["lying-0.png", "lying-1.png"] and lying.json()["photos"] == 2
    assert sorted(names(post(client, sketch, label=""))) == ["plain-0.png", "plain-1.tif"]
    unknown = post(client, sketch, label="no such")
    assert unknown.json()["hits"] == [] and unknown.json()["photos"] == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_all_accepted_kinds_of_picture_are_searched_for(client: Any, kind: str) -> None:
    answer = post(client, encoded(bar(1), kind), kind=f"image/{kind.lower()}", k=1)
    assert names(answer) == ["lying-1.png"]


def test_cut_to_its_ink_a_small_drawing_in_a_corner_is_found(client: Any) -> None:
    drawing = bar(0, standing=True).resize((24, 24))
    corner = Image.new("RGB", (300, 300), "white")
    corner.paste(drawing, (270, 5))
    whole, cut = (post(client, png(corner), k=1, fit=fit).json()["hits"][0] for fit in ("whole", "ink"))
    assert cut["label"] != "lying" and cut["distance"] < whole["distance"]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"k": 0}, "k: Input should be greater than or equal to 1, got '0'"),
        ({"k": 201}, "k: Input should be less than or equal to 200, got '201'"),
        ({"k": "many"}, "k: Input should be a valid integer"),
        ({"mode": "fast"}, "mode: Input should be 'exact', 'shortlist' or 'approximate', got 'fast'"),
        ({"fit": "half"}, "fit: Input should be 'ink' or 'whole', got 'half'"),
        ({"label": "x" * 501}, "label: String should have at most 500 characters"),
    ],
)
def test_parameters_out_of_range_are_named(client: Any, parameters: dict[str, Any], text: str) -> None:
    answer = post(client, png(bar(0)), **parameters)
    assert answer.status_code == 422 and text in answer.json()["error"]


def test_a_photo_that_is_indexed_while_the_server_runs_is_found(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        picture = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(picture).ellipse((6, 6, 58, 58), outline=(10, 10, 10), width=6)
        sketch = png(picture)
        assert names(post(client, sketch, k=1)) != ["new.png"]
        (tmp_path / "new.png").write_bytes(sketch)
        with SqliteStore.open(gallery.store.location, writable=True) as writing:
            writing.upsert(StandInEmbedder().embed_photos([PhotoSource(tmp_path / "new.png", "new")]).photos)
        assert names(post(client, sketch, k=1)) == ["new.png"]
        assert client.get("/api/health").json() == {"status": "ok", "photos": 7}


def test_trouble_with_the_store_tells_the_client_no_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> None:
        raise GalleryError("/srv/secret/photos.gallery is damaged")

    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        gallery.store.search = fail
        answer = post(client, png(bar(0)))
        assert answer.status_code == 503 and "secret" not in answer.text and answer.headers["retry-after"] == "5"
        assert "the gallery cannot be read now" in answer.json()["error"]
    assert "/srv/secret/photos.gallery is damaged" in caplog.text


def test_a_fault_of_ours_is_a_plain_error_without_its_trace(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("/srv/secret")

    with open_gallery(tmp_path) as gallery, client_of(gallery) as client:
        gallery.embedder.embed_sketches = fail
        answer = post(client, png(bar(0)))
        assert answer.status_code == 500
        assert answer.json() == {"error": "the server failed at this request; its log says why"}
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ZeroDivisionError" in caplog.text


def test_an_empty_sketch_is_told_so(client: Any) -> None:
    answer = post(client, png(Image.new("RGB", (64, 64), "white")))
    assert answer.status_code == 422
    assert answer.json() == {"error": "the sketch is empty; draw strokes that stand out from their ground"}


def test_an_empty_gallery_answers_with_no_hits(tmp_path: Path) -> None:
    embedder = StandInEmbedder()
    with (
        SqliteStore.open(str(tmp_path / "empty.gallery"), identity=embedder.identity, writable=True) as store,
        client_of(OpenedGallery(store, embedder)) as client,
    ):
        assert post(client, png(bar(0))).json()["hits"] == []
        assert client.get("/api/photos").json() == {"photos": [], "total": 0}
        assert client.get("/api/gallery").json()["labels"] == []
