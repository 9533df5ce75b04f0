"""``pcmsn compare``: methods side by side on the same features, or two runs on the same queries."""

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
    SemanticsOptions,
    Standardise,
    given,
    names_given,
    standardisation,
)
from pcmsn.errors import ConfigError
from pcmsn.training.methods import method_names

if TYPE_CHECKING:
    from pcmsn.training.config import RunConfig
    from pcmsn.training.methods.comparing.comparison import Comparison

OF_TWO_RUNS = ("data.data_root", "backbone.model_root")


@with_option_groups
def compare(
    data: DataOptions,
    semantics: SemanticsOptions,
    extractor: ExtractorOptions,
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN_A RUN_B", help="Two run folders to compare query by query, instead of methods."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help=f"Methods, separated by commas: {', '.join(method_names())}.",
            show_default="all",
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Also show published figures, in tables of their own.")
    ] = False,
    metrics: Metrics = Family.SEM_PCYC,
    standardise: Standardise = None,
    preset: Annotated[
        str | None,
        typer.Option(rich_help_panel=RUN, help="Preset of the method PCMSN: paper or released.", show_default="paper"),
    ] = None,
    config: Config = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Seeds, separated by commas; every method is run once with each.",
            show_default="0,1,2",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Epochs, at most, of every method that has any; the best one on the validation classes is tested.",
            show_default="30",
        ),
    ] = None,
    processes: Processes = None,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Folder for the table, every result and PCMSN's runs; the same command continues from there.",
            show_default="runs/compare-<data set>",
        ),
    ] = None,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Compare methods on the same features, split and metrics, over seeds; or two runs query by query."""
    options = given(
        {
            "data": data.settings(),
            "semantics": semantics.settings(),
            "backbone": {**extractor.settings(), "standardise": standardisation(standardise)},
            "training": {"epochs": epochs},
        }
    )
    where: dict[str, Any] = {"family": metrics.value, "cache": cache, "device": device}
    if runs:
        unfit = names_given(
            options,
            methods=methods,
            published=published,
            preset=preset,
            config=config,
            seeds=seeds,
            processes=processes,
            out=out,
        )
        _check_two_runs(runs, [name for name in unfit if name not in OF_TWO_RUNS])
        where |= {"data_root": data.data_root, "model_root": extractor.model_root}
        _compare_runs(runs[0], runs[1], where, as_json=as_json)
        return
    from pcmsn.training.configuration import build_config
    from pcmsn.training.experiments.tables import seeds_from

    names = [name.strip() for name in methods.split(",")] if methods else list(method_names())
    run = build_config(preset=preset, file=config, overrides=options)
    folder = out or Path("runs") / f"compare-{Path(run.data.dataset).name}"
    found = _compare_methods(run, names, seeds_from(seeds or "0,1,2"), folder, processes=processes, **where)
    _show(found, run, published=published, as_json=as_json)
    if found.failures:
        raise typer.Exit(1)


def _check_two_runs(runs: list[Path], unfit: list[str]) -> None:
    if len(runs) != 2:
        raise ConfigError(f"pcmsn compare takes two run folders, or none to compare methods; got {len(runs)}")
    if unfit:
        raise ConfigError(
            "two runs are compared as they were trained; only --data-root, --model-root, --metrics, --cache, --device "
            f"and --json count, got {', '.join(unfit)} too"
        )


def _compare_methods(
    config: RunConfig, methods: list[str], seeds: tuple[int, ...], out: Path, **options: Any
) -> Comparison:
    from pcmsn.cli.display import Display, RunsDisplay
    from pcmsn.training.methods.comparing.comparison import COMPARISON, compare_methods

    with Display() as display:
        runs = RunsDisplay(display)
        try:
            found = compare_methods(config, methods, seeds, out, progress=display.stage, report=runs.report, **options)
        except KeyboardInterrupt:
            display.note(f"stopped; {runs.finished} finished runs are in {out}. The same command continues")
            raise typer.Exit(130) from None
        for name, error in found.failures.items():
            display.note(f"{name} has failed: {error}")
        display.note(f"wrote {out / COMPARISON}")
    return found


def _show(found: Comparison, config: RunConfig, *, published: bool, as_json: bool) -> None:
    from pcmsn.training.methods.comparing.published import published_figures

    figures = published_figures(found.dataset) if published else ()
    if as_json:
        more = {"published": [protocol.to_dict() for protocol in figures]} if published else {}
        typer.echo(json.dumps(found.to_dict() | more))
        return
    from pcmsn.cli.compare_tables import print_comparison, print_published

    print_comparison(found, config)
    if published:
        print_published(found.dataset, figures)


def _compare_runs(run_a: Path, run_b: Path, options: dict[str, Any], *, as_json: bool) -> None:
    from pcmsn.cli.compare_tables import print_runs
    from pcmsn.cli.display import Display
    from pcmsn.training.methods.comparing.runs import compare_runs

    with Display() as display:
        found = compare_runs(run_a, run_b, progress=display.stage, **options)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        print_runs(found)
