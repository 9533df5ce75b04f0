"""Zero-shot sketch-based image retrieval with the Progressive Cross-Modal Semantic Network (PCMSN).

Importing the package is cheap: nothing here imports torch. Take what you need from its parts, for example
``from pcmsn.evaluation.scoring import score_embeddings``.
"""

from pcmsn.version import __version__

__all__ = ["__version__"]
