"""``pcmsn data splits``: which classes a split trains, validates and tests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json

if TYPE_CHECKING:
    from pcmsn.data.splits import Split


def splits(
    dataset: Annotated[str, typer.Argument(help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder of your own.")],
    split: Annotated[
        str | None, typer.Argument(help="A published split, random, or a TOML file; none lists what there is.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split random.")] = 0,
    unseen_classes: Annotated[
        Path | None, typer.Option(help="Text file with one class name a line: the test classes.")
    ] = None,
    data_root: Annotated[Path, typer.Option(help="Holds the toy world, which has no published list.")] = Path(
        "./ZS-SBIR"
    ),
    as_json: Json = False,
) -> None:
    """Print the train, val and test classes of a split, or the splits that a data set has."""
    from pcmsn.data.splits import find_split, load_unseen_split, published_split, published_splits
    from pcmsn.errors import SplitError

    if unseen_classes:
        if split:
            raise SplitError(f"--unseen-classes {unseen_classes} and the split {split!r} both name the unseen classes")
        _print_split(load_unseen_split(unseen_classes, dataset, _class_names(dataset, data_root)), dataset, as_json)
    elif split:
        classes = _class_names(dataset, data_root) if split == "random" else ()
        _print_split(find_split(split, dataset, classes, seed), dataset, as_json)
    else:
        names = published_splits(dataset)
        if not names:
            raise SplitError(f"no published split of {dataset!r}; name one, for example: pcmsn data splits Sketchy")
        _print_list(dataset, [published_split(dataset, name) for name in names], as_json)


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
    from rich.console import Console

    if as_json:
        typer.echo(json.dumps({"dataset": dataset, **split.to_dict()}))
        return
    console = Console(highlight=False, width=None if Console().is_terminal else 110)
    console.print(
        f"{dataset}, split {split.name}: {len(split.train)} train, {len(split.val)} val, {len(split.test)} test; "
        f"published scores are on {split.reported}",
        style="bold",
        markup=False,
    )
    for part in ("train", "val", "test"):
        names = getattr(split, part)
        console.print(f"\n{part} ({len(names)})", style="bold")
        console.print(" ".join(names), markup=False)


def _print_list(dataset: str, found: list[Split], as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps({"dataset": dataset, "splits": [split.name for split in found]}))
        return
    table = Table(title=f"Published splits of {dataset}", title_justify="left", title_style="bold")
    table.add_column("split")
    for part in ("train", "val", "test"):
        table.add_column(part, justify="right")
    table.add_column("published scores are on")
    for split in found:
        table.add_row(
            split.name, *(str(len(getattr(split, part))) for part in ("train", "val", "test")), split.reported
        )
    console = Console(highlight=False, width=None if Console().is_terminal else 110)
    console.print(table)
    console.print(f"One of them: pcmsn data splits {dataset} {found[0].name}; or random, or a TOML file.", markup=False)
