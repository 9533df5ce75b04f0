"""``pcmsn data download``: the files of a data set from where they are known to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import Json

if TYPE_CHECKING:
    from pcmsn.cli.display import Display
    from pcmsn.data.downloads.download import Downloaded
    from pcmsn.data.downloads.locations import Location, Part

MEGABYTE = 10**6


def download(
    dataset: Annotated[str | None, typer.Argument(help="sketchy, tu-berlin or quickdraw; see --list.")] = None,
    parts: Annotated[
        list[str] | None, typer.Option("--part", help="Only this part, for example sketches or photos; repeatable.")
    ] = None,
    folder: Annotated[Path, typer.Option("--to", help="Folder for the files, made if missing.")] = Path("./downloads"),
    locations: Annotated[
        Path | None, typer.Option(help="Your own TOML file of locations, in the form of the packaged one.")
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Print the known parts and addresses, and download nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Download a data set's files, continuing those that were cut off, and check what is known of them."""
    from pcmsn.data.downloads.locations import PACKAGED, find_location, read_locations
    from pcmsn.errors import DataError

    known = read_locations(locations or PACKAGED)
    if show_list:
        found = [find_location(dataset, known)] if dataset else list(known.values())
        _print_list(found, as_json)
        return
    if dataset is None:
        raise DataError(f"no data set given; expected one of {', '.join(known)}, or --list to see what there is")
    chosen = find_location(dataset, known).choose(tuple(parts or ()))
    results, failures = _download_all(chosen, folder)
    _print_results(results, folder, as_json, whole=not failures)
    if failures:
        raise DataError("\n\n".join(failures))


def _download_all(parts: tuple[Part, ...], folder: Path) -> tuple[list[Downloaded], list[str]]:
    """What could be had, and the messages for the rest: one part that is gone does not hold up the others."""
    from pcmsn.cli.display import Display
    from pcmsn.data.downloads.download import download as download_part
    from pcmsn.errors import DataError

    results, failures = [], []
    with Display() as display:
        for part in parts:
            try:
                progress = _megabytes(display, part.file)
                results.append(download_part(part, folder, progress=progress, note=display.note))
            except DataError as error:
                failures.append(str(error))
            except KeyboardInterrupt:
                display.note(f"stopped; what has arrived is kept in {folder}. Run the same command again to continue")
                raise typer.Exit(130) from None
    return results, failures


def _megabytes(display: Display, file: str) -> Callable[[int, int | None], None]:
    """Progress in whole megabytes; without a total the bar's end moves along."""

    def progress(done: int, total: int | None) -> None:
        finished = total is not None and done >= total
        whole = -(-total // MEGABYTE) if total else done // MEGABYTE + 1
        display.stage(f"{file} (MB)", whole if finished else min(done // MEGABYTE, whole - 1), whole)

    return progress


def _print_results(results: list[Downloaded], folder: Path, as_json: bool, *, whole: bool) -> None:
    from pcmsn.data.downloads.download import next_command

    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "files": [_as_dict(result) for result in results]}))
        return
    if not results:
        return
    from pcmsn.cli.printing import output, titled_table

    console = output()
    table = titled_table(f"{results[0].part.dataset} in {folder}")
    table.add_column("part")
    table.add_column("file", overflow="fold")
    table.add_column("MB", justify="right")
    table.add_column("checked")
    table.add_column("from", overflow="fold")
    for result in results:
        table.add_row(
            result.part.name,
            result.part.file,
            f"{result.bytes / MEGABYTE:,.1f}",
            result.checked or "nothing known",
            result.mirror or "there before",
        )
    console.print(table)
    commands = dict.fromkeys(next_command(result.part, folder) for result in results) if whole else {}
    for command in filter(None, commands):
        console.print(f"Next: {command}", soft_wrap=True)


def _as_dict(result: Downloaded) -> dict[str, Any]:
    return {
        "part": result.part.name,
        "file": str(result.path),
        "bytes": result.bytes,
        "checked": result.checked or None,
        "from": result.mirror,
    }


def _print_list(locations: list[Location], as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps({location.name: asdict(location) for location in locations}))
        return
    for location in locations:
        _print_location(location)


def _print_location(location: Location) -> None:
    from pcmsn.cli.printing import output

    console = output()
    console.print(f"{location.name}: {location.title}", style="bold")
    console.print(location.citation)
    for part in location.parts:
        optional = ", only with --part" if part.optional else ""
        size = f", {part.size / MEGABYTE:,.1f} MB" if part.size else ""
        console.print(f"\n  {part.name}: {part.file}{size}{optional}", style="bold")
        lines = [part.contents, *part.mirrors, f"by hand: {part.page}"]
        lines += [f"licence: {part.licence}"] if part.licence else []
        for line in lines:
            console.print(f"    {line}", soft_wrap=True)
    console.print()
