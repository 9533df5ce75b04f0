"""Folder names as distributed against the prepared names, with every quirk that the field's data sets have."""

import pytest

from pcmsn.data.class_names import (
    find_class_name,
    known_class_names,
    near_class_names,
    prepared_class_name,
)
from pcmsn.data.records import Modality
from pcmsn.data.splits import published_split, published_splits
from pcmsn.errors import DataError
from pcmsn.semantics.near_words import letters_of

BENCHMARKS = {"Sketchy": 125, "TU-Berlin": 250, "QuickDraw": 110}


@pytest.mark.parametrize(("dataset", "count"), BENCHMARKS.items())
def test_a_benchmark_has_its_published_number_of_classes_in_every_split(dataset: str, count: int) -> None:
    assert len(known_class_names(dataset)) == count
    for split in published_splits(dataset):
        assert published_split(dataset, split).classes == known_class_names(dataset)


@pytest.mark.parametrize("dataset", BENCHMARKS)
def test_no_two_classes_have_the_same_letters(dataset: str) -> None:
    names = known_class_names(dataset)
    assert len({letters_of(name) for name in names}) == len(names)


@pytest.mark.parametrize("dataset", BENCHMARKS)
@pytest.mark.parametrize("modality", ["sketch", "photo"])
def test_prepared_names_stay_and_all_usual_spellings_lead_to_them(dataset: str, modality: Modality) -> None:
    for name in known_class_names(dataset):
        bare = name.replace("(", "").replace(")", "").replace("_", "")
        spellings = [name, name.replace("_", " "), name.replace("_", "-"), bare, name.upper(), name.title()]
        for spelling in spellings:
            if (dataset, modality, spelling) not in {("TU-Berlin", "photo", "mouse"), ("TU-Berlin", "photo", "pipe")}:
                assert prepared_class_name(dataset, spelling, modality) == name


@pytest.mark.parametrize(
    ("distributed", "prepared"),
    [
        ("griaffe", "giraffe"),
        ("chandeler", "chandelier"),
        ("tromobone", "trombone"),
        ("diamod", "diamond"),
        ("spidar", "spider"),
        ("spacesshuttle", "space_shuttle"),
        ("wristwatching", "wrist_watch"),
        ("bearanimal", "bear_(animal)"),
        ("cranemachine", "crane_(machine)"),
        ("carsedan", "car_(sedan)"),
        ("mouse", "mouse_(animal)"),
        ("computermouse", "computer_mouse"),
        ("pipe", "pipe_(for_smoking)"),
        ("hotairballoon", "hot_air_balloon"),
    ],
)
def test_photo_folders_of_tu_berlin_get_their_prepared_names(distributed: str, prepared: str) -> None:
    assert prepared_class_name("TU-Berlin", distributed, "photo") == prepared


@pytest.mark.parametrize(
    ("distributed", "prepared"),
    [
        ("wrist-watch", "wrist_watch"),
        ("mouse (animal)", "mouse_(animal)"),
        ("pipe (for smoking)", "pipe_(for_smoking)"),
        ("computer-mouse", "computer_mouse"),
        ("tablelamp", "tablelamp"),
        ("table_lamp", "tablelamp"),
        ("t-shirt", "t_shirt"),
        ("ice-cream-cone", "ice_cream_cone"),
    ],
)
def test_sketch_folders_of_tu_berlin_get_their_prepared_names(distributed: str, prepared: str) -> None:
    assert prepared_class_name("TU-Berlin", distributed, "sketch") == prepared


@pytest.mark.parametrize(
    ("dataset", "distributed", "prepared"),
    [
        ("Sketchy", "hot-air_balloon", "hot_air_balloon"),
        ("Sketchy", "jack-o-lantern", "jack_o_lantern"),
        ("Sketchy", "car_(sedan)", "car_(sedan)"),
        ("Sketchy", "mouse", "mouse"),
        ("QuickDraw", "cruise ship", "cruise_ship"),
        ("QuickDraw", "Eiffel Tower", "eiffel_tower"),
        ("QuickDraw", "hot-air_balloon", "hot_air_balloon"),
        ("QuickDraw", "wine bottle", "wine_bottle"),
    ],
)
def test_folders_of_sketchy_and_quickdraw_get_their_prepared_names(
    dataset: str, distributed: str, prepared: str
) -> None:
    assert prepared_class_name(dataset, distributed, "photo") == prepared


def test_a_short_form_counts_only_where_it_is_distributed() -> None:
    assert find_class_name("TU-Berlin", "pipe", "sketch") is None
    assert find_class_name("Sketchy", "griaffe", "photo") is None


def test_an_unknown_name_is_an_error_with_the_near_misses() -> None:
    with pytest.raises(DataError, match="TU-Berlin has no class 'Girafe' among its 250 .*'giraffe'"):
        prepared_class_name("TU-Berlin", "Girafe", "photo")
    assert near_class_names("TU-Berlin", "space-shutle")[0] == "space_shuttle"
    assert near_class_names("TU-Berlin", "zzzzqqq") == []


def test_a_data_set_of_ones_own_has_no_known_names() -> None:
    assert known_class_names("my pictures") == ()
