"""``pcmsn train``: parse, prepare, train, say where the run is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.option_groups import with_option_groups
from pcmsn.cli.options import (
    DEFAULT_CACHE,
    EXTRACTOR,
    RUN,
    Cache,
    Config,
    DataOptions,
    Device,
    ExtractorOptions,
    Json,
    Overwrite,
    PrintConfig,
    Resume,
    Seed,
    SemanticsOptions,
    Standardise,
    given,
    names_given,
    standardisation,
)

if TYPE_CHECKING:
    from pcmsn.training.config import RunConfig
    from pcmsn.training.run_folder import RunFolder

MODEL, LOSS = "Model", "Loss and optimisation"


@with_option_groups
def train(
    data: DataOptions,
    semantics: SemanticsOptions,
    extractor: ExtractorOptions,
    finetune: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Fine-tune the extractor on the seen classes first, with this preset of pcmsn finetune or TOML file.",
            show_default="no; preset best-finetuned: best",
        ),
    ] = None,
    standardise: Standardise = None,
    dim: Annotated[
        int | None, typer.Option(rich_help_panel=MODEL, help="Length of a retrieval feature.", show_default="64")
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(rich_help_panel=MODEL, help="Dropout rate.", show_default="0.5")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(rich_help_panel=LOSS, help="Learning rate of all optimizers.", show_default="1e-4; best 1e-3"),
    ] = None,
    lambda_adv: Annotated[
        float | None, typer.Option(rich_help_panel=LOSS, help="Weight of the adversarial losses.", show_default="1.0")
    ] = None,
    lambda_rec: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=LOSS, help="Weight of the cross-reconstruction loss.", show_default="1.0; TU-Berlin 0.5"
        ),
    ] = None,
    lambda_cls: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=LOSS, help="Weight of the classification loss.", show_default="0.4; TU-Berlin 0.1"
        ),
    ] = None,
    lambda_cmt: Annotated[
        float | None,
        typer.Option(rich_help_panel=LOSS, help="Weight of the cross-modal Euclidean loss.", show_default="0.4"),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(rich_help_panel=RUN, help="paper, released, best or best-finetuned.", show_default="paper"),
    ] = None,
    config: Config = None,
    epochs: Annotated[
        int | None, typer.Option(rich_help_panel=RUN, help="Epochs, at most.", show_default="30; best 12")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(rich_help_panel=RUN, help="Pairs of a sketch and a photo in a batch.", show_default="128"),
    ] = None,
    batches_per_epoch: Annotated[
        int | None, typer.Option(rich_help_panel=RUN, help="Batches in an epoch.", show_default="100; best 60")
    ] = None,
    early_stop: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Stop after this many epochs without a better one; 0: never.",
            show_default="10; best 0",
        ),
    ] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN, help="The run folder to write.", show_default="runs/<data set>-<preset>-<seed>"
        ),
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    print_config: PrintConfig = False,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train PCMSN on the seen classes of a data set, choosing the best epoch on its validation classes."""
    from pcmsn.training.configuration import build_config, config_to_toml

    overrides: dict[str, dict[str, Any]] = {
        "data": data.settings(),
        "semantics": semantics.settings(),
        "backbone": {**extractor.settings(), "finetune": finetune, "standardise": standardisation(standardise)},
        "model": {"dim": dim, "dropout": dropout},
        "loss": {
            "adversarial": lambda_adv,
            "reconstruction": lambda_rec,
            "classification": lambda_cls,
            "cross_modal": lambda_cmt,
        },
        "optimisation": {"learning_rate": learning_rate},
        "training": {
            "epochs": epochs,
            "batch_size": batch_size,
            "batches_per_epoch": batches_per_epoch,
            "early_stop": early_stop,
            "seed": seed,
        },
    }
    options = given(overrides)
    if resume:
        folder, run = _resumed(out, options, names_given({}, preset=preset, config=config, overwrite=overwrite))
    else:
        run = build_config(preset=preset, file=config, overrides=options)
        folder = _new_folder(out or _default_folder(run), overwrite or print_config)
    if print_config:
        typer.echo(config_to_toml(run), nl=False)
        return
    _train(run, folder, resume=resume, cache=cache, device=device, as_json=as_json)


def _default_folder(config: RunConfig) -> Path:
    """``runs/<data set>-<preset>-<seed>``."""
    return Path("runs") / f"{Path(config.data.dataset).name}-{config.preset}-{config.training.seed}"


def _new_folder(out: Path, replace: bool) -> RunFolder:
    from pcmsn.errors import CheckpointError
    from pcmsn.training.run_folder import RunFolder

    folder = RunFolder(out)
    if folder.holds_a_run() and not replace:
        raise CheckpointError(
            f"{out} already holds a run; continue it with --resume, replace it with --overwrite, or pass another --out"
        )
    return folder


def _resumed(out: Path | None, options: dict[str, dict[str, Any]], others: list[str]) -> tuple[RunFolder, RunConfig]:
    """The folder and configuration of a run to continue; only the number of epochs may change."""
    from dataclasses import replace

    from pcmsn.errors import ConfigError
    from pcmsn.training.run_folder import RunFolder

    if out is None:
        raise ConfigError("--resume needs --out with the folder of the run to continue")
    epochs = options.get("training", {}).get("epochs")
    unfit = [name for name in names_given(options) if name != "training.epochs"] + others
    if unfit:
        raise ConfigError(
            f"--resume continues {out} as it was configured; only --epochs can change, got {', '.join(unfit)} too"
        )
    folder = RunFolder(out)
    stored = folder.read_config()
    return folder, replace(stored, training=replace(stored.training, epochs=epochs or stored.training.epochs))


def _train(config: RunConfig, folder: RunFolder, *, resume: bool, cache: Path, device: str, as_json: bool) -> None:
    from pcmsn.cli.display import Display, TrainingDisplay
    from pcmsn.training.session import train_run

    with Display() as display:
        try:
            record = train_run(
                config,
                folder,
                resume=resume,
                cache=cache,
                device=device,
                progress=display.stage,
                note=display.note,
                observer=TrainingDisplay(display, config.training),
            )
        except KeyboardInterrupt:
            display.note(
                f"stopped; every whole epoch is saved. Continue with: pcmsn train --resume --out {folder.path}"
                if folder.holds_a_run()
                else "stopped before the first epoch; the same command goes on with what is there"
            )
            raise typer.Exit(130) from None
    if as_json:
        result = {
            "run": str(folder.path),
            "best_epoch": record.best_epoch,
            "epochs": record.epochs_done,
            "validation_mAP@all": record.best_score,
            "split": record.split.name,
            "missing_classes": list(record.split.missing),
        }
        typer.echo(json.dumps(result))
        return
    typer.echo(f"best epoch {record.best_epoch} of {record.epochs_done}, validation mAP@all {record.best_score:.4f}")
    typer.echo(f"test it with: pcmsn test --run {folder.path}")
