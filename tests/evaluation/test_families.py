"""Each family against the scores that its own code gives (in the folder reference)."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import average_precision_score

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.embeddings_file import KEYS, read_embeddings
from pcmsn.evaluation.families import FAMILIES, SAKE, SEM_PCYC, ZSE, MetricFamily, metric_family
from pcmsn.evaluation.ranking import rank
from pcmsn.evaluation.scoring import mean_average_precision, score

REFERENCE = Path(__file__).parent / "reference"
NAMES_OF_CODES = {"sem-pcyc": "sem_pcyc", "sake": "sake_cosine", "zse": "zse_sbir", "neutral": "sem_pcyc"}
references = pytest.mark.parametrize("name", ["balanced", "unbalanced", "small_gallery"])


def reference(name):
    embeddings = read_embeddings(REFERENCE / f"{name}.npz")
    expected = json.loads((REFERENCE / "expected.json").read_text(encoding="utf-8"))[name]
    return [getattr(embeddings, key) for key in KEYS], expected


@references
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_the_scores_of_its_own_code(name, family):
    arrays, expected = reference(name)
    scores = score(*arrays, family=FAMILIES[family])
    for key, value in expected[NAMES_OF_CODES[family]].items():
        assert scores.to_dict()[key] == pytest.approx(value, abs=1e-6), key
    assert mean_average_precision(*arrays, FAMILIES[family]) == scores.map_all


@references
def test_released_codes_give_the_released_scores(name):
    arrays, expected = reference(name)
    # 60 sketches in 64 dimensions leave directions of no variance, whose order is the linear algebra library's.
    tolerance = 0.02 if name == "small_gallery" else 0.01
    scores = score(*arrays, codes="itq-released").to_dict()
    for key, value in expected["sem_pcyc_binary_itq"].items():
        assert scores[key] == pytest.approx(value, abs=tolerance), key


def small_world():
    """Queries and photos on a coarse grid: many ties, duplicate photos, a one-photo class, a class without photos."""
    random = np.random.default_rng(3)
    photo = random.integers(1, 4, (30, 3)).astype(np.float64)
    photo[20:] = photo[:10]
    photo_label = random.integers(0, 3, 30)
    photo_label[7] = 3
    return random.integers(1, 4, (9, 3)).astype(np.float64), np.array([0, 1, 2, 3, 4, 0, 1, 2, 3]), photo, photo_label


def slow_voc(hits, k, relevant):
    precision = [sum(hits[: place + 1]) / (place + 1) for place in range(k)]
    total = sum(max(precision[place:]) for place in range(k) if hits[place])
    return total / min(k, relevant) if relevant else 0.0


def test_sem_pcyc_equals_scikit_learn_on_ties_and_duplicates():
    sketch, sketch_label, photo, photo_label = small_world()
    scores = score(sketch, sketch_label, photo, photo_label, family=SEM_PCYC)
    relevance, distance = sketch_label[:, None] == photo_label, cdist(sketch, photo)
    expected = [
        average_precision_score(hits, -away) if hits.any() else 0.0
        for hits, away in zip(relevance, distance, strict=True)
    ]
    np.testing.assert_allclose(scores.average_precision, expected, atol=1e-12)
    assert scores.map_all == pytest.approx(np.mean(expected))
    assert scores.map_200 == scores.map_all
    assert scores.p_100 == pytest.approx(relevance.mean())  # k above the gallery size: the whole list, divided by it


@pytest.mark.parametrize(("family", "metric"), [(ZSE, "euclidean"), (SAKE, "cosine")])
def test_the_interpolated_families_equal_the_slow_loop_in_sort_order(family, metric):
    sketch, sketch_label, photo, photo_label = small_world()
    scores = score(sketch, sketch_label, photo, photo_label, family=family)
    relevance, distance = sketch_label[:, None] == photo_label, cdist(sketch, photo, metric)
    order = [sorted(range(30), key=lambda place, row=row: (row[place], place)) for row in distance]
    hits = [[bool(row[place]) for place in places] for row, places in zip(relevance, order, strict=True)]
    expected = [slow_voc(row, 30, sum(row)) for row in hits]
    np.testing.assert_allclose(scores.average_precision, expected, atol=1e-12)
    shares = [sum(row[: sum(row)]) / sum(row) if any(row) else 0.0 for row in hits]
    assert scores.p_200 == pytest.approx(np.mean(shares if family is ZSE else relevance.mean(axis=1)))


def test_far_embeddings_are_ranked_though_their_similarity_underflows():
    sketch, photo = np.array([[0.0]]), np.array([[3000.0], [2000.0], [1000.0]])
    assert np.exp(-1000.0) == 0.0
    assert score(sketch, [1], photo, [0, 0, 1]).map_all == 1.0


def test_a_family_says_what_it_computes():
    for name, family in FAMILIES.items():
        assert family.name == name
        assert family.to_dict().keys() == {field.name for field in dataclasses.fields(MetricFamily)}
        assert "\n" not in family.description
    assert metric_family("zse") is ZSE


def test_an_unknown_family_is_named_with_the_nearest_one():
    with pytest.raises(
        EvaluationError, match=r"no metric family 'sem_pcyc' .did you mean 'sem-pcyc'\?\); the families"
    ):
        metric_family("sem_pcyc")


def test_interpolation_over_threshold_groups_is_refused():
    with pytest.raises(EvaluationError, match="zse: VOC-interpolated AP is defined on sort order"):
        dataclasses.replace(ZSE, ties="threshold groups")


def test_non_interpolated_precision_in_sort_order_ignores_ties():
    family = dataclasses.replace(SEM_PCYC, ties="sort order")
    ranking = rank(np.zeros((1, 2)), np.array([[True, False]]))
    assert family.average_precision(ranking)[0] == 1.0
    assert SEM_PCYC.average_precision(ranking)[0] == 0.5
