"""``pcmsn finetune``: parse, fine-tune the extractors on seen classes, say how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import (
    EXTRACTOR,
    RUN,
    AllowMissing,
    DataRoot,
    Dataset,
    Device,
    FileList,
    Json,
    ModelRoot,
    Photos,
    ResizeOption,
    SplitName,
    SplitSeed,
    UnseenClasses,
    given,
)

if TYPE_CHECKING:
    from pcmsn.training.finetuning.config import FinetuneConfig
    from pcmsn.training.finetuning.session import FinetuneResult, Hardware

FITTING = "Fitting"


def finetune(
    dataset: Dataset = None,
    data_root: DataRoot = None,
    photos: Photos = None,
    split: SplitName = None,
    split_seed: SplitSeed = None,
    unseen_classes: UnseenClasses = None,
    file_list: FileList = None,
    allow_missing_classes: AllowMissing = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="The trunk: a Hugging Face name or folder, vgg16:FILE, vgg16 (released weights), tiny:FOLDER.",
            show_default="vgg16",
        ),
    ] = None,
    model_root: ModelRoot = None,
    resize: ResizeOption = None,
    modality: Annotated[
        str | None,
        typer.Option(rich_help_panel=EXTRACTOR, help="sketch, photo or both.", show_default="both"),
    ] = None,
    shared: Annotated[
        bool | None,
        typer.Option(
            "--shared/--two", rich_help_panel=EXTRACTOR, help="One network for both modalities.", show_default="two"
        ),
    ] = None,
    bottleneck: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=EXTRACTOR, help="Length of the feature; 0 takes the trunk's own.", show_default="512"
        ),
    ] = None,
    input_size: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Side of the pictures in pixels, where the trunk allows it; 0 is the trunk's own.",
            show_default="0",
        ),
    ] = None,
    invert_sketches: Annotated[
        bool | None,
        typer.Option(rich_help_panel=EXTRACTOR, help="White strokes on black.", show_default="no-invert-sketches"),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Mean and deviation of pixels: trunk, imagenet, or plain (values in 0..1).",
            show_default="trunk",
        ),
    ] = None,
    frozen_share: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=EXTRACTOR, help="Share of the trunk, from its input on, that stays.", show_default="0"
        ),
    ] = None,
    batch_norm: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR, help="Batch statistics: train, or frozen as they came.", show_default="train"
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(rich_help_panel=FITTING, help="default or released.", show_default="default")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(rich_help_panel=FITTING, help="TOML file; options given here win over it.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(rich_help_panel=FITTING, help="Of as many pictures as there are.", show_default="10"),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(rich_help_panel=FITTING, help="Pictures a step, over all devices.", show_default="32"),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(rich_help_panel=FITTING, help="The trunk's highest.", show_default="1e-4")
    ] = None,
    head_factor: Annotated[
        float | None,
        typer.Option(rich_help_panel=FITTING, help="New layers learn so many times faster.", show_default="10"),
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(rich_help_panel=FITTING, help="Before the bottleneck.", show_default="0")
    ] = None,
    augmentation: Annotated[
        float | None,
        typer.Option(rich_help_panel=FITTING, help="Strength of random changes; 0 is off.", show_default="1"),
    ] = None,
    validate_retrieval: Annotated[
        bool | None,
        typer.Option(
            rich_help_panel=FITTING,
            help="Also measure retrieval of validation classes after each epoch; nothing is chosen by it.",
            show_default="no-validate-retrieval",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(rich_help_panel=FITTING, help="auto, 32, bf16-mixed or 16-mixed.", show_default="auto"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(rich_help_panel=RUN, help="Same seed, same weights.", show_default="0")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN, help="Gets sketch/, photo/.", show_default="extractors/<data set>-<backbone>-<seed>"
        ),
    ] = None,
    released_layout: Annotated[
        Path | None,
        typer.Option(rich_help_panel=RUN, help="Folder for <data set>_sketch.pth and _image.pth as well; VGG16 only."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", rich_help_panel=RUN, help="Continue in --out where it stopped.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", rich_help_panel=RUN, help="Replace what is there.")] = False,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", rich_help_panel=RUN, help="Print the whole configuration as TOML and stop."),
    ] = False,
    device: Device = "auto",
    devices: Annotated[
        int, typer.Option(rich_help_panel=RUN, help="Of each machine; on a CPU, processes.", show_default="1")
    ] = 1,
    nodes: Annotated[int, typer.Option(rich_help_panel=RUN, help="Machines.", show_default="1")] = 1,
    as_json: Json = False,
) -> None:
    """Fine-tune feature extractors as classifiers of the seen classes, for pcmsn train --backbone finetuned:FOLDER."""
    from pcmsn.cli.finetune_report import print_result
    from pcmsn.training.finetuning.config import build_finetune_config, finetune_config_to_toml
    from pcmsn.training.finetuning.session import Hardware

    overrides: dict[str, dict[str, Any]] = {
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
        "trunk": {
            "spec": backbone,
            "model_root": model_root,
            "resize": resize,
            "frozen_share": frozen_share,
            "batch_norm": batch_norm,
        },
        "extractor": {
            "modality": modality,
            "shared": shared,
            "bottleneck": bottleneck,
            "input_size": input_size,
            "invert_sketches": invert_sketches,
            "statistics": statistics,
        },
        "fitting": {
            "learning_rate": learning_rate,
            "head_factor": head_factor,
            "dropout": dropout,
        },
        "schedule": {
            "epochs": epochs,
            "batch_size": batch_size,
            "augmentation": augmentation,
            "validate_retrieval": validate_retrieval,
            "precision": precision,
            "seed": seed,
        },
    }
    options = given(overrides)
    run = None if resume else build_finetune_config(preset=preset, file=config, overrides=options)
    if run is None:
        others = [f"{part}.{name}" for part, values in options.items() for name in values]
        _check_resumable(out, others + [name for name, value in (("preset", preset), ("config", config)) if value])
    elif print_config:
        typer.echo(finetune_config_to_toml(run), nl=False)
        return
    folder = out or default_extractor_folder(run)
    result = _finetune(
        run,
        folder,
        Hardware(device=device, devices=devices, nodes=nodes),
        resume=resume,
        overwrite=overwrite,
        released_layout=released_layout,
    )
    if result.is_main_process:
        print_result(result, folder, as_json=as_json)


def default_extractor_folder(config: FinetuneConfig | None) -> Path:
    """``extractors/<data set>-<backbone>-<seed>``, the backbone by the last part of its name."""
    from pcmsn.training.finetuning.config import FinetuneConfig

    config = config or FinetuneConfig()
    place = config.trunk.spec.rpartition(":")[2]
    return Path("extractors") / f"{Path(config.data.dataset).name}-{Path(place).stem}-{config.schedule.seed}"


def _check_resumable(out: Path | None, others: list[str]) -> None:
    from pcmsn.errors import ConfigError

    if out is None:
        raise ConfigError("--resume needs --out with the folder of the fine-tuning to continue")
    if others:
        raise ConfigError(f"--resume continues {out} as it was configured, got {', '.join(others)} too; leave them out")


def _finetune(
    config: FinetuneConfig | None,
    out: Path,
    hardware: Hardware,
    *,
    resume: bool,
    overwrite: bool,
    released_layout: Path | None,
) -> FinetuneResult:
    from pcmsn.cli.display import Display
    from pcmsn.cli.finetune_report import FinetuneDisplay
    from pcmsn.training.finetuning.session import finetune as finetune_networks

    with Display() as display:
        try:
            return finetune_networks(
                config,
                out,
                resume=resume,
                overwrite=overwrite,
                hardware=hardware,
                released_layout=released_layout,
                progress=display.stage,
                note=display.note,
                observer=FinetuneDisplay(display),
            )
        except KeyboardInterrupt:
            display.note(f"stopped; every whole epoch is saved. Continue with: pcmsn finetune --resume --out {out}")
            raise typer.Exit(130) from None
