"""The toy world: a small data set of sketches and photos that the package draws itself, so that nothing is downloaded.

It is honest about what it is: parametric shapes, drawn from random numbers, good for a demonstration and for tests.
A score on it says nothing about real sketches and photographs.
"""

from pcmsn.data.toyworld.categories import CATEGORIES, Category
from pcmsn.data.toyworld.hierarchy import TOYWORLD_SPLIT, ClassSplit, toyworld_class_vectors, toyworld_taxonomy
from pcmsn.data.toyworld.photo import draw_photo
from pcmsn.data.toyworld.sheet import contact_sheet
from pcmsn.data.toyworld.sketch import draw_sketch
from pcmsn.data.toyworld.world import FORMAT_VERSION, STATEMENT, ToyWorld, draw_picture, write_toyworld

__all__ = [
    "CATEGORIES",
    "FORMAT_VERSION",
    "STATEMENT",
    "TOYWORLD_SPLIT",
    "Category",
    "ClassSplit",
    "ToyWorld",
    "contact_sheet",
    "draw_photo",
    "draw_picture",
    "draw_sketch",
    "toyworld_class_vectors",
    "toyworld_taxonomy",
    "write_toyworld",
]
