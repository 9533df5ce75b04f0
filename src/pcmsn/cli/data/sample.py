"""``pcmsn data sample``: a small data set from a large one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json, PhotoVariant

if TYPE_CHECKING:
    from pcmsn.data.sampling import Sample

EXAMPLES = 5


def sample(
    target: Annotated[
        Path, typer.Option("--to", help="Folder for the sample; of a benchmark, the --data-root to use.")
    ],
    dataset: Annotated[
        str, typer.Option(help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder of your own.")
    ] = "Sketchy",
    data_root: Annotated[Path, typer.Option(help="Folder that holds the benchmarks.")] = Path("./ZS-SBIR"),
    photo_set: Annotated[PhotoVariant, typer.Option(help="Which of Sketchy's photos.")] = PhotoVariant.EXTENDED,
    sketches: Annotated[int, typer.Option(min=1, help="Sketches of each class.")] = 25,
    photos: Annotated[int, typer.Option(min=1, help="Photos of each class.")] = 50,
    classes: Annotated[
        Path | None, typer.Option(help="Text file with one class name a line.", show_default="all classes")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed takes the same pictures.")] = 0,
    link: Annotated[bool, typer.Option("--link", help="Link instead of copying: hard, else symbolic links.")] = False,
    as_json: Json = False,
) -> None:
    """Take some sketches and photos of each class into a small data set of the same layout."""
    from pcmsn.cli.display import Display
    from pcmsn.data.datasets import exact_dataset_name, open_dataset
    from pcmsn.data.sampling import sample as take_sample
    from pcmsn.data.sampling import sample_layout
    from pcmsn.data.splits import read_class_names

    dataset = exact_dataset_name(dataset)
    names = read_class_names(classes) if classes else None
    with Display() as display:
        try:
            source = open_dataset(
                dataset,
                data_root,
                photos=photo_set.value,
                progress=lambda done, total: display.stage("drawing the toy world", done, total),
            )
            result = take_sample(
                source,
                sample_layout(dataset, target, photo_set.value),
                sketches_per_class=sketches,
                photos_per_class=photos,
                seed=seed,
                link=link,
                classes=names,
                progress=lambda done, total: display.stage("taking pictures", done, total),
            )
        except KeyboardInterrupt:
            display.note("stopped; what is in place is whole. Run the same command again to go on")
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(_as_dict(result, seed)))
    else:
        _print_sample(result, seed, _options_to_use_it(dataset, target))


def _options_to_use_it(dataset: str, target: Path) -> str:
    from pcmsn.data.datasets import BENCHMARKS

    return f"--dataset {dataset} --data-root {target}" if dataset in BENCHMARKS else f"--dataset {target}"


def _as_dict(result: Sample, seed: int) -> dict[str, object]:
    return {
        "dataset": result.layout.name,
        "sketch_folder": str(result.layout.sketches),
        "photo_folder": str(result.layout.photos),
        "seed": seed,
        "classes": result.classes,
        "sketches": result.sketches,
        "photos": result.photos,
        "written": result.written,
        "short": [
            {"modality": short.modality, "class": short.class_name, "pictures": short.pictures}
            for short in result.short
        ],
    }


def _print_sample(result: Sample, seed: int, options: str) -> None:
    from pcmsn.cli.printing import output, titled_table

    console = output()
    table = titled_table(f"Sample of {result.layout.name}, seed {seed}")
    table.add_column("")
    table.add_column("classes", justify="right")
    table.add_column("pictures", justify="right")
    table.add_column("folder", overflow="fold")
    table.add_row("sketches", f"{result.classes:,}", f"{result.sketches:,}", str(result.layout.sketches))
    table.add_row("photos", f"{result.classes:,}", f"{result.photos:,}", str(result.layout.photos))
    console.print(table)
    there = result.sketches + result.photos - result.written
    lines = [f"{result.written:,} written now, {there:,} were there."]
    for modality, plural in (("sketch", "sketches"), ("photo", "photos")):
        short = [entry for entry in result.short if entry.modality == modality]
        if short:
            shown = ", ".join(f"{entry.class_name} ({entry.pictures})" for entry in short[:EXAMPLES])
            more = f" and {len(short) - EXAMPLES} more" if len(short) > EXAMPLES else ""
            lines.append(f"Fewer {plural} than asked for, all taken: {shown}{more}.")
    lines.append(f"Use it with: {options}")
    for line in lines:
        console.print(line, soft_wrap=True)
