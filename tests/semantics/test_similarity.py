"""The similarity measures agree with NLTK on 2,000 pairs of synsets and with cases worked by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from wordnet_database import NounReader, nltk_reader, write_database

from pcmsn.semantics.information_content import UNCOUNTED, InformationContent, from_semcor_counts
from pcmsn.semantics.similarity import IDENTICAL, jcn_similarity, lch_similarity, lin_similarity, wup_similarity
from pcmsn.semantics.taxonomy import Taxonomy
from pcmsn.semantics.wordnet import WordNet, open_wordnet

PETS = Taxonomy({"dog": ["canine", "pet"], "wolf": "canine", "canine": "animal", "pet": "animal", "goldfish": "pet"})
COUNTS = InformationContent(
    {"animal": 16.0, "canine": 8.0, "pet": 8.0, "dog": 4.0, "wolf": 2.0, "ghost": 0.0}, total=16.0, source="a test"
)
DEEPEST = "rock_hind.n.01"  # 19 steps below entity.n.01, as deep as any noun
UNLIKE = ("dog.n.01", "democracy.n.01", "seven.n.01", "entity.n.01", "kiss.n.01")  # common: entity, abstraction


def random_pairs(wordnet: WordNet) -> list[tuple[str, str]]:
    """2,000 pairs: 1,000 of any synsets, 528 with a relative, 250 of instances, and what measures stumble over."""
    generator = np.random.default_rng(0)
    names = np.array(wordnet.names)
    anything = [tuple(generator.choice(names, 2).tolist()) for _ in range(1000)]
    instances = np.array([name for name in generator.choice(names, 4000).tolist() if wordnet.instance_parents(name)])
    famous = [tuple(generator.choice(instances, 2).tolist()) for _ in range(250)]
    counted = names[wordnet.counts > 0]
    met = [tuple(generator.choice(counted, 2).tolist()) for _ in range(150)]
    identical = [(name, name) for name in generator.choice(names, 50).tolist()]
    unlike = [(a, b) for a in UNLIKE for b in UNLIKE if a != b or a != "entity.n.01"]
    related = [relative(wordnet, name, generator) for name in generator.choice(names, 2000).tolist()]
    pairs = [*unlike, *anything, *famous, *met, *identical, *related]
    return pairs[:1999] + [(DEEPEST, "dog.n.01")]


def relative(wordnet: WordNet, name: str, generator: np.random.Generator) -> tuple[str, str]:
    """A synset and one that some steps up lead to."""
    above = name
    for _ in range(generator.integers(1, 8)):
        above = str(generator.choice(wordnet.parents(above) or (above,)))
    return name, above


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    wordnet = open_wordnet()
    pairs = random_pairs(wordnet)
    folder = tmp_path_factory.mktemp("wordnet")
    write_database(wordnet, {name for pair in pairs for name in pair}, folder)
    taxonomy = wordnet.taxonomy_above(name for pair in pairs for name in pair)
    return SimpleNamespace(wordnet=wordnet, taxonomy=taxonomy, pairs=pairs, reader=nltk_reader(folder))


def for_nltk(wordnet: WordNet, content: InformationContent) -> dict[str, dict[int, float]]:
    """The same counts in the form of NLTK's information content: by offset, the root's once more under 0."""
    nouns = dict.fromkeys(wordnet.offsets.tolist(), 0.0)
    nouns.update({int(wordnet.offsets[wordnet.row(name)]): count for name, count in content.counts.items()})
    return {"n": {**nouns, 0: content.total}}


@pytest.mark.parametrize("measure", ["path", "wup", "lch"])
def test_measures_of_the_hierarchy_agree_with_nltk_on_2000_pairs(oracle: SimpleNamespace, measure: str) -> None:
    taxonomy: Taxonomy = oracle.taxonomy
    ours = {
        "path": taxonomy.path_similarity,
        "wup": lambda a, b: wup_similarity(taxonomy, a, b),
        "lch": lambda a, b: lch_similarity(taxonomy, a, b),
    }[measure]
    reader: NounReader = oracle.reader
    theirs = getattr(reader, f"{measure}_similarity")
    expected = [theirs(reader.synset(a), reader.synset(b)) for a, b in oracle.pairs]
    assert len(oracle.pairs) == 2000
    np.testing.assert_allclose([ours(a, b) for a, b in oracle.pairs], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
@pytest.mark.parametrize(("name", "ours"), [("jcn", jcn_similarity), ("lin", lin_similarity)])
def test_measures_with_information_content_agree_with_nltk_on_2000_pairs(
    oracle: SimpleNamespace, contents: dict[float, InformationContent], name: str, ours: Any, smoothing: float
) -> None:
    content = contents[smoothing]
    theirs, given = getattr(oracle.reader, f"{name}_similarity"), for_nltk(oracle.wordnet, content)
    expected = np.array([theirs(oracle.reader.synset(a), oracle.reader.synset(b), given) for a, b in oracle.pairs])
    values = np.array([ours(oracle.taxonomy, content, a, b) for a, b in oracle.pairs])
    large = expected > 1e6  # of nodes whose counts are equal: infinite, or a rounding error's inverse
    np.testing.assert_array_equal(values > 1e6, large)
    np.testing.assert_allclose(values[~large], expected[~large], rtol=1e-9, atol=1e-6)


@pytest.fixture(scope="module")
def contents() -> dict[float, InformationContent]:
    return {smoothing: from_semcor_counts(smoothing=smoothing) for smoothing in (0.0, 1.0)}


def test_the_pairs_include_the_hard_ones(oracle: SimpleNamespace) -> None:
    above = oracle.taxonomy.steps_up
    common = [above(a).keys() & above(b).keys() for a, b in oracle.pairs]
    assert sum(nodes == {"entity.n.01"} for nodes in common) > 100
    assert sum(a == b for a, b in oracle.pairs) >= 50
    assert sum(bool(oracle.wordnet.instance_parents(a)) for a, _ in oracle.pairs) >= 250


def test_wup_by_hand() -> None:
    # dog and wolf meet at canine, at depth 2 counted from 1: 2*2 / (2*2 + 1 + 1).
    assert wup_similarity(PETS, "dog", "wolf") == 4 / 6
    assert wup_similarity(PETS, "wolf", "goldfish") == 2 / (2 + 2 + 2)
    assert wup_similarity(PETS, "dog", "dog") == 1
    assert wup_similarity(PETS, "dog", "animal") == 2 / (2 + 2)


def test_wup_takes_the_first_name_among_equally_deep_subsumers_and_counts_its_longest_way_up() -> None:
    above = {"low": ["root", "middle"], "middle": "root", "x": "root"}
    taxonomy = Taxonomy({**above, "a": ["low", "x"], "b": ["low", "x"]})
    assert [taxonomy.min_depth(node) for node in ("low", "x", "middle")] == [1, 1, 1]
    assert wup_similarity(taxonomy, "a", "b") == 2 * 3 / (2 * 3 + 1 + 1)


def test_wup_prefers_its_first_node_as_subsumer_so_that_the_order_can_matter() -> None:
    taxonomy = Taxonomy({"z": ["deep", "root"], "deep": "root", "child": "z"})
    assert wup_similarity(taxonomy, "z", "child") == 2 * 3 / (2 * 3 + 0 + 1)
    assert wup_similarity(taxonomy, "child", "z") == 2 * 2 / (2 * 2 + 2 + 1)


def test_wup_measures_the_way_to_the_subsumer_over_a_higher_node_when_that_is_shorter() -> None:
    # From "far" straight up to "s" are 4 steps, over the root 2: the subsumer is "s", the way to it 2 steps long.
    chain = {"far": ["c3", "root"], "c3": "c2", "c2": "c1", "c1": "s", "s": "root", "near": "s"}
    taxonomy = Taxonomy(chain)
    assert taxonomy.steps_up("far")["s"] == 4
    assert wup_similarity(taxonomy, "far", "near") == 2 * 2 / (2 * 2 + 2 + 1)


def test_lch_by_hand() -> None:
    assert PETS.height == 2
    assert lch_similarity(PETS, "dog", "dog") == pytest.approx(np.log(4))
    assert lch_similarity(PETS, "dog", "wolf") == pytest.approx(-np.log(3 / 4))
    assert lch_similarity(PETS, "wolf", "goldfish") == pytest.approx(-np.log(5 / 4))


def test_jcn_and_lin_by_hand() -> None:
    ln2 = np.log(2)
    # IC: animal 0, canine and pet ln 2, dog 2 ln 2, wolf 3 ln 2.
    assert jcn_similarity(PETS, COUNTS, "dog", "wolf") == pytest.approx(1 / (2 * ln2 + 3 * ln2 - 2 * ln2))
    assert lin_similarity(PETS, COUNTS, "dog", "wolf") == pytest.approx(2 / 5)
    assert jcn_similarity(PETS, COUNTS, "dog", "canine") == pytest.approx(1 / ln2)
    assert lin_similarity(PETS, COUNTS, "dog", "canine") == pytest.approx(2 / 3)
    assert lin_similarity(PETS, COUNTS, "canine", "pet") == 0


def test_jcn_of_a_root_is_0_and_of_a_node_with_itself_as_good_as_infinite() -> None:
    assert jcn_similarity(PETS, COUNTS, "dog", "animal") == 0
    assert jcn_similarity(PETS, COUNTS, "animal", "animal") == IDENTICAL
    assert jcn_similarity(PETS, COUNTS, "dog", "dog") == IDENTICAL


def test_a_node_that_was_never_met_is_like_itself_only() -> None:
    assert COUNTS.of("goldfish") == UNCOUNTED
    assert jcn_similarity(PETS, COUNTS, "goldfish", "pet") == 1 / UNCOUNTED
    assert lin_similarity(PETS, COUNTS, "goldfish", "pet") == pytest.approx(0, abs=1e-200)
    assert lin_similarity(PETS, COUNTS, "goldfish", "goldfish") == 1


def test_two_roots_are_alike_where_nltk_divides_by_zero() -> None:
    assert lin_similarity(PETS, COUNTS, "animal", "animal") == 1


def test_nodes_without_a_common_ancestor_have_similarity_0() -> None:
    taxonomy = Taxonomy({"a": "left", "b": "right"})
    content = InformationContent({"a": 1.0, "left": 2.0, "b": 1.0, "right": 2.0}, total=4.0, source="a test")
    assert wup_similarity(taxonomy, "a", "b") == 0
    assert lch_similarity(taxonomy, "a", "b") == 0
    assert lin_similarity(taxonomy, content, "a", "b") == 0
    assert jcn_similarity(taxonomy, content, "a", "b") == pytest.approx(1 / (4 * np.log(2)))


def test_lch_of_a_hierarchy_without_links_is_0() -> None:
    assert lch_similarity(Taxonomy({"alone": []}), "alone", "alone") == 0
