"""The categories by name: each one's family and the builder that draws its parts."""

from __future__ import annotations

from dataclasses import dataclass

from pcmsn.data.toyworld import animals, buildings, furniture, plants, quadrupeds, sacred, tools, vehicles
from pcmsn.data.toyworld.shapes import Builder


@dataclass(frozen=True)
class Category:
    """One kind of thing that the toy world draws."""

    name: str
    family: str
    """vehicle, animal, furniture, tool, plant or building."""
    build: Builder
    """Draws the parts of one instance from a generator: proportions, counts and options are random."""
    turn: float = 8.0
    """Standard deviation of its rotation in a picture, in degrees."""


def _of_family(family: str, builders: list[Builder], turn: float) -> list[Category]:
    return [Category(build.__name__, family, build, turn) for build in builders]


_VEHICLES: list[Builder] = [
    vehicles.airplane,
    vehicles.bicycle,
    vehicles.bus,
    vehicles.car,
    vehicles.motorcycle,
    vehicles.sailboat,
    vehicles.steamship,
    vehicles.tractor,
    vehicles.truck,
]
_ANIMALS: list[Builder] = [
    animals.butterfly,
    quadrupeds.cat,
    quadrupeds.cow,
    quadrupeds.dog,
    animals.duck,
    quadrupeds.elephant,
    animals.fish,
    animals.flamingo,
    quadrupeds.giraffe,
    quadrupeds.horse,
    animals.shark,
    animals.songbird,
]
_FURNITURE: list[Builder] = [
    furniture.armchair,
    furniture.bed,
    furniture.bench,
    furniture.bookshelf,
    furniture.chair,
    furniture.desk,
    furniture.sofa,
    furniture.stool,
    furniture.table,
    furniture.wardrobe,
]
_TOOLS: list[Builder] = [
    tools.axe,
    tools.hammer,
    tools.knife,
    tools.pickaxe,
    tools.pitchfork,
    tools.rake,
    tools.saw,
    tools.scissors,
    tools.screwdriver,
    tools.shovel,
]
_PLANTS: list[Builder] = [
    plants.cactus,
    plants.daisy,
    plants.fir_tree,
    plants.oak_tree,
    plants.palm_tree,
    plants.rose,
    plants.sunflower,
    plants.tulip,
    plants.willow,
]
_BUILDINGS: list[Builder] = [
    buildings.barn,
    buildings.castle,
    sacred.church,
    buildings.house,
    buildings.lighthouse,
    sacred.mosque,
    sacred.pagoda,
    buildings.skyscraper,
    sacred.temple,
    buildings.windmill,
]

CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in sorted(
        [
            *_of_family("vehicle", _VEHICLES, 6.0),
            *_of_family("animal", _ANIMALS, 6.0),
            *_of_family("furniture", _FURNITURE, 5.0),
            *_of_family("tool", _TOOLS, 40.0),
            *_of_family("plant", _PLANTS, 6.0),
            *_of_family("building", _BUILDINGS, 4.0),
        ],
        key=lambda category: category.name,
    )
}
"""Every category by name, sorted."""
