"""``pcmsn ablate``: the paper's Table III or IV over seeds, with the paper's row beside ours."""

from __future__ import annotations

import json
import os
import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import (
    DEFAULT_CACHE,
    RUN,
    AllowMissing,
    Backbone,
    Cache,
    DataRoot,
    Dataset,
    Device,
    Family,
    FileList,
    Json,
    LayersOption,
    Metrics,
    ModelRoot,
    Photos,
    ResizeOption,
    Semantics,
    SemanticsRoot,
    SplitName,
    SplitSeed,
    Standardise,
    UnseenClasses,
    given,
    standardisation,
)

if TYPE_CHECKING:
    from pcmsn.cli.display import Display
    from pcmsn.training.config import RunConfig
    from pcmsn.training.experiments.ablation import Ablation
    from pcmsn.training.experiments.ablation_tables import AblationRow, AblationTable
    from pcmsn.training.experiments.runner import Report


class Table(str, Enum):
    """The tables by what they vary."""

    PARTS = "parts"
    SEMANTICS = "semantics"
    RECIPE = "recipe"


def ablate(
    table: Annotated[
        Table,
        typer.Option(
            help="parts: Table IV, the parts of the method. semantics: Table III, eight kinds of side information. "
            "recipe: preset best, less one part a row."
        ),
    ] = Table.PARTS,
    dataset: Dataset = None,
    data_root: DataRoot = None,
    photos: Photos = None,
    split: SplitName = None,
    split_seed: SplitSeed = None,
    unseen_classes: UnseenClasses = None,
    file_list: FileList = None,
    allow_missing_classes: AllowMissing = None,
    semantics_root: SemanticsRoot = None,
    semantics: Semantics = None,
    backbone: Backbone = None,
    model_root: ModelRoot = None,
    resize: ResizeOption = None,
    layers: LayersOption = None,
    standardise: Standardise = None,
    preset: Annotated[
        str | None, typer.Option(rich_help_panel=RUN, help="paper, released or best.", show_default="the table's own")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(rich_help_panel=RUN, help="TOML file; options given here and the table's rows win over it."),
    ] = None,
    seeds: Annotated[str, typer.Option(rich_help_panel=RUN, help="One run a row and seed.")] = "0,1,2",
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Of every run; the best one by validation classes is tested.",
            show_default="8; for recipe the preset's",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(rich_help_panel=RUN, help="Runs at a time; they share the cores.", show_default="one a core"),
    ] = None,
    metrics: Metrics = Family.SEM_PCYC,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Gets the table and every run's result; the same command continues from there.",
            show_default="runs/ablation-<data set>",
        ),
    ] = None,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Repeat the paper's ablations on any data: mean and spread over seeds, and whether the paper's order holds."""
    from pcmsn.training.configuration import build_config
    from pcmsn.training.experiments.ablation_tables import TABLES
    from pcmsn.training.experiments.tables import seeds_from

    rows = TABLES[table.value]
    options: dict[str, dict[str, Any]] = {
        "data": {
            "dataset": dataset,
            "data_root": data_root,
            "photos": photos,
            "split": split,
            "split_seed": split_seed,
            "unseen_classes": unseen_classes,
            "file_list": file_list,
            "allow_missing_classes": allow_missing_classes,
        },
        "semantics": {"root": semantics_root, "sources": semantics},
        "backbone": {
            "spec": backbone,
            "model_root": model_root,
            "resize": resize,
            "layers": layers,
            "standardise": standardisation(standardise),
        },
        "training": {"epochs": epochs or (None if config else rows.epochs)},
    }
    run = build_config(preset=preset or (None if config else rows.preset), file=config, overrides=given(options))
    found = _ablate(
        run,
        rows,
        seeds_from(seeds),
        out or Path("runs") / f"ablation-{Path(run.data.dataset).name}",
        family=metrics.value,
        cache=cache,
        device=device,
        processes=processes,
    )
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        print_ablation(found)
    if found.failures:
        raise typer.Exit(1)


def _ablate(config: RunConfig, table: AblationTable, seeds: tuple[int, ...], out: Path, **options: Any) -> Ablation:
    from pcmsn.cli.display import Display
    from pcmsn.training.experiments.ablation import run_ablation

    with Display() as display:
        runs = _Runs(display)
        try:
            found = run_ablation(
                config,
                table,
                seeds,
                out,
                progress=display.stage,
                report=runs.report,
                **options,
            )
        except KeyboardInterrupt:
            display.note(f"stopped; {runs.finished} finished runs are in {out}. The same command continues")
            raise typer.Exit(130) from None
        for name, error in found.failures.items():
            display.note(f"{name} has failed: {error}")
        display.note(f"wrote {' and '.join(str(path) for path in found.write(out))}")
    return found


class _Runs:
    """Shows every run as it ends, and for how long the others will take."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.finished = 0
        self._computed = 0
        self._start = time.monotonic()

    def report(self, report: Report) -> None:
        """A line for a run that was computed; those on disk are only counted."""
        self.finished = report.finished
        if report.outcome == "stored":
            self._start = time.monotonic()
            return
        self._computed += 1
        left = (report.total - report.finished) * (time.monotonic() - self._start) / self._computed
        self.display.note(
            f"{report.finished} of {report.total}: {report.job.name}, {_described(report)}, "
            f"about {left / 60:.0f} min left"
        )


def _described(report: Report) -> str:
    if report.result is None:
        return "failed"
    protocol, scores = next(iter(report.result["scores"].items()))
    return (
        f"{protocol} mAP@all {scores['real']['mAP@all']:.4f} (best epoch {report.result['best_epoch']} of "
        f"{report.result['epochs']}, {report.result['seconds_per_epoch']:.1f} s each)"
    )


def print_ablation(found: Ablation) -> None:
    """The table, then what a reader of it should know."""
    from rich.console import Console
    from rich.table import Table as RichTable

    width = None if Console().is_terminal or "COLUMNS" in os.environ else 110
    console = Console(highlight=False, width=width)
    inputs = found.inputs
    shown = RichTable(
        title=f"{found.table.title} · {inputs.dataset}, split {inputs.split.name}, preset {found.config.preset}, "
        f"{inputs.backbone}, {found.config.model.dim}-d, {_counted(found.config.training.epochs, 'epoch')}, "
        f"{_counted(len(found.seeds), 'seed')}",
        title_justify="left",
        title_style="bold",
    )
    shown.add_column("", justify="right", no_wrap=True)
    shown.add_column("")
    for protocol in found.protocols:
        shown.add_column(protocol, justify="right", no_wrap=True)
    has_paper = any(result.row.paper for result in found.rows)
    if has_paper:
        shown.add_column("paper", no_wrap=True)
    shown.add_column("order here", no_wrap=True)
    numbers = {result.row.name: number for number, result in enumerate(found.rows, start=1)}
    for result in found.rows:
        row = result.row
        shown.add_row(
            str(numbers[row.name]),
            row.name,
            *(str(result.spread(protocol) or "failed") for protocol in found.protocols),
            *([f"{row.paper.sketchy:.3f} {row.paper.tu_berlin:.3f}" if row.paper else ""] if has_paper else []),
            _relation(row, numbers, result.order),
        )
    console.print(shown)
    for note in notes_of(found):
        console.print(note, markup=False)


def _relation(row: AblationRow, numbers: dict[str, int], order: str | None) -> str:
    """For example ``> 3: yes``."""
    other = row.above or row.below
    return f"{'>' if row.above else '<'} {numbers[other]}: {order}" if other else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_PAPER_NOTES = (
    "paper: Sketchy-Ext and TU-Berlin-Ext in full with fine-tuned VGG16 features; compare orders, not values.",
)


def notes_of(found: Ablation) -> list[str]:
    """What the numbers of the table are."""
    from pcmsn.training.protocols import MEANING

    spread = "mean ± standard deviation over the seeds" if len(found.seeds) > 1 else "one seed, so no spread is known"
    return [
        f"mAP@all of real-valued features, {spread}; the best epoch is chosen on the validation classes.",
        *(f"{protocol}: {MEANING[protocol]}." for protocol in found.protocols),
        *(_PAPER_NOTES if any(result.row.paper for result in found.rows) else ()),
        "order here: '> 3' says above row 3, '< 3' below it. yes or no: the sign of the difference of the means on "
        f"{found.protocols[0]}; *: that is no larger than the larger standard deviation of the two, or none is known.",
        *found.table.notes,
        *found.inputs.notes,
    ]
