"""``pcmsn features extract``: pictures of a data set, a folder, a list or a stream to features in files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pcmsn.cli.options import DATA, DEFAULT_CACHE, RUN, Cache, Device, Json, Overwrite, PhotoVariant

if TYPE_CHECKING:
    from pcmsn.features.export import Exported
    from pcmsn.features.requests import ExtractionRequest

COMPUTATION = "Computation"
SHOWN_UNREADABLE = 5


def extract(
    backbone: Annotated[
        str, typer.Option(rich_help_panel=COMPUTATION, help="As for pcmsn train, for example a Hugging Face name.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="FILE.npz, or a folder for numbered parts; of a whole data set, a folder for sketch.npz and photo.npz."
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA, help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder with sketch/ and photo/."
        ),
    ] = None,
    data_root: Annotated[Path, typer.Option(rich_help_panel=DATA, help="Folder that holds the data sets.")] = Path(
        "./ZS-SBIR"
    ),
    photos: Annotated[
        PhotoVariant, typer.Option(rich_help_panel=DATA, help="Which of Sketchy's photos.")
    ] = PhotoVariant.EXTENDED,
    folder: Annotated[
        Path | None, typer.Option(rich_help_panel=DATA, help="All pictures below a folder, instead of --dataset.")
    ] = None,
    list_: Annotated[
        str | None,
        typer.Option("--list", rich_help_panel=DATA, help="Text file with one path a line; - reads stdin as it comes."),
    ] = None,
    modality: Annotated[
        Literal["sketch", "photo"] | None,
        typer.Option(
            rich_help_panel=DATA,
            help="One side of a data set; without --dataset, whose network to use where there are two.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=COMPUTATION,
            min=1,
            metavar="N",
            help="Pictures at a time.",
            show_default="16 on a CPU, 256 on CUDA, 64 elsewhere",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=COMPUTATION,
            min=1,
            metavar="N",
            help="Threads that read pictures.",
            show_default="one for each core, at most 16",
        ),
    ] = None,
    precision: Annotated[
        Literal["auto", "32", "bf16", "16"],
        typer.Option(rich_help_panel=COMPUTATION, help="How to compute; auto: half precision on CUDA, 32 elsewhere."),
    ] = "auto",
    compiled: Annotated[
        bool,
        typer.Option("--compile", rich_help_panel=COMPUTATION, help="Compile the network first, which takes a minute."),
    ] = False,
    model_root: Annotated[
        Path, typer.Option(rich_help_panel=COMPUTATION, help="Folder with the files of --backbone vgg16.")
    ] = Path("./model"),
    resize: Annotated[
        Literal["squash", "model"], typer.Option(rich_help_panel=COMPUTATION, help="As for pcmsn train.")
    ] = "squash",
    layers: Annotated[
        Literal["last", "several"],
        typer.Option(rich_help_panel=COMPUTATION, help="several: summaries of earlier layers beside the last one."),
    ] = "last",
    rows_per_file: Annotated[
        int,
        typer.Option(
            rich_help_panel=RUN, min=1, metavar="N", help="Pictures in a part; one part is in memory at a time."
        ),
    ] = 8192,
    overwrite: Overwrite = False,
    device: Device = "auto",
    cache: Cache = DEFAULT_CACHE,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", rich_help_panel=RUN, help="Neither read nor write the cache of features.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Extract features with their pictures' names; when it was stopped, the same command continues."""
    from pcmsn.data.datasets import exact_dataset_name
    from pcmsn.device import pick_device
    from pcmsn.features.forward import Computation, suitable_precision
    from pcmsn.features.requests import ExtractionRequest
    from pcmsn.features.store import FeatureCache

    place = pick_device(device)
    chosen = suitable_precision(place) if precision == "auto" else precision
    request = ExtractionRequest(
        backbone=backbone,
        out=out,
        dataset=exact_dataset_name(dataset) if dataset else None,
        data_root=data_root,
        photos=photos.value,
        folder=folder,
        lines=sys.stdin if list_ == "-" else None,
        list_file=Path(list_) if list_ not in (None, "-") else None,
        modality=modality,
        model_root=model_root,
        resize=resize,
        layers=layers,
        rows_per_file=rows_per_file,
        overwrite=overwrite,
    )
    results = _run(
        request,
        computation=Computation(
            device=place, batch_size=batch_size, workers=workers, precision=chosen, compiled=compiled
        ),
        cache=None if no_cache else FeatureCache(cache),
    )
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results]))
        return
    for result in results:
        _print_result(result)
    if request.of_dataset and len(results) > 1:
        typer.echo(f"train with: pcmsn train --backbone features:{out} --dataset {dataset}")


def _run(request: ExtractionRequest, **options: Any) -> tuple[Exported, ...]:
    from pcmsn.cli.display import Display
    from pcmsn.features.requests import extract_to_files

    with Display() as display:
        try:
            return extract_to_files(request, progress=display.stage, **options)
        except KeyboardInterrupt:
            display.note("stopped; what was computed is kept. Run the same command again to continue")
            raise typer.Exit(130) from None


def _print_result(result: Exported) -> None:
    where = f"{result.target}" if result.files == 1 else f"{result.target}, {result.files} files"
    typer.echo(f"{result.rows:,} features of {result.feature_dim} values in {where}")
    typer.echo(
        f"  computed {result.computed:,}, from the cache {result.from_cache:,}, "
        f"from files that were there {result.from_parts:,}"
    )
    if result.unreadable:
        typer.echo(f"  {result.unreadable:,} pictures cannot be read, listed in {result.unreadable_file}:")
        for name, reason in result.first_unreadable[:SHOWN_UNREADABLE]:
            typer.echo(f"    {name}: {reason}")
