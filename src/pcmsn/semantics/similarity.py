"""How alike two nodes of an is-a hierarchy are: the measures beyond path, defined as NLTK defines them for nouns.

Path itself, ``1 / (1 + shortest path)``, is ``Taxonomy.path_similarity``. All of them give 0 for two nodes without a
common ancestor, which WordNet's nouns never are: ``entity.n.01`` is above all of them.
"""

from __future__ import annotations

import math

from pcmsn.semantics.information_content import InformationContent
from pcmsn.semantics.taxonomy import Taxonomy

IDENTICAL = 1e300
"""Jiang and Conrath's similarity of two nodes at distance 0: NLTK's finite stand-in for infinity."""


def wup_similarity(taxonomy: Taxonomy, a: str, b: str) -> float:
    """Wu and Palmer (ACL 1994): 2 d / (2 d + path(a, s) + path(b, s)), in [0, 1].

    The subsumer s is the common ancestor (a node is its own) with the largest ``min_depth``; among equals ``a`` itself,
    else the first by name; d = ``max_depth(s)`` + 1. By that tie rule the order of ``a`` and ``b`` can matter.
    A node with itself has 1, unless another way up makes one of its ancestors deeper than it (``dog.n.01``: 0.93).
    """
    common = taxonomy.steps_up(a).keys() & taxonomy.steps_up(b).keys()
    if not common:
        return 0.0
    deepest = max(taxonomy.min_depth(node) for node in common)
    lowest = [node for node in common if taxonomy.min_depth(node) == deepest]
    subsumer = a if a in lowest else min(lowest)
    depth = taxonomy.max_depth(subsumer) + 1
    return 2.0 * depth / (2 * depth + _length(taxonomy, a, subsumer) + _length(taxonomy, b, subsumer))


def lch_similarity(taxonomy: Taxonomy, a: str, b: str) -> float:
    """Leacock and Chodorow (in Fellbaum's WordNet, 1998): -ln((path(a, b) + 1) / (2 D)), D the hierarchy's height.

    In WordNet 3.0, where D is 19, from -0.03 to ln 38 = 3.64 for a node with itself. 0 in a hierarchy of height 0.
    """
    length, height = taxonomy.path_length(a, b), taxonomy.height
    return 0.0 if length is None or height == 0 else -math.log((length + 1) / (2.0 * height))


def jcn_similarity(taxonomy: Taxonomy, content: InformationContent, a: str, b: str) -> float:
    """Jiang and Conrath (ROCLING 1997): 1 / (IC(a) + IC(b) - 2 IC(s)), in [0, ``IDENTICAL``].

    IC(s) is the largest information content of a common ancestor. ``IDENTICAL`` for a node with itself and wherever
    the divisor is 0; 0 when ``a`` or ``b`` is a root, whose information content is 0. With a node that was never met
    the value is as good as 0 (1e-300), unless the common ancestor was never met either.
    """
    if a == b:
        return IDENTICAL
    content_a, content_b = content.of(a), content.of(b)
    if content_a == 0 or content_b == 0:
        return 0.0
    distance = content_a + content_b - 2 * _common_content(taxonomy, content, a, b)
    return IDENTICAL if distance == 0 else 1 / distance


def lin_similarity(taxonomy: Taxonomy, content: InformationContent, a: str, b: str) -> float:
    """Lin (ICML 1998): 2 IC(s) / (IC(a) + IC(b)), with IC(s) as for ``jcn_similarity``.

    In [0, 1] where each node's count takes in those of all nodes below it. 1 for two roots with information content 0,
    where NLTK divides by zero.
    """
    total = content.of(a) + content.of(b)
    return 1.0 if total == 0 else 2.0 * _common_content(taxonomy, content, a, b) / total


def _common_content(taxonomy: Taxonomy, content: InformationContent, a: str, b: str) -> float:
    """The information content of the most informative common ancestor; 0 without one (Resnik 1995)."""
    common = taxonomy.steps_up(a).keys() & taxonomy.steps_up(b).keys()
    return max((content.of(node) for node in common), default=0.0)


def _length(taxonomy: Taxonomy, node: str, subsumer: str) -> int:
    """The shortest path from a node to one above it, which may lead over a node higher still."""
    length = taxonomy.path_length(node, subsumer)
    return 0 if length is None else length
