"""``pcmsn data splits``: which classes a split trains, validates and tests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from pcmsn.data.splits import Split


def splits(
    dataset: Annotated[
        str | None,
        typer.Argument(
            help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder of your own; without it, all published splits "
            "are listed."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Argument(help="A published split, random, or a TOML file; without it, splits are listed."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split random.")] = 0,
    unseen_classes: Annotated[
        Path | None, typer.Option(help="Text file with one class name a line: the test classes.")
    ] = None,
    data_root: Annotated[Path, typer.Option(help="Folder that holds toyworld, which has no published split.")] = Path(
        "./ZS-SBIR"
    ),
    as_json: Json = False,
) -> None:
    """Print the train, val and test classes of a split, or the splits that a data set has."""
    from pcmsn.data.datasets import BENCHMARKS, exact_dataset_name
    from pcmsn.data.splits import find_split, load_unseen_split, published_splits
    from pcmsn.errors import SplitError, did_you_mean

    if dataset is None:
        if unseen_classes:
            raise SplitError(f"say of which data set: pcmsn data splits DATASET --unseen-classes {unseen_classes}")
        _print_all({name: _published(name) for name in BENCHMARKS}, as_json)
        return
    dataset = exact_dataset_name(dataset)
    if unseen_classes:
        if split:
            raise SplitError(f"--unseen-classes {unseen_classes} and the split {split!r} both name the unseen classes")
        _print_split(load_unseen_split(unseen_classes, dataset, _class_names(dataset, data_root)), dataset, as_json)
    elif split:
        classes = _class_names(dataset, data_root) if split == "random" else ()
        _print_split(find_split(split, dataset, classes, seed), dataset, as_json)
    else:
        if not published_splits(dataset):
            raise SplitError(
                f"no published split of {dataset!r}{did_you_mean(dataset, BENCHMARKS)}; there are some of "
                f"{', '.join(BENCHMARKS)}. Of a folder of your own: pcmsn data splits FOLDER random"
            )
        _print_list(dataset, _published(dataset), as_json)


def _published(dataset: str) -> list[Split]:
    from pcmsn.data.splits import published_split, published_splits

    return [published_split(dataset, name) for name in published_splits(dataset)]


def _class_names(dataset: str, data_root: Path) -> tuple[str, ...]:
    """From the published lists, which need no pictures, or from the folder."""
    from pcmsn.data.datasets import find_layout
    from pcmsn.data.layouts import list_dataset
    from pcmsn.data.splits import published_split, published_splits

    published = published_splits(dataset)
    if published:
        return published_split(dataset, published[0]).classes
    return list_dataset(find_layout(dataset, data_root)).classes


def _print_split(split: Split, dataset: str, as_json: bool) -> None:
    from pcmsn.cli.printing import output

    if as_json:
        typer.echo(json.dumps({"dataset": dataset, **split.to_dict()}))
        return
    console = output()
    console.print(
        f"{dataset}, split {split.name}: {len(split.train)} train, {len(split.val)} val, {len(split.test)} test; "
        f"published scores are on {split.reported}",
        style="bold",
    )
    for part in ("train", "val", "test"):
        names = getattr(split, part)
        console.print(f"\n{part} ({len(names)})", style="bold")
        console.print(" ".join(names))


def _print_list(dataset: str, found: list[Split], as_json: bool) -> None:
    from pcmsn.cli.printing import output

    if as_json:
        typer.echo(json.dumps({"dataset": dataset, "splits": [split.name for split in found]}))
        return
    console = output()
    console.print(_table(dataset, found))
    console.print(f"One of them: pcmsn data splits {dataset} {found[0].name}; or random, or a TOML file.")


def _print_all(found: dict[str, list[Split]], as_json: bool) -> None:
    from pcmsn.cli.printing import output

    if as_json:
        typer.echo(json.dumps({dataset: [split.name for split in splits] for dataset, splits in found.items()}))
        return
    console = output()
    for dataset, listed in found.items():
        console.print(_table(dataset, listed))
    console.print("One of them: pcmsn data splits Sketchy sem-pcyc.")


def _table(dataset: str, found: list[Split]) -> Table:
    from pcmsn.cli.printing import titled_table

    table = titled_table(f"Published splits of {dataset}")
    table.add_column("split")
    for part in ("train", "val", "test"):
        table.add_column(part, justify="right")
    table.add_column("published scores are on")
    for split in found:
        table.add_row(
            split.name, *(str(len(getattr(split, part))) for part in ("train", "val", "test")), split.reported
        )
    return table
