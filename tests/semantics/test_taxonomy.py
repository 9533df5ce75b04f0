"""An is-a hierarchy: ancestors, depths and path similarity against slow searches, and what is refused."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.errors import SemanticsError
from pcmsn.semantics.taxonomy import Taxonomy

PETS = Taxonomy({"dog": ["canine", "pet"], "wolf": "canine", "canine": "animal", "pet": "animal", "goldfish": "pet"})


def path_length_by_search(parents: dict[str, list[str]], start: str, goal: str) -> int | None:
    """Breadth-first search over (node, has turned downwards): up any number of steps, then only down."""
    children: dict[str, list[str]] = {}
    for child, above in parents.items():
        for parent in above:
            children.setdefault(parent, []).append(child)
    distance = {(start, False): 0}
    queue = deque(distance)
    while queue:
        node, downwards = state = queue.popleft()
        if node == goal:
            return distance[state]
        following = [(child, True) for child in children.get(node, [])]
        if not downwards:
            following += [(parent, False) for parent in parents.get(node, [])]
        for successor in following:
            if successor not in distance:
                distance[successor] = distance[state] + 1
                queue.append(successor)
    return None


@st.composite
def hierarchies(draw: st.DrawFn) -> dict[str, list[str]]:
    """Acyclic by construction: a node's parents have smaller numbers."""
    count = draw(st.integers(2, 12))
    return {
        f"n{node}": [f"n{parent}" for parent in draw(st.sets(st.integers(0, node - 1), max_size=3))]
        for node in range(1, count)
    }


@given(hierarchies())
def test_path_similarity_agrees_with_a_breadth_first_search(parents: dict[str, list[str]]) -> None:
    taxonomy = Taxonomy(parents)
    for a in taxonomy.nodes:
        for b in taxonomy.nodes:
            length = path_length_by_search(parents, a, b)
            expected = 0.0 if length is None else 1 / (1 + length)
            assert taxonomy.path_similarity(a, b) == expected == taxonomy.path_similarity(b, a)


def test_similarities_and_ancestors_in_a_hierarchy_worked_by_hand() -> None:
    assert PETS.path_similarity("dog", "dog") == 1
    assert PETS.path_similarity("dog", "animal") == 1 / 3
    assert PETS.path_similarity("dog", "wolf") == 1 / 3
    assert PETS.path_similarity("dog", "goldfish") == 1 / 3
    assert PETS.path_similarity("wolf", "goldfish") == 1 / 5
    assert PETS.ancestors("dog") == {"canine", "pet", "animal"}
    assert PETS.ancestors("animal") == frozenset()
    assert PETS.parents("dog") == ("canine", "pet")


def test_depths_are_the_shortest_and_the_longest_way_to_a_root() -> None:
    taxonomy = Taxonomy({"z": ["deep", "root"], "deep": "root", "child": "z", "alone": []})
    assert [taxonomy.min_depth(node) for node in ("root", "deep", "z", "child", "alone")] == [0, 1, 1, 2, 0]
    assert [taxonomy.max_depth(node) for node in ("root", "deep", "z", "child", "alone")] == [0, 1, 2, 3, 0]
    assert taxonomy.height == 3
    assert Taxonomy({"child": "z"}, height=3).height == 3
    assert Taxonomy({}).height == 0
    for depth in (taxonomy.min_depth, taxonomy.max_depth):
        with pytest.raises(SemanticsError, match="no node 'deeep'"):
            depth("deeep")


@given(hierarchies())
def test_depths_agree_with_all_ways_to_the_roots(parents: dict[str, list[str]]) -> None:
    taxonomy = Taxonomy(parents)

    def ways(node: str) -> list[int]:
        return [1 + way for parent in taxonomy.parents(node) for way in ways(parent)] or [0]

    for node in taxonomy.nodes:
        assert (taxonomy.min_depth(node), taxonomy.max_depth(node)) == (min(ways(node)), max(ways(node)))


def test_vectors_hold_another_similarity_when_one_is_given() -> None:
    vectors = PETS.hierarchical_vectors(["wolf", "dog"], lambda a, b: float(len(a) * 100 + len(b)))
    assert PETS.nodes_of(["wolf", "dog"]) == ("animal", "canine", "dog", "pet", "wolf")
    np.testing.assert_array_equal(vectors, [[406, 406, 403, 403, 404], [306, 306, 303, 303, 304]])


def test_a_path_goes_through_a_common_ancestor_never_through_a_common_child() -> None:
    taxonomy = Taxonomy({"child": ["left", "right"]})
    assert taxonomy.path_similarity("left", "right") == 0


def test_nodes_are_the_classes_and_all_their_ancestors_sorted() -> None:
    assert PETS.nodes_of(["wolf"]) == ("animal", "canine", "wolf")
    assert PETS.nodes_of(["goldfish", "wolf"]) == ("animal", "canine", "goldfish", "pet", "wolf")


def test_vectors_hold_the_similarity_with_each_node() -> None:
    vectors = PETS.hierarchical_vectors(["wolf", "goldfish"])
    expected = [[1 / 3, 1 / 2, 1 / 5, 1 / 4, 1], [1 / 3, 1 / 4, 1, 1 / 2, 1 / 5]]
    assert vectors.dtype == np.float64
    np.testing.assert_array_equal(vectors, expected)


def test_no_classes_give_an_empty_table() -> None:
    assert PETS.hierarchical_vectors([]).shape == (0, 0)
    assert Taxonomy({}).nodes == ()


def test_the_order_of_the_mapping_does_not_matter() -> None:
    parents = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "e": ["c"]}
    reversed_parents = dict(reversed(parents.items()))
    np.testing.assert_array_equal(
        Taxonomy(parents).hierarchical_vectors(["a", "e"]), Taxonomy(reversed_parents).hierarchical_vectors(["a", "e"])
    )


def test_an_unknown_node_is_named_with_its_near_miss() -> None:
    with pytest.raises(SemanticsError, match=r"no node 'wolff' among the 6 nodes .*did you mean 'wolf'\?"):
        PETS.path_similarity("dog", "wolff")
    with pytest.raises(SemanticsError, match="no node 'zebra'"):
        PETS.hierarchical_vectors(["dog", "zebra"])


def test_a_cycle_is_refused_and_shown() -> None:
    with pytest.raises(SemanticsError, match="has a cycle: 'b', 'c', 'b'; expected parents that lead to a root"):
        Taxonomy({"a": "b", "b": ["c", "root"], "c": "b"})
    with pytest.raises(SemanticsError, match="cycle: 'a', 'a'"):
        Taxonomy({"a": "a"})
