"""Prints how well the packaged model `everyday` finds photos by quick drawings that it has not seen.

    python benchmarks/everyday.py --data ../shared/data --backbone ../shared/backbones/vit_tiny_patch16_224 \
        --state everyday-state [--model src/pcmsn/encoders/everyday] [--splits 3]

Queries are the last 4 drawings of each Quick, Draw! word. A gallery has 63 kinds, 14 photos each; 42 of the kinds are
asked for. Two tables:

1. The shipped model through ONNX Runtime, on photos that it did not learn from (8 or 5 of each kind).
2. The recipe with other splits of the photos: a quarter of the kinds have no photo in training (they are *bridged*),
   half of the other kinds' photos are held out, by content, and the space is learned anew from the same networks. In
   training a bridged kind has its drawings and, where there are any, ImageNet's classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from everyday_training import SIZE, Work, tell, work_options
from pcmsn.encoders.encoder import Encoder
from pcmsn.training.everyday.drawing_training import drawing_features
from pcmsn.training.everyday.photos import hold_out

ASKED, IN_GALLERY = 42, 63
GALLERIES = 12
"""Random galleries that a split is measured on."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Means over queries: share of right photos among the first k, and of queries with one first, and among ten."""

    precision: float
    first: float
    ten: float


def scores(queries: Floats, query_kinds: Rows, gallery: Floats, gallery_kinds: Rows, k: int) -> Scores:
    """P@k divides by k; equal distances stay in the gallery's order."""
    order = np.argsort(-(queries @ gallery.T), axis=1, kind="stable")[:, :10]
    right = gallery_kinds[order] == query_kinds[:, None]
    return Scores(float(right[:, :k].mean()), float(right[:, 0].mean()), float(right.any(axis=1).mean()))


def measure(
    queries: Floats,
    query_kinds: Rows,
    photos: Floats,
    photo_kinds: Rows,
    bridged: Sequence[int],
    photos_of_kind: int,
    k: int,
    generator: np.random.Generator,
) -> dict[str, Scores]:
    """Mean scores over random galleries: of all kinds asked, of those with photos in training, and of bridged ones."""
    asked = set(query_kinds.tolist())
    counts = np.bincount(photo_kinds)
    enough = set(np.flatnonzero(counts >= photos_of_kind).tolist())
    bridges = sorted(asked & enough & set(bridged))
    seen = sorted((asked & enough) - set(bridged))
    found: dict[str, list[Scores]] = {}
    for _ in range(GALLERIES):
        some = generator.permutation(bridges)[: ASKED // 3].tolist()
        known = generator.permutation(seen)[: ASKED - len(some)].tolist()
        others = generator.permutation(sorted(enough - set(some) - set(known)))[: IN_GALLERY - len(some) - len(known)]
        rows = np.concatenate(
            [
                generator.permutation(np.flatnonzero(photo_kinds == kind))[:photos_of_kind]
                for kind in (*some, *known, *others.tolist())
            ]
        )
        for name, kinds in (("all", some + known), ("seen", known), ("bridged", some)):
            mine = np.isin(query_kinds, kinds)
            if mine.any():
                one = scores(queries[mine], query_kinds[mine], photos[rows], photo_kinds[rows], k)
                found.setdefault(name, []).append(one)
    return {name: mean(each) for name, each in found.items()}


def mean(each: Sequence[Scores]) -> Scores:
    """The mean of each score."""
    values = np.asarray([(one.precision, one.first, one.ten) for one in each])
    return Scores(*values.mean(axis=0).tolist())


def shipped(work: Work, model: Path) -> None:
    """The first table."""
    encoder = Encoder.load(model)
    held_out = work.strokes(held_out=True)
    sheets = [np.repeat(held_out.sheet(row, SIZE)[:, :, None], 3, axis=2) for row in range(len(held_out.kinds))]
    queries = encoder.vectors("sketch", sheets)
    rows = np.flatnonzero(work.held_out_photos)
    paths = [work.photos.paths[row] for row in rows]
    photos = np.concatenate(
        [
            encoder.vectors("photo", [encoder.description.photo.decode(path) for path in paths[first : first + 32]])
            for first in range(0, len(paths), 32)
        ]
    )
    kinds = work.photos.kinds[rows]
    codes = encoder.codes.encode_sketches(queries), encoder.codes.encode_photos(photos)
    signs = [np.where(code, 1, -1).astype(np.float32) for code in codes]
    caltech = np.asarray(["caltech101" in str(path) for path in paths])
    everywhere = np.ones(len(paths), dtype=bool)
    print(f"shipped model {encoder.description.fingerprint[:12]}, held-out drawings and {len(paths)} held-out photos")
    print("| vectors, photos, of each kind | P@5 | hit@1 | hit@10 |\n|---|---|---|---|")
    for name, sketch_side, photo_side, chosen, photos_of_kind in (
        ("real, all, 8", queries, photos, everywhere, 8),
        ("binary, all, 8", signs[0], signs[1], everywhere, 8),
        ("real, Sketchy's, 5", queries, photos, ~caltech, 5),
        ("real, Caltech-101's, 5", queries, photos, caltech, 5),
    ):
        generator = np.random.default_rng(0)
        side = photo_side[chosen]
        one = measure(sketch_side, held_out.kinds, side, kinds[chosen], (), photos_of_kind, 5, generator)["all"]
        print(f"| {name} | {one.precision:.3f} | {one.first:.3f} | {one.ten:.3f} |", flush=True)


def splits(work: Work, amount: int) -> None:
    """The second table."""
    held_out = work.strokes(held_out=True)
    sheets = np.stack([held_out.sheet(row, SIZE) for row in range(len(held_out.kinds))])
    features = drawing_features(work.drawing_network(), sheets)
    asked = sorted(set(work.photos.kinds.tolist()) & set(held_out.kinds.tolist()))
    imagenet = set(work.classes.of_imagenet.tolist())
    found: dict[str, list[Scores]] = {}
    for split in range(amount):
        generator = np.random.default_rng(split)
        bridged = generator.choice(asked, len(asked) // 4, replace=False).tolist()
        gallery = hold_out(work.groups, 0.5, generator) | np.isin(work.photos.kinds, bridged)
        known = ~np.isin(work.groups, work.groups[gallery])
        space = work.space(known)
        queries = space.embed_drawings(features)
        photos = space.embed_photos(work.photo_views[0][gallery])
        arguments = (queries, held_out.kinds, photos, work.photos.kinds[gallery])
        each = measure(*arguments, bridged, 14, 10, np.random.default_rng(99))
        for name, kinds in (
            ("bridged, in ImageNet", [kind for kind in bridged if kind in imagenet]),
            ("bridged, not in ImageNet", [kind for kind in bridged if kind not in imagenet]),
        ):
            mine = np.isin(held_out.kinds, kinds)
            some = np.isin(arguments[3], list(set(arguments[3].tolist()) - set(bridged)) + kinds)
            part = measure(
                queries[mine], held_out.kinds[mine], photos[some], arguments[3][some], kinds, 14, 10, generator
            )
            if "bridged" in part:
                each[name] = part["bridged"]
        for name, one in each.items():
            found.setdefault(name, []).append(one)
        tell(f"split {split}: " + ", ".join(f"{name} {one.precision:.3f}" for name, one in each.items()))
    print(f"{amount} splits of the photos; mean and standard deviation over them")
    print("| kinds asked | P@10 | hit@1 | hit@10 |\n|---|---|---|---|")
    for name, each_split in found.items():
        values = np.asarray([(one.precision, one.first, one.ten) for one in each_split])
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(values.mean(axis=0), values.std(axis=0), strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Prints both tables."""
    parser = work_options(__doc__)
    parser.add_argument("--model", type=Path, default=Path("src/pcmsn/encoders/everyday"))
    parser.add_argument("--splits", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    work = Work(options.data, options.backbone, options.state)
    if (options.model / "encoder.json").is_file():
        shipped(work, options.model)
    if options.splits:
        splits(work, options.splits)


if __name__ == "__main__":
    main()
