r"""Milliseconds from the end of a stroke to its photos on the screen, in a real browser, over a large gallery.

`pcmsn serve` runs in a process of its own over made-up photos: vectors drawn around those of real toy-world photos, and
the thumbnails of these under addresses that the browser has not seen before. Chromium draws one stroke after another
through Playwright; the page itself tells when the photos are painted and where the time went. Without --run the run of
`pcmsn demo` is made first.

    python benchmarks/drawing.py --run runs/sketchy
    python benchmarks/drawing.py --photos 2000 --strokes 10
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from pcmsn.data.toyworld import CATEGORIES, ToyWorld, draw_picture
from pcmsn.gallery.embedder import Embedder, PhotoSource
from pcmsn.gallery.records import THUMBNAIL_SIDE, EmbeddedPhoto, photo_id_of
from pcmsn.gallery.run_embedder import run_embedder
from pcmsn.gallery.sqlite.store import SqliteStore

ROWS_AT_ONCE, WARMING = 10_000, 5
PAUSE = 250
"""Milliseconds between strokes: people are not quicker, and the server takes five searches a second of one client."""
PARTS = ("encode", "network and queue", "decode", "embed", "search", "paint", "total")
NEXT_PAINTED = """() => {
    window.painted = new Promise((resolve) => {
        document.addEventListener("pcmsn-painted", (event) => resolve(event.detail), { once: true });
    });
}"""


def main() -> None:
    """Build, serve, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--strokes", type=int, default=60)
    parser.add_argument("--run", type=Path, help="run folder of the model; without it that of pcmsn demo is made")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = options.run or demo_run(folder)
        gallery = build_gallery(folder, run_embedder(run, device="cpu"), options.photos)
        with served(gallery, run) as address:
            rows = measure(address, options.strokes, options.width)
    print(f"{options.photos:,} photos, {len(rows)} strokes, window of {options.width} x 900; milliseconds\n")
    print("| part | p50 | p95 | most |")
    print("|---|---:|---:|---:|")
    for part in PARTS:
        values = np.array([row[part] for row in rows])
        p50, p95 = np.percentile(values, (50, 95))
        print(f"| {part} | {p50:.1f} | {p95:.1f} | {values.max():.1f} |")


def demo_run(folder: Path) -> Path:
    """The run of the built-in toy world."""
    command = [sys.executable, "-m", "pcmsn", "demo", "--out", str(folder / "demo")]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return folder / "demo" / "runs" / "best"


def build_gallery(folder: Path, embedder: Embedder, count: int) -> Path:
    """A gallery file of ``count`` photos, each a variation of one of a few hundred that are drawn and embedded."""
    world, sources = ToyWorld(size=THUMBNAIL_SIDE), []
    for label in sorted(CATEGORIES):
        for number in range(4):
            path = folder / "photos" / label / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw_picture(world, label, "photo", number).save(path, quality=85)
            sources.append(PhotoSource(path, label))
    drawn, random = embedder.embed_photos(sources).photos, np.random.default_rng(0)
    spread = np.std([photo.vector for photo in drawn], axis=0)
    target = folder / "made-up.gallery"
    with SqliteStore.open(str(target), identity=embedder.identity, writable=True) as store:
        for start in range(0, count, ROWS_AT_ONCE):
            numbers = range(start, min(count, start + ROWS_AT_ONCE))
            store.upsert([variation(drawn[number % len(drawn)], number, spread, random) for number in numbers])
    return target


def variation(
    photo: EmbeddedPhoto, number: int, spread: np.ndarray[Any, Any], random: np.random.Generator
) -> EmbeddedPhoto:
    """A photo with another name, and a vector and code near by."""
    path = Path(photo.record.path).with_name(f"{number:07d}.jpg")
    vector = photo.vector + random.normal(scale=0.3, size=spread.shape).astype(np.float32) * spread
    flips = np.packbits(random.random(len(photo.code) * 8) < 0.1)
    record = replace(photo.record, photo_id=photo_id_of(path), path=str(path), content_hash=photo_id_of(path) * 2)
    return EmbeddedPhoto(record, vector.astype(np.float32), photo.code ^ flips, photo.thumbnail)


@contextmanager
def served(gallery: Path, run: Path) -> Iterator[str]:
    """The address at which ``pcmsn serve`` serves a gallery."""
    command = [sys.executable, "-m", "pcmsn", "serve", "--gallery", str(gallery), "--run", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or not (address := process.stdout.readline().strip()).startswith("http"):
                raise SystemExit("pcmsn serve did not start; what it said is above")
            yield address
        finally:
            process.terminate()


def measure(address: str, strokes: int, width: int) -> list[dict[str, float]]:
    """The milliseconds of each part, one row a stroke; the first strokes warm everything and are left out."""
    random, rows = np.random.default_rng(1), []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(address)
        page.locator("#photos li").first.wait_for()
        for number in range(WARMING + strokes):
            if number % 12 == 0:
                page.keyboard.press("Delete")
            page.wait_for_timeout(PAUSE)
            page.evaluate(NEXT_PAINTED)
            draw(page, random.uniform(0.1, 0.9, size=(4, 2)))
            rows.append(parts(page.evaluate("() => window.painted")))
        browser.close()
    return rows[WARMING:]


def draw(page: Any, shares: np.ndarray[Any, Any]) -> None:
    """One stroke through points given as shares of the paper; quicker than the page searches while one draws."""
    box = page.locator("#canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares.tolist()]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def parts(detail: dict[str, Any]) -> dict[str, float]:
    """What the page tells, by PARTS."""
    server: dict[str, float] = detail["server"]
    network = detail["answer"] - sum(server.values())
    named = {"encode": detail["encode"], "network and queue": network, "paint": detail["paint"]}
    return {**named, **server, "total": detail["total"]}


if __name__ == "__main__":
    main()
