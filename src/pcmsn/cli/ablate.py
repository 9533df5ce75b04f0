"""``pcmsn ablate``: rows of settings over seeds, the paper's Tables III and IV with the paper's scores beside ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.option_groups import with_option_groups
from pcmsn.cli.options import (
    DEFAULT_CACHE,
    RUN,
    Cache,
    Config,
    DataOptions,
    Device,
    ExtractorOptions,
    Family,
    Json,
    Metrics,
    Processes,
    Seeds,
    SemanticsOptions,
    Standardise,
    given,
    standardisation,
)

if TYPE_CHECKING:
    from pcmsn.training.config import RunConfig
    from pcmsn.training.experiments.ablation import Ablation
    from pcmsn.training.experiments.ablation_tables import AblationRow, AblationTable


@with_option_groups
def ablate(
    data: DataOptions,
    semantics: SemanticsOptions,
    extractor: ExtractorOptions,
    table: Annotated[
        str,
        typer.Option(
            help="parts: Table IV, the parts of the method; semantics: Table III, eight kinds of side information; "
            "recipe: preset best, less one part in each row; or a TOML file with rows of your own."
        ),
    ] = "parts",
    standardise: Standardise = None,
    preset: Annotated[
        str | None, typer.Option(rich_help_panel=RUN, help="paper, released or best.", show_default="the table's own")
    ] = None,
    config: Config = None,
    seeds: Seeds = "0,1,2",
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Epochs of every run; the best one on the validation classes is tested.",
            show_default="8; table recipe, or of your own: the preset's",
        ),
    ] = None,
    processes: Processes = None,
    metrics: Metrics = Family.SEM_PCYC,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Folder for the table and the result of every run; the same command continues from there.",
            show_default="runs/ablation-<data set>",
        ),
    ] = None,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train rows of settings over seeds, the paper's ablations or your own: mean, spread and order of mAP@all."""
    from pcmsn.training.configuration import build_config
    from pcmsn.training.experiments.ablation_files import find_ablation_table
    from pcmsn.training.experiments.tables import seeds_from

    rows = find_ablation_table(table)
    options: dict[str, dict[str, Any]] = {
        "data": data.settings(),
        "semantics": semantics.settings(),
        "backbone": {**extractor.settings(), "standardise": standardisation(standardise)},
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
    from pcmsn.cli.display import Display, RunsDisplay
    from pcmsn.training.experiments.ablation import run_ablation

    with Display() as display:
        runs = RunsDisplay(display, of_validation=table.judged == "validation")
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


def print_ablation(found: Ablation) -> None:
    """The table, then what a reader of it should know."""
    from pcmsn.cli.printing import output, titled_table

    inputs = found.inputs
    shown = titled_table(
        f"{found.table.title} · {inputs.dataset}, split {inputs.split.name}, preset {found.config.preset}, "
        f"{inputs.backbone}, {found.config.model.dim}-d, {_counted(found.config.training.epochs, 'epoch')}, "
        f"{_counted(len(found.seeds), 'seed')}"
    )
    shown.add_column("", justify="right", no_wrap=True)
    shown.add_column("")
    for column in found.columns:
        shown.add_column(column, justify="right", no_wrap=True)
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
            *(str(result.spread(column) or "failed") for column in found.columns),
            *([f"{row.paper.sketchy:.3f} {row.paper.tu_berlin:.3f}" if row.paper else ""] if has_paper else []),
            _relation(row, numbers, result.order),
        )
    console = output()
    console.print(shown)
    for note in _notes_of(found):
        console.print(note)


def _relation(row: AblationRow, numbers: dict[str, int], order: str | None) -> str:
    """For example ``> 3: yes``."""
    other = row.above or row.below
    return f"{'>' if row.above else '<'} {numbers[other]}: {order}" if other else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_VALIDATION_NOTE = "validation: the validation classes in the epoch that was chosen on them; choose parts by it alone."
_PAPER_NOTES = (
    "paper: Sketchy-Ext and TU-Berlin-Ext in full with fine-tuned VGG16 features; compare orders, not values.",
)


def _notes_of(found: Ablation) -> list[str]:
    """What the numbers of the table are."""
    from pcmsn.training.experiments.ablation import VALIDATION
    from pcmsn.training.protocols import MEANING

    spread = "mean ± standard deviation over the seeds" if len(found.seeds) > 1 else "one seed, so no spread is known"
    return [
        f"mAP@all of real-valued features, {spread}; the best epoch is chosen on the validation classes.",
        *([_VALIDATION_NOTE] if VALIDATION in found.columns else []),
        *(f"{protocol}: {MEANING[protocol]}." for protocol in found.protocols),
        *(_PAPER_NOTES if any(result.row.paper for result in found.rows) else ()),
        "order here: '> 3' says above row 3, '< 3' below it. yes or no: the sign of the difference of the means on "
        f"{found.columns[0]}; *: that is no larger than the larger standard deviation of the two, or none is known.",
        *found.table.notes,
        *found.inputs.notes,
    ]
