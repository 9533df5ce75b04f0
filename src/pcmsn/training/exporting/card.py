"""The card of an exported model: what it is, what it learned from, how to use it, what it can not do."""

from __future__ import annotations

from pathlib import Path
from string import Template

from pcmsn.backbones.base import Extractors
from pcmsn.errors import enumerate_names
from pcmsn.training.run_folder import TrainedModel
from pcmsn.version import __version__

_TEMPLATES = Path(__file__).parent
_ONNX_ROW = (
    "| `sketch.onnx`, `photo.onnx` | `pixels` (B, $height, $width, 3) uint8 to `embedding` (B, $dim) float32; equal to "
    "torch within $difference |\n"
)


def model_card(trained: TrainedModel, extractors: Extractors, difference: float | None) -> str:
    """The card as Markdown; ``difference`` is that of ONNX to torch, None where no ONNX is written."""
    config, record = trained.config, trained.record
    transform = extractors.photo.transform
    values = {
        "name": f"pcmsn {config.preset}, {record.dataset}, {extractors.photo.name}",
        "version": __version__,
        "preset": config.preset,
        "seed": config.training.seed,
        "dim": config.model.dim,
        "geometry": ", by cosine or Euclidean distance alike" if config.model.kind == "branches" else " (Euclidean)",
        "bits": trained.itq.bits,
        "dataset": record.dataset,
        "split": record.split.name,
        "seen": len(record.split.train),
        "validation": len(record.split.val),
        "seen_names": enumerate_names(record.split.train, limit=len(record.split.train)).replace("'", ""),
        "unseen_names": enumerate_names(
            (*record.split.val, *record.split.test), limit=len(record.split.val) + len(record.split.test)
        ).replace("'", ""),
        "sources": ", ".join(record.semantic_sources),
        "sketch_extractor": f"{extractors.sketch.name} (`{record.sketch_extractor.fingerprint[:12]}`)",
        "photo_extractor": f"{extractors.photo.name} (`{record.photo_extractor.fingerprint[:12]}`)",
        "epoch": record.best_epoch,
        "epochs": record.epochs_done,
        "score": f"{record.best_score:.3f}",
        "height": transform.height,
        "width": transform.width,
        "resize": "squashed" if transform.shortest_edge is None else f"shorter side {transform.shortest_edge}, cut",
        "resampling": transform.resampling.upper(),
        "invert": "; sketches are inverted, so take `255 - pixels` of them"
        if extractors.sketch.transform.invert
        else "",
        "difference": "" if difference is None else f"{difference:.0e}",
    }
    use = (_TEMPLATES / "card_onnx_use.md").read_text(encoding="utf-8")
    parts = {
        name: "" if difference is None else Template(text).substitute(values)
        for name, text in (("onnx_rows", _ONNX_ROW), ("onnx_use", use))
    }
    return Template((_TEMPLATES / "card.md").read_text(encoding="utf-8")).substitute(values, **parts)
