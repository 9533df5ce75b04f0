"""The card of an exported model: what it is, what it learned from, how to use it, what it cannot do."""

from __future__ import annotations

from pathlib import Path
from string import Template

from pcmsn.data.records import Modality
from pcmsn.features.backbones.base import Extractors
from pcmsn.features.backbones.transform import Transform
from pcmsn.training.run_folder import TrainedModel
from pcmsn.version import __version__

_TEMPLATES = Path(__file__).parent


def model_card(trained: TrainedModel, extractors: Extractors, difference: float | None) -> str:
    """The card as Markdown; ``difference`` is that of ONNX to torch, None where no ONNX is written."""
    config, record = trained.config, trained.record
    onnx_rows = onnx_use = ""
    if difference is not None:
        transforms: dict[Modality, Transform] = {
            "sketch": extractors.sketch.transform,
            "photo": extractors.photo.transform,
        }
        onnx_rows = "".join(
            f"| `{modality}.onnx` | `pixels` (B, {transform.height}, {transform.width}, 3) uint8 to `embedding` "
            f"(B, {config.model.dim}) float32; equal to torch within {difference:.0e} |\n"
            for modality, transform in transforms.items()
        )
        functions = "\n\n".join(pixels_function(modality, transform) for modality, transform in transforms.items())
        onnx_use = _template("card_onnx_use.md").substitute(pixels_functions=functions)
    return _template("card.md").substitute(
        name=f"pcmsn {config.preset}, {record.dataset}, {extractors.photo.name}",
        version=__version__,
        preset=config.preset,
        seed=config.training.seed,
        dim=config.model.dim,
        geometry=", by cosine or Euclidean distance alike" if config.model.kind == "branches" else " (Euclidean)",
        bits=trained.itq.bits,
        dataset=record.dataset,
        split=record.split.name,
        seen=len(record.split.train),
        validation=f"{len(record.split.val)} validation class{'' if len(record.split.val) == 1 else 'es'}",
        notes="".join(f"**Note:** {note}\n\n" for note in record.split.notes()),
        seen_names=", ".join(record.split.train),
        unseen_names=", ".join(record.split.val + record.split.test),
        sources=", ".join(record.semantic_sources),
        sketch_extractor=f"{extractors.sketch.name} (`{record.sketch_extractor.fingerprint[:12]}`)",
        photo_extractor=f"{extractors.photo.name} (`{record.photo_extractor.fingerprint[:12]}`)",
        epoch=record.best_epoch,
        epochs=record.epochs_done,
        score=f"{record.best_score:.3f}",
        onnx_rows=onnx_rows,
        onnx_use=onnx_use,
    )


def pixels_function(modality: Modality, transform: Transform) -> str:
    """The source of ``<modality>_pixels(picture)``, which does with Pillow and NumPy what ``Transform.apply`` does.

    Only pixels of strips longer than 16 : 1 differ slightly: ``apply`` cuts out their middle before it resizes them.
    """
    width, height, edge = transform.width, transform.height, transform.shortest_edge
    resampling = f"Image.Resampling.{transform.resampling.upper()}"
    lines = [f"def {modality}_pixels(picture):"]
    if edge is None:
        lines.append(f"    picture = picture.resize(({width}, {height}), {resampling})")
    else:
        lines += [
            f"    width, height = ({edge} * side // min(picture.size) for side in picture.size)",
            f"    left, top = (width - {width}) // 2, (height - {height}) // 2",
            f"    picture = picture.resize((width, height), {resampling})",
            f"    picture = picture.crop((left, top, left + {width}, top + {height}))",
        ]
    lines.append("    return 255 - np.asarray(picture)" if transform.invert else "    return np.asarray(picture)")
    return "\n".join(lines)


def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))
