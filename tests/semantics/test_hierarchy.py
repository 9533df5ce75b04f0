"""Hierarchical vectors hold the similarity of each class with each node, and the published ones are rebuilt."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError
from pcmsn.semantics.hierarchy import MEASURES, hierarchical_vectors, published_nodes
from pcmsn.semantics.information_content import InformationContent, from_semcor_counts, with_descendants
from pcmsn.semantics.similarity import jcn_similarity, lch_similarity, lin_similarity, wup_similarity
from pcmsn.semantics.unpickling import read_pickled_npy
from pcmsn.semantics.wordnet import open_wordnet

PUBLISHED = Path(__file__).parents[3] / "shared" / "semantics"
PETS = {"cat": "cat.n.01", "dog": "dog.n.01", "sedan": "sedan.n.01"}


def test_columns_are_the_classes_synsets_and_everything_above_them_sorted() -> None:
    result = hierarchical_vectors(PETS, "path")
    taxonomy = open_wordnet().taxonomy
    expected = set(PETS.values()).union(*(taxonomy.ancestors(synset) for synset in PETS.values()))
    assert result.names == ("cat", "dog", "sedan")
    assert result.nodes == tuple(sorted(expected))
    assert {"domestic_animal.n.01", "feline.n.01", "car.n.01", "entity.n.01"} < set(result.nodes)
    assert result.vectors.shape == (3, len(expected))
    assert result.vectors.dtype == np.float64
    assert (result.measure, result.information_content) == ("path", None)


def test_an_element_is_the_similarity_of_its_class_and_its_node() -> None:
    taxonomy, content = open_wordnet().taxonomy, from_semcor_counts()
    measures = {
        "path": taxonomy.path_similarity,
        "wup": lambda a, b: wup_similarity(taxonomy, a, b),
        "lch": lambda a, b: lch_similarity(taxonomy, a, b),
        "jcn": lambda a, b: min(1.0, jcn_similarity(taxonomy, content, a, b)),
        "lin": lambda a, b: lin_similarity(taxonomy, content, a, b),
    }
    assert tuple(measures) == MEASURES
    for measure, similarity in measures.items():
        result = hierarchical_vectors(PETS, measure)
        expected = [[similarity(synset, node) for node in result.nodes] for synset in PETS.values()]
        np.testing.assert_allclose(result.vectors, expected, rtol=1e-12, err_msg=measure)


@pytest.mark.parametrize("measure", [name for name in MEASURES if name != "wup"])  # NLTK's wup(dog, dog) is 0.93
def test_a_class_is_most_alike_to_itself(measure: str) -> None:
    result = hierarchical_vectors(PETS, measure)
    own = [result.nodes.index(synset) for synset in PETS.values()]
    assert np.isfinite(result.vectors).all()
    np.testing.assert_array_equal(result.vectors[range(3), own], result.vectors.max(axis=1))


def test_jcn_is_cut_at_1() -> None:
    assert hierarchical_vectors(PETS, "jcn").vectors.max() == 1


def test_an_uncounted_class_has_finite_vectors() -> None:
    for measure in ("jcn", "lin"):
        content = from_semcor_counts(smoothing=0)
        synsets = {"crab": "hermit_crab.n.01", **PETS}
        vectors = hierarchical_vectors(synsets, measure, information_content=content).vectors
        assert np.isfinite(vectors).all()
        assert vectors.max() <= 1


def test_lin_stays_at_most_1_with_counts_that_leave_out_nodes_above() -> None:
    content = InformationContent({"cat.n.01": 5.0, "dog.n.01": 20.0, "entity.n.01": 100.0}, 100.0, "an incomplete file")
    vectors = hierarchical_vectors(PETS, "lin", information_content=content).vectors
    assert vectors.max() == 1


def test_given_information_content_is_used_and_named() -> None:
    above_cat = open_wordnet().taxonomy.nodes_of(["cat.n.01"])
    counts = with_descendants(open_wordnet().taxonomy_above(["cat.n.01"]), {"cat.n.01": 1.0, "entity.n.01": 3.0})
    content = InformationContent(counts, 4.0, "a tiny corpus")
    result = hierarchical_vectors({"cat": "cat.n.01"}, "lin", information_content=content)
    assert result.information_content == "a tiny corpus"
    assert result.nodes == above_cat
    np.testing.assert_array_equal(result.vectors, [[float(node != "entity.n.01") for node in above_cat]])
    assert (
        hierarchical_vectors(PETS, "lin").information_content == "SemCor counts of WordNet 3.0, 1 added to each synset"
    )
    assert hierarchical_vectors(PETS, "wup", information_content=content).information_content is None


def test_two_classes_may_share_a_synset_and_any_of_its_names() -> None:
    result = hierarchical_vectors({"car": "car.n.01", "automobile": "automobile.n.01"}, "wup")
    np.testing.assert_array_equal(result.vectors[0], result.vectors[1])
    assert "automobile.n.01" not in result.nodes


def test_an_unknown_measure_class_or_synset_is_an_error_that_names_it() -> None:
    with pytest.raises(
        SemanticsError, match=r"no similarity measure 'pathh' \(did you mean 'path'\?\); choose one of 'path', 'wup'"
    ):
        hierarchical_vectors(PETS, "pathh")
    with pytest.raises(
        SemanticsError, match="class 'bird': WordNet 3.0 has no synset 'bird.n.77'; the senses of 'bird'"
    ):
        hierarchical_vectors({"bird": "bird.n.77"}, "path")
    with pytest.raises(SemanticsError, match="no classes to build vectors for"):
        hierarchical_vectors({}, "path")


def test_building_vectors_does_not_import_torch() -> None:
    code = "import sys, pcmsn.semantics.hierarchy; sys.exit('torch' in sys.modules or 'nltk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def columns(vectors: NDArray[np.float64]) -> Counter[bytes]:
    return Counter(np.ascontiguousarray(vectors.T.round(9)[column]).tobytes() for column in range(vectors.shape[1]))


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no published vectors in {PUBLISHED}")
@pytest.mark.parametrize(("dataset", "nodes"), [("Sketchy", 354), ("TU-Berlin", 664)])
def test_the_published_path_vectors_are_rebuilt_up_to_the_order_of_columns(dataset: str, nodes: int) -> None:
    synsets = json.loads((PUBLISHED / f"synsets_{dataset}.json").read_text())
    content = read_pickled_npy(PUBLISHED / dataset / "hieremb-path.npy")
    assert isinstance(content, dict)
    theirs = columns(np.stack([content[name] for name in synsets]))
    ours = columns(hierarchical_vectors(synsets, "path").vectors)
    assert ours == theirs
    assert ours.total() == nodes


def test_of_several_things_that_a_synset_is_an_instance_of_only_the_first_becomes_a_node() -> None:
    nodes = published_nodes(["santa_claus.n.01", "dog.n.01"], open_wordnet())
    assert "imaginary_being.n.01" in nodes and "patron_saint.n.01" not in nodes
    assert {"canine.n.02", "domestic_animal.n.01"} <= set(nodes)  # both kinds that a dog is
    both = hierarchical_vectors({"santa": "santa_claus.n.01"}, "path")
    organism = hierarchical_vectors({"santa": "santa_claus.n.01", "dog": "dog.n.01"}, "path")
    assert "organism.n.01" not in both.nodes
    # but the way through the saint counts: saint, patron saint, person ... five steps to organism
    assert organism.vectors[0, organism.nodes.index("organism.n.01")] == pytest.approx(1 / 6)
