"""The toy world's side information: an is-a hierarchy written for it, and its split into seen and unseen classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.toyworld.categories import CATEGORIES
from pcmsn.semantics.taxonomy import Taxonomy

_PARENTS: dict[str, str | tuple[str, ...]] = {
    "artifact": "entity",
    "organism": "entity",
    # Vehicles
    "vehicle": "artifact",
    "land_vehicle": "vehicle",
    "wheeled_vehicle": "land_vehicle",
    "motor_vehicle": "wheeled_vehicle",
    "two_wheeler": "wheeled_vehicle",
    "road_carriage": "motor_vehicle",
    "people_carrier": "road_carriage",
    "goods_carrier": "road_carriage",
    "work_machine": "motor_vehicle",
    "watercraft": "vehicle",
    "hulled_boat": "watercraft",
    "aircraft": "vehicle",
    "car": "people_carrier",
    "bus": "people_carrier",
    "truck": "goods_carrier",
    "tractor": "work_machine",
    "bicycle": "two_wheeler",
    "motorcycle": ("two_wheeler", "motor_vehicle"),
    "sailboat": "hulled_boat",
    "steamship": "hulled_boat",
    "airplane": "aircraft",
    # Animals
    "animal": "organism",
    "vertebrate": "animal",
    "four_legged_animal": "vertebrate",
    "predator_on_paws": "four_legged_animal",
    "grazing_animal": "four_legged_animal",
    "hoofed_animal": "grazing_animal",
    "horned_animal": "hoofed_animal",
    "giant_animal": "grazing_animal",
    "bird": "vertebrate",
    "perching_bird": "bird",
    "water_bird": "bird",
    "long_necked_animal": "vertebrate",
    "finned_animal": "vertebrate",
    "invertebrate": "animal",
    "winged_insect": "invertebrate",
    "dog": "predator_on_paws",
    "cat": "predator_on_paws",
    "horse": "hoofed_animal",
    "cow": "horned_animal",
    "giraffe": ("horned_animal", "long_necked_animal"),
    "elephant": "giant_animal",
    "songbird": "perching_bird",
    "duck": "water_bird",
    "flamingo": ("water_bird", "long_necked_animal"),
    "fish": "finned_animal",
    "shark": "finned_animal",
    "butterfly": "winged_insect",
    # Furniture
    "furniture": "artifact",
    "legged_furniture": "furniture",
    "seat": "furniture",
    "wooden_seat": ("seat", "legged_furniture"),
    "seat_with_back": "seat",
    "padded_seat": "seat_with_back",
    "table_like": ("legged_furniture",),
    "storage_furniture": "furniture",
    "tall_case": "storage_furniture",
    "sleeping_furniture": "furniture",
    "chair": ("wooden_seat", "seat_with_back"),
    "stool": "wooden_seat",
    "bench": ("wooden_seat", "seat_with_back"),
    "armchair": "padded_seat",
    "sofa": "padded_seat",
    "table": "table_like",
    "desk": ("table_like", "storage_furniture"),
    "wardrobe": "tall_case",
    "bookshelf": "tall_case",
    "bed": "sleeping_furniture",
    # Tools
    "tool": "artifact",
    "long_handled_tool": "tool",
    "hand_tool": "tool",
    "swung_tool": "long_handled_tool",
    "striking_tool": "swung_tool",
    "chopping_tool": "swung_tool",
    "soil_tool": "long_handled_tool",
    "digging_tool": "soil_tool",
    "toothed_tool": "tool",
    "pronged_tool": ("soil_tool", "toothed_tool"),
    "cutting_tool": "hand_tool",
    "blade": "cutting_tool",
    "turning_tool": "hand_tool",
    "hammer": "striking_tool",
    "axe": "chopping_tool",
    "pickaxe": ("striking_tool", "chopping_tool"),
    "shovel": "digging_tool",
    "rake": "pronged_tool",
    "pitchfork": "pronged_tool",
    "knife": "blade",
    "saw": ("blade", "toothed_tool"),
    "scissors": "cutting_tool",
    "screwdriver": "turning_tool",
    # Plants
    "plant": "organism",
    "tree": "plant",
    "crowned_tree": "tree",
    "hanging_tree": "tree",
    "conifer": "tree",
    "flower": "plant",
    "rayed_flower": "flower",
    "cupped_flower": "flower",
    "succulent_plant": "plant",
    "oak_tree": "crowned_tree",
    "willow": ("crowned_tree", "hanging_tree"),
    "palm_tree": "hanging_tree",
    "fir_tree": "conifer",
    "tulip": "cupped_flower",
    "rose": "cupped_flower",
    "sunflower": "rayed_flower",
    "daisy": "rayed_flower",
    "cactus": "succulent_plant",
    # Buildings
    "building": "artifact",
    "gabled_building": "building",
    "country_building": "gabled_building",
    "sacred_building": "building",
    "steepled_building": "sacred_building",
    "columned_building": "sacred_building",
    "tower": "building",
    "round_tower": "tower",
    "storeyed_tower": "tower",
    "fortress": ("building",),
    "house": "country_building",
    "barn": "country_building",
    "church": ("steepled_building", "gabled_building"),
    "mosque": "steepled_building",
    "temple": ("columned_building", "gabled_building"),
    "castle": "fortress",
    "lighthouse": "round_tower",
    "windmill": "round_tower",
    "skyscraper": "storeyed_tower",
    "pagoda": ("storeyed_tower", "sacred_building"),
}


@dataclass(frozen=True)
class ClassSplit:
    """Which classes are seen in training, which choose the epoch, and which are kept for the test; each sorted."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]


_VAL = ("barn", "daisy", "duck", "saw", "steamship", "stool")
_TEST = (
    "armchair", "bookshelf", "cow", "mosque", "motorcycle", "pickaxe",
    "pitchfork", "rose", "shark", "truck", "willow", "windmill",
)  # fmt: skip

TOYWORLD_SPLIT = ClassSplit(
    train=tuple(name for name in CATEGORIES if name not in _VAL + _TEST),
    val=_VAL,
    test=_TEST,
)
"""42 / 6 / 12 classes: of each family one validation and two test classes, with close kin among the seen classes."""


def toyworld_taxonomy() -> Taxonomy:
    """The is-a hierarchy over the toy world's categories, grouped by kinds that also look alike."""
    return Taxonomy(_PARENTS)


def toyworld_class_vectors() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The class names, sorted, and their (C, S) path similarities with the hierarchy's nodes; from names only."""
    names = tuple(CATEGORIES)
    return names, toyworld_taxonomy().hierarchical_vectors(names)
