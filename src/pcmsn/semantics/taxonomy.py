"""An is-a hierarchy: what stands above a node, how deep it lies, and the vectors of classes against its nodes.

The toy world's small hierarchy and WordNet's nouns are both a ``Taxonomy``; measures beyond path are in ``similarity``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names

Similarity = Callable[[str, str], float]
"""A measure of two nodes, the class first."""


class Taxonomy:
    """An is-a hierarchy in which a node may have several parents, as in WordNet.

    Made from a mapping of each child to its parent or parents; a name that occurs as a parent only is a root.
    ``height`` is that of the larger hierarchy of which this is a part; by default this is a whole one. Raises
    SemanticsError when following parents leads back to the start.
    """

    def __init__(self, parents: Mapping[str, str | Sequence[str]], *, height: int | None = None) -> None:
        listed = {child: _as_names(above) for child, above in parents.items()}
        roots = {parent: () for above in listed.values() for parent in above if parent not in listed}
        self._parents: dict[str, tuple[str, ...]] = {**roots, **listed}
        self._min_depths, self._max_depths = self._measure_depths()
        self._height = max(self._max_depths.values(), default=0) if height is None else height
        self._steps_up: dict[str, dict[str, int]] = {}

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node's name, sorted."""
        return tuple(sorted(self._parents))

    @property
    def height(self) -> int:
        """The largest ``max_depth`` of any node; 0 for a hierarchy without links."""
        return self._height

    def parents(self, node: str) -> tuple[str, ...]:
        """The nodes directly above ``node``, in the order given; empty for a root."""
        self._check(node)
        return self._parents[node]

    def ancestors(self, node: str) -> frozenset[str]:
        """All nodes above ``node`` on any path, without itself."""
        return frozenset(self.steps_up(node)) - {node}

    def min_depth(self, node: str) -> int:
        """Number of is-a steps on the shortest way from ``node`` up to a root; 0 for a root."""
        self._check(node)
        return self._min_depths[node]

    def max_depth(self, node: str) -> int:
        """Number of is-a steps on the longest way from ``node`` up to a root; 0 for a root."""
        self._check(node)
        return self._max_depths[node]

    def steps_up(self, node: str) -> Mapping[str, int]:
        """Fewest is-a steps from ``node`` to itself (0) and to each of its ancestors; found once for each node."""
        if node not in self._steps_up:
            self._check(node)
            self._steps_up[node] = self._search_upwards(node)
        return self._steps_up[node]

    def path_length(self, a: str, b: str) -> int | None:
        """Fewest is-a steps from ``a`` up to a common ancestor and down to ``b``; None when they have none in common.

        A node is its own ancestor, so that the length is 0 for ``a == b``. Raises SemanticsError for an unknown node.
        """
        above_a, above_b = self.steps_up(a), self.steps_up(b)
        return min((steps + above_b[node] for node, steps in above_a.items() if node in above_b), default=None)

    def path_similarity(self, a: str, b: str) -> float:
        """WordNet's path measure in [0, 1]: 1 / (1 + ``path_length(a, b)``), and 0 without a common ancestor.

        Raises SemanticsError for an unknown node.
        """
        length = self.path_length(a, b)
        return 0.0 if length is None else 1.0 / (1.0 + length)

    def nodes_of(self, classes: Iterable[str]) -> tuple[str, ...]:
        """The nodes of ``classes`` and all their ancestors, sorted."""
        kept: set[str] = set()
        for name in classes:
            kept |= self.steps_up(name).keys()
        return tuple(sorted(kept))

    def hierarchical_vectors(
        self, classes: Sequence[str], similarity: Similarity | None = None, nodes: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """(C, S) similarity, by default path, of each class with each of the S ``nodes``, by default ``nodes_of`` them.

        Names only: an unseen class takes part with its place in the hierarchy, never with its pictures.
        """
        similarity = self.path_similarity if similarity is None else similarity
        nodes = self.nodes_of(classes) if nodes is None else nodes
        values = [[similarity(name, node) for node in nodes] for name in classes]
        return np.array(values, dtype=np.float64).reshape(len(classes), len(nodes))

    def _check(self, node: str) -> None:
        if node not in self._parents:
            hint = did_you_mean(node, self._parents)
            raise SemanticsError(
                f"no node {node!r} among the {len(self._parents)} nodes of the is-a hierarchy{hint}; "
                "add it with its parent, or correct the name"
            )

    def _search_upwards(self, node: str) -> dict[str, int]:
        steps = {node: 0}
        queue = deque([node])
        while queue:
            current = queue.popleft()
            for parent in self._parents[current]:
                if parent not in steps:
                    steps[parent] = steps[current] + 1
                    queue.append(parent)
        return steps

    def _measure_depths(self) -> tuple[dict[str, int], dict[str, int]]:
        """Each node's shortest and longest way to a root, parents before children; a cycle is never reached."""
        children: dict[str, list[str]] = {}
        links_left = {node: len(above) for node, above in self._parents.items()}
        for node, above in self._parents.items():
            for parent in above:
                children.setdefault(parent, []).append(node)
        ready = [node for node, links in links_left.items() if not links]
        shortest, longest = dict.fromkeys(ready, 0), dict.fromkeys(ready, 0)
        while ready:
            node = ready.pop()
            for child in children.get(node, ()):
                shortest[child] = min(shortest.get(child, shortest[node] + 1), shortest[node] + 1)
                longest[child] = max(longest.get(child, 0), longest[node] + 1)
                links_left[child] -= 1
                if not links_left[child]:
                    ready.append(child)
        self._refuse_cycles({node: self._parents[node] for node, links in links_left.items() if links})
        return shortest, longest

    def _refuse_cycles(self, unreached: Mapping[str, tuple[str, ...]]) -> None:
        if unreached:
            cycle = _walk_to_repeat(unreached)
            raise SemanticsError(
                f"the is-a hierarchy has a cycle: {enumerate_names(cycle, limit=8)}; "
                "expected parents that lead to a root; remove one of these links"
            )


def _as_names(above: str | Sequence[str]) -> tuple[str, ...]:
    return (above,) if isinstance(above, str) else tuple(above)


def _walk_to_repeat(unreached: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The nodes of one cycle, first repeated at the end; each node of ``unreached`` has a parent in ``unreached``."""
    walk = [min(unreached)]
    while True:
        following = next(parent for parent in unreached[walk[-1]] if parent in unreached)
        if following in walk:
            return [*walk[walk.index(following) :], following]
        walk.append(following)
