"""Hierarchical class vectors: the similarity of each class's synset with every synset on the ways to the root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names
from pcmsn.semantics.information_content import InformationContent, from_semcor_counts
from pcmsn.semantics.similarity import jcn_similarity, lch_similarity, lin_similarity, wup_similarity
from pcmsn.semantics.taxonomy import Similarity, Taxonomy
from pcmsn.semantics.wordnet import WordNet, open_wordnet

MEASURES = ("path", "wup", "lch", "jcn", "lin")
"""The similarity measures, by the names that the field gives them."""

WITH_INFORMATION_CONTENT = ("jcn", "lin")
"""The measures that need to know how often each synset is met."""

JCN_LIMIT = 1.0
"""Jiang-Conrath similarities above it are cut, as in the published vectors: a class with itself would be 1e300."""


@dataclass(frozen=True, eq=False)
class HierarchicalVectors:
    """One vector a class, with what its elements mean and how they were measured."""

    names: tuple[str, ...]
    """Class names, one a row."""
    vectors: NDArray[np.float64]
    """(C, S) similarities of class and node: in [0, 1], for ``lch`` from -0.03 to 3.64."""
    nodes: tuple[str, ...]
    """The synset of each column, sorted by name: the classes' synsets and all their hypernyms (``published_nodes``)."""
    measure: str
    """One of ``MEASURES``."""
    information_content: str | None
    """What was counted; None for the measures that count nothing."""


def hierarchical_vectors(
    synsets: Mapping[str, str],
    measure: str,
    *,
    wordnet: WordNet | None = None,
    information_content: InformationContent | None = None,
) -> HierarchicalVectors:
    """The vectors of the classes of ``synsets`` (class name to synset name, such as ``bank.n.01``), in its order.

    The packaged WordNet is used unless one is given, and its SemCor counts for ``jcn`` and ``lin``; the published
    ``jcn`` vectors are made with the counts of ``ic-brown.dat``. ``jcn`` is cut at ``JCN_LIMIT`` as they are. Names
    only: an unseen class takes part with its place in WordNet, never with its pictures. Raises SemanticsError for an
    unknown measure, an unknown synset, and when there are no classes.
    """
    if measure not in MEASURES:
        hint = did_you_mean(measure, MEASURES)
        raise SemanticsError(f"no similarity measure {measure!r}{hint}; choose one of {enumerate_names(MEASURES)}")
    if not synsets:
        raise SemanticsError("no classes to build vectors for; give at least one class with its synset")
    wordnet = open_wordnet() if wordnet is None else wordnet
    if measure not in WITH_INFORMATION_CONTENT:
        information_content = None
    elif information_content is None:
        information_content = from_semcor_counts(wordnet)
    class_nodes = _class_nodes(synsets, wordnet)
    taxonomy = wordnet.taxonomy_above(class_nodes)
    similarity = _similarity(measure, taxonomy, information_content)
    nodes = published_nodes(class_nodes, wordnet)
    return HierarchicalVectors(
        names=tuple(synsets),
        vectors=taxonomy.hierarchical_vectors(class_nodes, similarity, nodes),
        nodes=nodes,
        measure=measure,
        information_content=None if information_content is None else information_content.source,
    )


def published_nodes(synsets: Iterable[str], wordnet: WordNet) -> tuple[str, ...]:
    """The synsets and all their hypernyms on every path, sorted, as the published files have them.

    Those files follow only the first by name where a synset is an instance of several. That concerns one class of the
    benchmarks: Santa Claus, to WordNet an imaginary being and a patron saint, has no saints among TU-Berlin's nodes,
    although his similarities count the ways through them.
    """
    nodes: set[str] = set()
    waiting = list(synsets)
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            passed_over = sorted(wordnet.instance_parents(node))[1:]
            waiting += [parent for parent in wordnet.parents(node) if parent not in passed_over]
    return tuple(sorted(nodes))


def _class_nodes(synsets: Mapping[str, str], wordnet: WordNet) -> list[str]:
    """The synset of each class by the name that it has among WordNet's nodes."""
    nodes = []
    for class_name, synset in synsets.items():
        try:
            nodes.append(wordnet.canonical_name(synset))
        except SemanticsError as error:
            raise SemanticsError(f"class {class_name!r}: {error}") from error
    return nodes


def _similarity(measure: str, taxonomy: Taxonomy, content: InformationContent | None) -> Similarity:
    """The named measure as a function of two nodes."""
    named: dict[str, Similarity] = {
        "path": taxonomy.path_similarity,
        "wup": partial(wup_similarity, taxonomy),
        "lch": partial(lch_similarity, taxonomy),
    }
    if content is not None:
        named["jcn"] = lambda a, b: min(jcn_similarity(taxonomy, content, a, b), JCN_LIMIT)
        # Lin's is above 1 only where a file of counts leaves out nodes above those that it has.
        named["lin"] = lambda a, b: min(lin_similarity(taxonomy, content, a, b), 1.0)
    return named[measure]
