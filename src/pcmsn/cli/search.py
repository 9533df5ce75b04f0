"""``pcmsn search``: the photos of a gallery that a sketch finds."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import BackboneNow, Device, GalleryAddress, GalleryRun, Json

if TYPE_CHECKING:
    from pcmsn.gallery.records import Hit


class Mode(str, Enum):
    """How photos are compared."""

    EXACT = "exact"
    SHORTLIST = "shortlist"
    APPROXIMATE = "approximate"


class FitForm(str, Enum):
    """What of the sketch is looked at."""

    INK = "ink"
    WHOLE = "whole"


def search(
    sketch: Annotated[str, typer.Argument(help="A picture of dark strokes on white; - reads one from stdin.")],
    gallery: GalleryAddress,
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="Photos to show.")] = 20,
    label: Annotated[str | None, typer.Option(help="Only photos with this label.", show_default="all photos")] = None,
    mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE",
            help="exact compares every photo, shortlist those with the nearest codes; approximate is for the largest "
            "galleries.",
        ),
    ] = Mode.EXACT,
    fit: Annotated[
        FitForm, typer.Option(help="ink cuts a small drawing out of its canvas; whole takes the picture as it is.")
    ] = FitForm.WHOLE,
    save: Annotated[
        Path | None,
        typer.Option(help="Write a picture of the sketch and the photos that it finds, a PNG or by its ending a JPEG."),
    ] = None,
    run: GalleryRun = None,
    backbone: BackboneNow = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find photos of a gallery by a sketch, nearest first."""
    from pcmsn.files import check_target
    from pcmsn.gallery.gallery import Gallery
    from pcmsn.gallery.hit_grid import hit_grid
    from pcmsn.gallery.sketches import prepare_sketch, read_sketch

    check_target(save)
    picture = prepare_sketch(read_sketch(sys.stdin.buffer.read() if sketch == "-" else sketch), fit.value)
    with Gallery.open(gallery, run, device=device, backbone=backbone, create=False) as opened:
        hits = opened.search(picture, k, label, mode=mode.value)
        if save and hits:
            hit_grid(picture, [(hit, opened.store.thumbnail(hit.photo.photo_id)) for hit in hits], save)
        if not hits:
            _explain_nothing(opened.store.labels(), label)
        recall = opened.store.approximate_recall
    if as_json:
        facts: dict[str, Any] = {"gallery": gallery, "hits": [_plain(rank, hit) for rank, hit in enumerate(hits, 1)]}
        typer.echo(json.dumps(facts | ({"recall": recall} if mode is Mode.APPROXIMATE else {})))
    else:
        _print_hits(hits)
    if mode is Mode.APPROXIMATE:
        found = "how many of the nearest photos it finds was not measured"
        if recall is not None:
            found = f"finds {recall:.1%} of the 50 nearest of stored photos"
        typer.echo(f"approximate: {found}", err=True)
    if save and hits:
        typer.echo(f"wrote {save}", err=True)


def _plain(rank: int, hit: Hit) -> dict[str, Any]:
    return {
        "rank": rank,
        "distance": hit.distance,
        "label": hit.photo.label,
        "path": hit.photo.path,
        "id": hit.photo.photo_id,
    }


def _print_hits(hits: Sequence[Hit]) -> None:
    from pcmsn.cli.printing import printable

    width = max((len(printable(hit.photo.label)) for hit in hits), default=0)
    if hits:
        typer.echo(f"rank  distance  {'label':<{max(width, 5)}}  path")
    for rank, hit in enumerate(hits, start=1):
        label = f"{printable(hit.photo.label):<{max(width, 5)}}"
        typer.echo(f"{rank:>4}  {hit.distance:>8.4f}  {label}  {printable(hit.photo.path)}")


def _explain_nothing(labels: dict[str, int], wanted: str | None) -> None:
    from pcmsn.errors import did_you_mean, enumerate_names

    if not labels:
        typer.echo("the gallery is empty; add photos: pcmsn index PHOTOS --gallery GALLERY", err=True)
    elif wanted is not None and wanted not in labels:
        known = [name for name in labels if name]
        names = "the gallery's photos have no labels; pcmsn index --label-from-folders gives them some"
        if known:
            names = f"the gallery's labels are {enumerate_names(known)}"
        typer.echo(f"no photo has the label {wanted!r}{did_you_mean(wanted, known)}; {names}", err=True)
