"""Imports point down the layers only; reads the source, so that a lazy import counts too."""

import ast
from collections.abc import Collection
from pathlib import Path

import pytest

import pcmsn

SOURCE = Path(pcmsn.__file__).parent
LAYERS = [  # from the top; a part may import what stands after it
    "cli",
    "serve",
    "report",
    "retriever",
    "gallery",
    "training",
    "evaluation",
    "model",
    "losses",
    "encoders",
    "hashing",
    "features",
    "data",
    "semantics",
    "pretrained",
    "in_order",
    "device",
    "progress",
    "errors",
    "seeding",
    "version",
]
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common", "util"}


def part_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported_parts(path: Path) -> set[str]:
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        parts |= {name.split(".")[1] for name in names if name.startswith("pcmsn.")}
    return parts


FILES = sorted(path for path in SOURCE.rglob("*.py") if part_of(path) not in ("__init__", "__main__"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_from_layers_below_its_own(path: Path) -> None:
    own = part_of(path)
    below = set(LAYERS[LAYERS.index(own) :])
    upward = imported_parts(path) - below
    assert not upward, f"{own} must not import {sorted(upward)}"


def test_no_file_is_a_drawer_for_everything() -> None:
    assert not [path for path in FILES if path.stem in FORBIDDEN_NAMES]


def imported_modules(path: Path, names: Collection[str]) -> set[str]:
    """The modules of the package that a file imports, those that it imports in a function included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & set(names)


def test_no_import_goes_in_a_circle() -> None:
    modules = {".".join(("pcmsn", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in FILES}
    imports = {name: imported_modules(path, modules) - {name} for name, path in modules.items()}
    imports["pcmsn.gallery.gallery"].discard("pcmsn.gallery.ray.indexing")  # the one circle that is left
    while ends := {name for name, below in imports.items() if not below & imports.keys()}:
        imports = {name: below for name, below in imports.items() if name not in ends}
    assert not imports, f"these import each other, or what does: {sorted(imports)}"
