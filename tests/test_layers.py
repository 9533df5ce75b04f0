"""Imports point down, without circles, between packages and inside them; a lazy import counts too."""

import sys
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common", "util"}

sys.path.insert(0, str(SCRIPTS))
import import_graph  # noqa: E402

MODULES = import_graph.module_graph()


def in_order(graph: Mapping[str, set[str]]) -> list[str]:
    """The names, each after all that it imports. Raises CycleError, which names the circle, where there is one."""
    return list(TopologicalSorter(graph).static_order())


def test_no_module_imports_itself_by_a_circle() -> None:
    assert set(in_order(MODULES)) == MODULES.keys()


def test_no_package_imports_itself_by_a_circle() -> None:
    graph = import_graph.package_graph(MODULES)
    assert set(in_order(graph)) == graph.keys()


def test_every_module_is_read() -> None:
    assert len(MODULES) == len(list(import_graph.SOURCE.rglob("*.py")))
    assert MODULES["pcmsn.__main__"] == {"pcmsn.cli.app"}
    assert "pcmsn.gallery.run_embedder" in MODULES["pcmsn.gallery.loading"]  # a lazy import


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_file_is_a_drawer_for_everything(module: str) -> None:
    assert module.rpartition(".")[2] not in FORBIDDEN_NAMES


def test_what_an_import_leads_to_is_left_out_of_the_drawing() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert import_graph.direct(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}
