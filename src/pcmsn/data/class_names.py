"""From the folder names of a distribution to the prepared class names that splits and class vectors use.

Prepared names are lower case with underscores, and keep parentheses: ``hot_air_balloon``, ``car_(sedan)``. A
distributed name is matched by its letters alone, because the distributions differ in spaces, hyphens and parentheses or
leave them out; names with other letters (misspellings, short forms) stand in ``class_names_data/<data set>.toml``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pcmsn.data.records import Modality
from pcmsn.data.splits import default_split_name, published_split, published_splits
from pcmsn.errors import DataError, closest, did_you_mean
from pcmsn.files import read_text
from pcmsn.semantics.near_words import letters_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ALIAS_FILES = Path(__file__).parent / "class_names_data"


@lru_cache
def known_class_names(dataset: str) -> tuple[str, ...]:
    """The sorted prepared class names of a benchmark (125, 250 or 110); empty for any other data set."""
    if not published_splits(dataset):
        return ()
    return published_split(dataset, default_split_name(dataset)).classes


def prepared_class_name(dataset: str, distributed_name: str, modality: Modality) -> str:
    """The prepared name of a class folder as distributed: ``giraffe`` for ``griaffe`` among TU-Berlin's photos.

    A prepared name stays as it is. Raises DataError, which proposes the nearest names, for a class that the data set
    does not have.
    """
    name = find_class_name(dataset, distributed_name, modality)
    if name is None:
        known = known_class_names(dataset)
        raise DataError(
            f"{dataset} has no class {distributed_name!r} among its {len(known)}"
            f"{did_you_mean(distributed_name, known)}; rename the folder or leave it out"
        )
    return name


def find_class_name(dataset: str, distributed_name: str, modality: Modality) -> str | None:
    """As ``prepared_class_name``, but None for a class that the data set does not have."""
    return _names_by_letters(dataset, modality).get(letters_of(distributed_name))


def near_class_names(dataset: str, name: str) -> list[str]:
    """The prepared names that are spelled most like ``name``, at most three, best first."""
    by_letters = {letters_of(known): known for known in known_class_names(dataset)}
    return [by_letters[match] for match in closest(letters_of(name), by_letters)]


@lru_cache
def _names_by_letters(dataset: str, modality: Modality) -> Mapping[str, str]:
    """The prepared name of each spelling's letters; an alias wins over a prepared name."""
    by_letters = {letters_of(name): name for name in known_class_names(dataset)}
    return by_letters | _aliases(dataset).get(modality, {})


def _aliases(dataset: str) -> dict[str, dict[str, str]]:
    """Modality -> letters of a distributed name -> prepared name."""
    path = _ALIAS_FILES / f"{dataset}.toml"
    return tomllib.loads(read_text(path)) if path.is_file() else {}
