"""Zero-shot sketch-based image retrieval: draw a sketch, find the photos, even of classes never seen in training.

``Gallery`` searches one's own photos. ``Retriever`` is a model: trained on arrays, or loaded. ``load_dataset``,
``train``, ``evaluate`` and ``plot_grid`` are the steps of an experiment. Each is imported when it is first asked for:
importing the package is cheap, and nothing here imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pcmsn.version import __version__

if TYPE_CHECKING:
    from pcmsn.evaluation.grid import plot_grid
    from pcmsn.evaluation.scoring import evaluate
    from pcmsn.gallery.gallery import Gallery
    from pcmsn.retriever import Retriever
    from pcmsn.training.front_door import load_dataset, train

__all__ = ["Gallery", "Retriever", "__version__", "evaluate", "load_dataset", "plot_grid", "train"]

_PLACES = {
    "Gallery": "pcmsn.gallery.gallery",
    "Retriever": "pcmsn.retriever",
    "evaluate": "pcmsn.evaluation.scoring",
    "load_dataset": "pcmsn.training.front_door",
    "plot_grid": "pcmsn.evaluation.grid",
    "train": "pcmsn.training.front_door",
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
