"""The toy world: a small data set of sketches and photos that the package draws itself, so that nothing is downloaded.

Its pictures are parametric shapes, drawn from random numbers: good for a demonstration and for tests. A score on them
says nothing about real sketches and photographs.
"""

from pcmsn.data.toyworld.categories import CATEGORIES
from pcmsn.data.toyworld.hierarchy import TOYWORLD_SPLIT, toyworld_class_vectors, toyworld_taxonomy
from pcmsn.data.toyworld.sheet import contact_sheet
from pcmsn.data.toyworld.world import STATEMENT, ToyWorld, draw_picture, write_toyworld

__all__ = [
    "CATEGORIES",
    "STATEMENT",
    "TOYWORLD_SPLIT",
    "ToyWorld",
    "contact_sheet",
    "draw_picture",
    "toyworld_class_vectors",
    "toyworld_taxonomy",
    "write_toyworld",
]
