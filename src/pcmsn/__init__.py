"""Zero-shot sketch-based image retrieval with the Progressive Cross-Modal Semantic Network (PCMSN).

Importing the package is cheap: nothing here imports torch. ``Gallery`` searches one's own photos; take what else you
need from its parts, for example ``from pcmsn.evaluation.scoring import score_embeddings``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pcmsn.version import __version__

if TYPE_CHECKING:
    from pcmsn.gallery.gallery import Gallery

__all__ = ["Gallery", "__version__"]


def __getattr__(name: str) -> Any:
    """``Gallery``, imported when it is first asked for."""
    if name == "Gallery":
        from pcmsn.gallery.gallery import Gallery

        return Gallery
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
