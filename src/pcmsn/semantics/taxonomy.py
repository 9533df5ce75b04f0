"""An is-a hierarchy and the path measure on it: the hierarchical half of the side information."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names


class Taxonomy:
    """An is-a hierarchy in which a node may have several parents, as in WordNet.

    Made from a mapping of each child to its parent or parents; a name that occurs as a parent only is a root.
    Raises SemanticsError when following parents leads back to the start.
    """

    def __init__(self, parents: Mapping[str, str | Sequence[str]]) -> None:
        listed = {child: _as_names(above) for child, above in parents.items()}
        roots = {parent: () for above in listed.values() for parent in above if parent not in listed}
        self._parents: dict[str, tuple[str, ...]] = {**roots, **listed}
        self._refuse_cycles()
        self._heights = {node: self._steps_up(node) for node in self._parents}

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node's name, sorted."""
        return tuple(sorted(self._parents))

    def parents(self, node: str) -> tuple[str, ...]:
        """The nodes directly above ``node``, in the order given; empty for a root."""
        self._check(node)
        return self._parents[node]

    def ancestors(self, node: str) -> frozenset[str]:
        """All nodes above ``node`` on any path, without itself."""
        self._check(node)
        return frozenset(self._heights[node]) - {node}

    def path_similarity(self, a: str, b: str) -> float:
        """WordNet's path measure in [0, 1]: 1 / (1 + is-a steps from ``a`` up to a common ancestor and down to ``b``).

        The shortest such path counts; a node is its own ancestor, so that the measure is 1 for ``a == b``; it is 0
        when the two have no common ancestor. Raises SemanticsError for an unknown node.
        """
        self._check(a)
        self._check(b)
        above_a, above_b = self._heights[a], self._heights[b]
        lengths = [steps + above_b[node] for node, steps in above_a.items() if node in above_b]
        return 1.0 / (1.0 + min(lengths)) if lengths else 0.0

    def nodes_of(self, classes: Iterable[str]) -> tuple[str, ...]:
        """The nodes of ``classes`` and all their ancestors, sorted."""
        kept: set[str] = set()
        for name in classes:
            kept |= {name} | self.ancestors(name)
        return tuple(sorted(kept))

    def hierarchical_vectors(self, classes: Sequence[str]) -> NDArray[np.float64]:
        """(C, S) path similarity of each class with each of the S nodes of ``nodes_of(classes)``, in (0, 1] or 0.

        Names only: an unseen class takes part with its place in the hierarchy, never with its pictures.
        """
        nodes = self.nodes_of(classes)
        values = [[self.path_similarity(name, node) for node in nodes] for name in classes]
        return np.array(values, dtype=np.float64).reshape(len(classes), len(nodes))

    def _check(self, node: str) -> None:
        if node not in self._parents:
            hint = did_you_mean(node, self._parents)
            raise SemanticsError(
                f"no node {node!r} among the {len(self._parents)} nodes of the is-a hierarchy{hint}; "
                "add it with its parent, or correct the name"
            )

    def _steps_up(self, node: str) -> dict[str, int]:
        """Fewest is-a steps from ``node`` to itself (0) and to each ancestor."""
        steps = {node: 0}
        queue = deque([node])
        while queue:
            current = queue.popleft()
            for parent in self._parents[current]:
                if parent not in steps:
                    steps[parent] = steps[current] + 1
                    queue.append(parent)
        return steps

    def _refuse_cycles(self) -> None:
        """Take away nodes whose parents are all gone, as long as there are any; what stays is on or below a cycle."""
        waiting = dict(self._parents)
        while waiting:
            free = [node for node, above in waiting.items() if not any(parent in waiting for parent in above)]
            if not free:
                cycle = _walk_to_repeat(waiting)
                raise SemanticsError(
                    f"the is-a hierarchy has a cycle: {enumerate_names(cycle, limit=8)}; "
                    "expected parents that lead to a root; remove one of these links"
                )
            for node in free:
                del waiting[node]


def _as_names(above: str | Sequence[str]) -> tuple[str, ...]:
    return (above,) if isinstance(above, str) else tuple(above)


def _walk_to_repeat(waiting: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The nodes of one cycle, first repeated at the end; each node of ``waiting`` has a parent in ``waiting``."""
    walk = [min(waiting)]
    while True:
        following = next(parent for parent in waiting[walk[-1]] if parent in waiting)
        if following in walk:
            return [*walk[walk.index(following) :], following]
        walk.append(following)
