"""Which module imports which, read from the source, so that a lazy import inside a function counts too.

``python scripts/import_graph.py`` prints, for each package, its lines and what it imports.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "pcmsn"

Graph = dict[str, set[str]]
"""A name and the names that it imports."""


def module_graph(source: Path = SOURCE) -> Graph:
    """Every module below ``source`` by its dotted name, with those of them that it imports."""
    files = {_name_of(path, source): path for path in sorted(source.rglob("*.py"))}
    return {name: _imports(path, files.keys()) - {name} for name, path in files.items()}


def package_graph(modules: Mapping[str, set[str]]) -> Graph:
    """The parts of the package (a folder or a file at the top) with the other parts that their modules import."""
    parts: Graph = {}
    for name, imported in modules.items():
        own = part_of(name)
        parts.setdefault(own, set()).update(part_of(other) for other in imported)
    return {name: {other for other in imported if other and other != name} for name, imported in parts.items() if name}


def part_of(module: str) -> str:
    """``data`` of ``pcmsn.data.splits``; nothing for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def direct(graph: Mapping[str, set[str]]) -> Graph:
    """The graph without what follows from it: an import that also leads over a third name is left out."""
    return {
        name: {other for other in imported if not any(other in _reached(graph, via) for via in imported - {other})}
        for name, imported in graph.items()
    }


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def _name_of(path: Path, source: Path) -> str:
    return ".".join(path.relative_to(source.parent).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, modules: Collection[str]) -> set[str]:
    """The modules among ``modules`` that a file imports: of ``from a import b`` that is ``a.b`` where it is one."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}: a relative import; expected the whole name of the module")
            parts = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names |= {whole if whole in modules else node.module or "" for whole in parts.values()}
    return names & set(modules)


def main() -> None:
    """Print a line per package."""
    graph = package_graph(module_graph())
    for name in sorted(graph):
        files = sorted((SOURCE / name).rglob("*.py")) if (SOURCE / name).is_dir() else [SOURCE / f"{name}.py"]
        lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
        print(f"{name:12} {lines:6}  imports {', '.join(sorted(graph[name])) or 'nothing of the package'}")


if __name__ == "__main__":
    main()
