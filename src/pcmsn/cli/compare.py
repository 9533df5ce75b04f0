"""``pcmsn compare``: methods side by side on the same features, or two runs on the same queries."""

from __future__ import annotations

import json
import time
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
from pcmsn.errors import ConfigError
from pcmsn.training.methods import method_names

if TYPE_CHECKING:
    from pcmsn.cli.display import Display
    from pcmsn.training.config import RunConfig
    from pcmsn.training.experiments.runner import Report
    from pcmsn.training.methods.comparing.comparison import Comparison

OF_TWO_RUNS = ("data.data_root", "backbone.model_root")


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN_A RUN_B", help="Two run folders to compare in pairs, instead of methods."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help=f"With commas between: {', '.join(method_names())}.",
            show_default="all",
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Also show published figures, in tables of their own.")
    ] = False,
    metrics: Metrics = Family.SEM_PCYC,
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
        str | None,
        typer.Option(rich_help_panel=RUN, help="Of PCMSN: paper or released.", show_default="paper"),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(rich_help_panel=RUN, help="TOML file; options given here win over it.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(rich_help_panel=RUN, help="One run a method and seed.", show_default="0,1,2")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUN,
            help="The most, of every method that has epochs; the best one by validation classes is tested.",
            show_default="30",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(rich_help_panel=RUN, help="Runs at a time; they share the cores.", show_default="one a core"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Gets the table, every result and PCMSN's runs; the same command continues from there.",
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
            "training": {"epochs": epochs},
        }
    )
    where = {"family": metrics.value, "cache": cache, "device": device}
    if runs:
        others: dict[str, Any] = {"methods": methods, "published": published or None, "preset": preset}
        others |= {"config": config, "seeds": seeds, "processes": processes, "out": out}
        _check_two_runs(runs, options, others)
        _compare_runs(runs[0], runs[1], where | {"data_root": data_root, "model_root": model_root}, as_json=as_json)
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


def _check_two_runs(runs: list[Path], options: dict[str, dict[str, Any]], others: dict[str, Any]) -> None:
    if len(runs) != 2:
        raise ConfigError(f"pcmsn compare takes two run folders, or none to compare methods; got {len(runs)}")
    settings = [f"{part}.{name}" for part, values in options.items() for name in values]
    unfit = [name for name in settings if name not in OF_TWO_RUNS]
    unfit += [f"--{name}" for name, value in others.items() if value is not None]
    if unfit:
        raise ConfigError(
            f"two runs are compared as they were trained; only --data-root, --model-root, --metrics, --cache, --device "
            f"and --json count, got {', '.join(unfit)} too"
        )


def _compare_methods(
    config: RunConfig, methods: list[str], seeds: tuple[int, ...], out: Path, **options: Any
) -> Comparison:
    from pcmsn.cli.display import Display
    from pcmsn.training.methods.comparing.comparison import COMPARISON, compare_methods

    with Display() as display:
        runs = _Runs(display)
        try:
            found = compare_methods(config, methods, seeds, out, progress=display.stage, report=runs.report, **options)
        except KeyboardInterrupt:
            display.note(f"stopped; {runs.finished} finished runs are in {out}. The same command continues")
            raise typer.Exit(130) from None
        for name, error in found.failures.items():
            display.note(f"{name} has failed: {error}")
        display.note(f"wrote {out / COMPARISON}")
    return found


class _Runs:
    """A line for every run that was computed; those on disk are only counted."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.finished = 0
        self._start = time.monotonic()

    def report(self, report: Report) -> None:
        """Show the end of one run."""
        self.finished = report.finished
        if report.outcome == "stored":
            return
        passed = f"{time.monotonic() - self._start:.0f} s so far"
        self.display.note(f"{report.finished} of {report.total}: {report.job.name}, {_described(report)}, {passed}")


def _described(report: Report) -> str:
    if report.result is None:
        return "failed"
    protocol, scores = next(iter(report.result["scores"].items()))
    epochs = (
        f", best epoch {report.result['best_epoch']} of {report.result['epochs']}" if report.result["epochs"] else ""
    )
    return f"{protocol} mAP@all {scores['real']['mAP@all']:.4f} ({report.result['seconds']:.1f} s{epochs})"


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
