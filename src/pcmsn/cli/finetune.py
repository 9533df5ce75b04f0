"""``pcmsn finetune``: parse, fine-tune the extractors on seen classes, say how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.option_groups import with_option_groups
from pcmsn.cli.options import (
    EXTRACTOR,
    RUN,
    Config,
    DataOptions,
    Device,
    Json,
    ModelRoot,
    Overwrite,
    PrintConfig,
    Resize,
    Resume,
    Seed,
    given,
    names_given,
)

if TYPE_CHECKING:
    from pcmsn.training.finetune.config import FinetuneConfig
    from pcmsn.training.finetune.session import FinetuneResult, Hardware

FITTING = "Fitting"


@with_option_groups
def finetune(
    data: DataOptions,
    backbone: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="The trunk: a Hugging Face name or folder, vgg16:FILE, vgg16 (released weights), tiny:FOLDER.",
            show_default="vgg16",
        ),
    ] = None,
    model_root: ModelRoot = None,
    resize: Resize = None,
    modality: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR, help="Whose networks to train: sketch, photo or both.", show_default="both"
        ),
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
            rich_help_panel=EXTRACTOR,
            help="Length of the feature; 0: no bottleneck, the trunk's own feature.",
            show_default="512",
        ),
    ] = None,
    input_size: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Side of the pictures in pixels, where the trunk allows it; 0: the trunk's own.",
            show_default="0",
        ),
    ] = None,
    invert_sketches: Annotated[
        bool | None,
        typer.Option(rich_help_panel=EXTRACTOR, help="Give the network white strokes on black.", show_default="off"),
    ] = None,
    statistics: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Mean and deviation that normalise pixels: trunk, imagenet, or plain (none: values from 0 to 1).",
            show_default="trunk",
        ),
    ] = None,
    frozen_share: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Share of the trunk, from its input on, that is not trained.",
            show_default="0",
        ),
    ] = None,
    batch_norm: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="Batch statistics: train, or frozen (they stay as they came).",
            show_default="train",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=FITTING, help="Epochs; each sees as many pictures as there are.", show_default="10"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(rich_help_panel=FITTING, help="Pictures in a step, over all devices.", show_default="32"),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(rich_help_panel=FITTING, help="The highest learning rate of the trunk.", show_default="1e-4"),
    ] = None,
    head_factor: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=FITTING, help="New layers learn this many times faster than the trunk.", show_default="10"
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(rich_help_panel=FITTING, help="Dropout rate before the bottleneck.", show_default="0"),
    ] = None,
    augmentation: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=FITTING, help="Strength of the random changes to pictures; 0: none.", show_default="1"
        ),
    ] = None,
    validate_retrieval: Annotated[
        bool | None,
        typer.Option(
            rich_help_panel=FITTING,
            help="Also measure retrieval of validation classes after each epoch; nothing is chosen by it.",
            show_default="off",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=FITTING, help="How to compute: auto, 32, bf16-mixed or 16-mixed.", show_default="auto"
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(rich_help_panel=RUN, help="default, best or released.", show_default="default")
    ] = None,
    config: Config = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Folder for sketch/ and photo/.",
            show_default="extractors/<data set>-<backbone>-<seed>",
        ),
    ] = None,
    released_layout: Annotated[
        Path | None,
        typer.Option(rich_help_panel=RUN, help="Another folder, for <data set>_sketch.pth and _image.pth; VGG16 only."),
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    print_config: PrintConfig = False,
    device: Device = "auto",
    devices: Annotated[
        int, typer.Option(rich_help_panel=RUN, help="Devices of each machine; on a CPU, processes.")
    ] = 1,
    nodes: Annotated[int, typer.Option(rich_help_panel=RUN, help="Machines.")] = 1,
    as_json: Json = False,
) -> None:
    """Fine-tune feature extractors as classifiers of the seen classes, for pcmsn train --backbone finetuned:FOLDER."""
    from pcmsn.cli.finetune_report import print_result
    from pcmsn.training.finetune.config import build_finetune_config, finetune_config_to_toml
    from pcmsn.training.finetune.session import Hardware

    overrides: dict[str, dict[str, Any]] = {
        "data": data.settings(),
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
    if resume:
        unfit = names_given(options, preset=preset, config=config, overwrite=overwrite, print_config=print_config)
        run, folder = None, _folder_to_resume(out, unfit)
    else:
        run = build_finetune_config(preset=preset, file=config, overrides=options)
        folder = out or _default_folder(run)
        if print_config:
            typer.echo(finetune_config_to_toml(run), nl=False)
            return
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


def _default_folder(config: FinetuneConfig) -> Path:
    """``extractors/<data set>-<backbone>-<seed>``, the backbone by the last part of its name."""
    place = config.trunk.spec.rpartition(":")[2]
    return Path("extractors") / f"{Path(config.data.dataset).name}-{Path(place).stem}-{config.schedule.seed}"


def _folder_to_resume(out: Path | None, unfit: list[str]) -> Path:
    from pcmsn.errors import ConfigError

    if out is None:
        raise ConfigError("--resume needs --out with the folder of the fine-tuning to continue")
    if unfit:
        raise ConfigError(f"--resume continues {out} as it was configured, got {', '.join(unfit)} too; leave them out")
    return out


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
    from pcmsn.cli.finetune_report import epoch_line
    from pcmsn.training.finetune.session import finetune as finetune_networks

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
                on_epoch=lambda network, epoch: display.note(epoch_line(network, epoch)),
            )
        except KeyboardInterrupt:
            display.note(f"stopped; every whole epoch is saved. Continue with: pcmsn finetune --resume --out {out}")
            raise typer.Exit(130) from None
