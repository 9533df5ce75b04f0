r"""What cutting a sketch to its ink does to retrieval: sketches as they are, and smaller on a large canvas.

Every sketch of a run's unseen classes asks the gallery of these classes' photos, taken whole and cut to its ink
(``--fit`` of pcmsn search, "Search with" on the page). A person's drawing is rarely placed as the sketches of a data
set are.

    python benchmarks/sketch_fit.py --run runs/Sketchy-paper-0 --data-root ../shared/data/ZS-SBIR
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.pictures import load_picture
from pcmsn.data.records import Pictures
from pcmsn.evaluation.scoring import score_embeddings
from pcmsn.gallery.embedder import Embedder, PhotoSource
from pcmsn.gallery.run_embedder import run_embedder
from pcmsn.gallery.sketches import Fit, prepare_sketch
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.split_dataset import open_pictures
from pcmsn.training.trained_run import Moved

CANVAS, MARGIN = (1000, 700), 30  # pixels
SMALLER, SMALL = 0.7, 0.35  # a sketch's share of the canvas' height, in the middle and in the corner
BATCH = 32
FITS: tuple[Fit, ...] = ("whole", "ink")


def main() -> None:
    """Embed everything, print one row a placement and fit."""
    options = parse_options()
    trained = RunFolder(options.run).load_trained()
    dataset = open_pictures(Moved(data_root=options.data_root).applied_to(trained.config))
    unseen = dataset.of_classes((*trained.record.split.val, *trained.record.split.test))
    embedder = run_embedder(options.run, device=options.device)
    photos = embed_photos(embedder, unseen.photos)
    print(f"{trained.record.dataset}, {len(unseen.sketches)} sketches, {len(unseen.photos)} photos of unseen classes\n")
    print("| sketches | fit | mAP@all | P@100 |")
    print("|---|---|---:|---:|")
    placements: dict[str, Callable[[Image.Image], Image.Image]] = {
        "as they are": lambda picture: picture,
        f"at {SMALLER:.0%} of a canvas' height, in its middle": in_the_middle,
        f"at {SMALL:.0%} of a canvas' height, in a corner": in_a_corner,
    }
    for name, place in placements.items():
        for fit in FITS:
            sketches = embed_sketches(embedder, unseen.sketches, place, fit)
            scores = score_embeddings(sketches, unseen.sketches.labels, photos, unseen.photos.labels)
            print(f"| {name} | {fit} | {scores.map_all:.4f} | {scores.p_100:.4f} |", flush=True)


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data-root", default=None, help="where the data set is now")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def embed_photos(embedder: Embedder, pictures: Pictures) -> NDArray[np.float32]:
    """(N, dim) vectors of all photos; an unreadable photo ends the benchmark."""
    paths = [pictures.folder / name for name in pictures.names]
    vectors = []
    for start in range(0, len(paths), BATCH):
        batch = embedder.embed_photos([PhotoSource(path) for path in paths[start : start + BATCH]])
        if batch.unreadable:
            raise SystemExit(f"unreadable: {batch.unreadable[0]}")
        vectors += [photo.vector for photo in batch.photos]
    return np.stack(vectors)


def embed_sketches(
    embedder: Embedder, pictures: Pictures, place: Callable[[Image.Image], Image.Image], fit: Fit
) -> NDArray[np.float32]:
    """(Q, dim) vectors of all sketches, placed and fitted."""
    paths = [pictures.folder / name for name in pictures.names]
    vectors = []
    for start in range(0, len(paths), BATCH):
        sketches = [prepare_sketch(place(load_picture(path)), fit) for path in paths[start : start + BATCH]]
        vectors.append(embedder.embed_sketches(sketches).vectors)
    return np.concatenate(vectors)


def in_the_middle(picture: Image.Image) -> Image.Image:
    """A sketch with some room around it."""
    side = int(CANVAS[1] * SMALLER)
    return on_canvas(picture, side, ((CANVAS[0] - side) // 2, (CANVAS[1] - side) // 2))


def in_a_corner(picture: Image.Image) -> Image.Image:
    """A sketch as somebody may leave it on a large canvas."""
    side = int(CANVAS[1] * SMALL)
    return on_canvas(picture, side, (MARGIN, CANVAS[1] - side - MARGIN))


def on_canvas(picture: Image.Image, side: int, place: tuple[int, int]) -> Image.Image:
    """A white canvas with the picture on it, ``side`` pixels wide and high."""
    canvas = Image.new("RGB", CANVAS, "white")
    canvas.paste(picture.resize((side, side), Image.Resampling.LANCZOS), place)
    return canvas


if __name__ == "__main__":
    main()
