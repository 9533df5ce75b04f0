import importlib
import pkgutil
import re
from pathlib import Path

import pcmsn
from pcmsn.errors import PcmsnError, PcmsnWarning, closest, did_you_mean, enumerate_names

CATALOGUE = Path(__file__).parents[1] / "docs" / "errors.md"


def error_classes() -> set[type]:
    """Every error class of the package, wherever it is defined."""
    for module in pkgutil.walk_packages(pcmsn.__path__, "pcmsn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type] = {PcmsnError, PcmsnWarning}
    waiting: list[type] = [PcmsnError, PcmsnWarning]
    while waiting:
        below = waiting.pop().__subclasses__()
        found |= set(below)
        waiting += below
    return {error for error in found if error.__module__.startswith("pcmsn.")}


def test_every_error_that_a_user_can_meet_is_in_the_catalogue_once_and_no_other() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", CATALOGUE.read_text(encoding="utf-8"), re.MULTILINE)
    names = [name for name, _, _ in listed]
    assert len(names) == len(set(names))
    assert set(names) == {error.__name__ for error in error_classes()} - {"PcmsnError"}
    assert all(when.strip() and advice.strip() for _, when, advice in listed)


def test_the_nearest_names_come_first_whatever_their_case() -> None:
    assert closest("sketchi", ["TU-Berlin", "Sketchy"]) == ["Sketchy"]
    assert did_you_mean("epoch", ["epochs", "seed"]) == " (did you mean 'epochs'?)"


def test_nothing_is_proposed_where_nothing_is_near() -> None:
    assert did_you_mean("quaternion", ["epochs", "seed"]) == ""


def test_long_lists_are_cut_with_a_count() -> None:
    assert enumerate_names(["a", "b", "c"], limit=2) == "'a', 'b' and 1 more"
    assert enumerate_names([]) == ""
