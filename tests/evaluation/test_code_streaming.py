"""Scores of binary codes against full rankings of their Hamming distances."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from pcmsn.evaluation import code_streaming
from pcmsn.evaluation.code_streaming import CodeLists, measure_codes
from pcmsn.evaluation.families import FAMILIES, NEUTRAL, SEM_PCYC
from pcmsn.evaluation.ranking import rank
from pcmsn.evaluation.scoring import score_code_families, score_codes
from pcmsn.hashing.hamming import hamming_distances, pack_codes

ALL = list(FAMILIES.values())


def plain(sketch, sketch_label, photo, photo_label, family):
    distance = (sketch[:, None] != photo[None]).sum(axis=-1)
    columns = []
    for row, label in zip(distance, sketch_label, strict=True):
        ranking = rank(row[None], (photo_label == label)[None])
        values = [family.average_precision(ranking), family.average_precision(ranking, 200)]
        columns.append(np.concatenate(values + [family.precision(ranking, k) for k in (100, 200)]))
    return np.stack(columns, axis=1)


@given(
    queries=st.integers(1, 10),
    gallery=st.integers(1, 300),
    classes=st.integers(1, 5),
    bits=st.sampled_from([1, 2, 7, 8, 64, 70, 600]),
    at_once=st.sampled_from([1, 500, 2**18]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=120, deadline=None)
def test_the_scores_are_those_of_full_rankings(queries, gallery, classes, bits, at_once, seed):
    random = np.random.default_rng(seed)
    sketch, photo = random.random((queries, bits)) < 0.3, random.random((gallery, bits)) < 0.3
    sketch_label, photo_label = random.integers(0, classes, queries), random.integers(1, classes + 1, gallery)
    with mock.patch.object(code_streaming, "PAIRS_AT_ONCE", at_once):
        found = measure_codes(pack_codes(sketch), sketch_label, pack_codes(photo), photo_label, bits, ALL)
    for family, scores in zip(ALL, found, strict=True):
        expected = plain(sketch, sketch_label, photo, photo_label, family)
        np.testing.assert_allclose(scores.values, expected, rtol=0, atol=1e-11, err_msg=family.name)


def world(queries=20, gallery=900, bits=16, classes=4):
    random = np.random.default_rng(0)
    centres = random.random((classes, bits)) < 0.5
    labels = np.arange(queries) % classes, random.integers(0, classes, gallery)
    codes = [centres[label] ^ (random.random((len(label), bits)) < 0.3) for label in labels]
    return codes[0], labels[0], codes[1], labels[1]


def test_sem_pcyc_on_codes_equals_scikit_learn():
    sketch, sketch_label, photo, photo_label = world()
    scores = score_codes(sketch, sketch_label, photo, photo_label)
    distance = (sketch[:, None] != photo[None]).sum(axis=-1)
    expected = [
        average_precision_score(photo_label == label, -row) for label, row in zip(sketch_label, distance, strict=True)
    ]
    np.testing.assert_allclose(scores.average_precision, expected, atol=1e-12)


def test_only_the_neutral_scores_do_not_depend_on_the_order_of_the_gallery():
    sketch, sketch_label, photo, photo_label = world(bits=6)
    order = np.argsort(photo_label == 0, kind="stable")
    first = score_code_families(sketch, sketch_label, photo, photo_label)
    other = score_code_families(sketch, sketch_label, photo[order], photo_label[order])
    np.testing.assert_allclose(first["neutral"].values, other["neutral"].values, atol=1e-12)
    assert all(not np.allclose(first[name].values, other[name].values) for name in ("sem-pcyc", "sake", "zse"))


def test_a_query_has_the_same_scores_alone_and_in_a_batch():
    sketch, sketch_label, photo, photo_label = world()
    together = score_code_families(sketch, sketch_label, photo, photo_label)
    for query in range(5):
        alone = score_code_families(sketch[[query]], sketch_label[[query]], photo, photo_label)
        for name, scores in alone.items():
            assert np.array_equal(scores.values[:, 0], together[name].values[:, query])


@pytest.mark.parametrize("bits", [16, 3000])
def test_places_are_those_of_a_stable_sort(bits):
    """Distances of 3000 bits do not fit in a byte."""
    sketch, sketch_label, photo, photo_label = world(bits=bits, queries=4)
    same = sketch_label == sketch_label[0]
    distance = hamming_distances(pack_codes(sketch[same]), pack_codes(photo))
    lists = CodeLists(distance, photo_label == sketch_label[0], bits)
    places = lists.places(lists.groups())
    for row, place, first, last in zip(distance, places.place, places.first, places.last, strict=True):
        order = np.argsort(row, kind="stable")
        assert place.tolist() == np.flatnonzero(photo_label[order] == sketch_label[0]).tolist()
        assert first.tolist() == np.searchsorted(row[order], row[order][place], side="left").tolist()
        assert last.tolist() == np.searchsorted(row[order], row[order][place], side="right").tolist()


def test_codes_that_are_all_equal_are_one_group():
    labels = np.repeat([0, 1], 150)
    same = np.ones((300, 8), dtype=bool)
    assert score_codes(same, labels, same, labels, family=SEM_PCYC).map_all == 0.5
    neutral = score_codes(same, labels, same, labels, family=NEUTRAL)
    assert neutral.p_100 == pytest.approx(0.5)
    assert 0.5 < neutral.map_all < 0.52
