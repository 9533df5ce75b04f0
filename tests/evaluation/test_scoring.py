"""Scores: their form, their notes, and the inputs that are refused."""

import json

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation import products, streaming
from pcmsn.evaluation.families import FAMILIES, SAKE, SEM_PCYC, ZSE
from pcmsn.evaluation.products import HostProducts
from pcmsn.evaluation.scoring import (
    mean_average_precision,
    notes_on,
    score,
    score_codes,
    score_embeddings,
    score_families,
)


def embeddings(queries=12, gallery=50, classes=4, dimension=8, seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(classes, dimension))
    sketch_label, photo_label = np.arange(queries) % classes, np.arange(gallery) % classes
    sketch = centres[sketch_label] + random.normal(size=(queries, dimension))
    photo = centres[photo_label] + random.normal(size=(gallery, dimension))
    return sketch.astype(np.float32), sketch_label, photo.astype(np.float32), photo_label


def test_scores_carry_the_fields_names_and_are_json():
    values = score(*embeddings()).to_dict()
    assert list(values)[:4] == ["mAP@all", "mAP@200", "P@100", "P@200"]
    assert json.loads(json.dumps(values)) == values
    assert (values["queries"], values["gallery"], values["metrics"], values["codes"]) == (12, 50, "sem-pcyc", "real")
    assert values["seconds_per_query"] > 0


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_scores_do_not_depend_on_the_size_of_blocks(monkeypatch, family):
    arrays = embeddings(queries=23)
    whole = score(*arrays, family=family)
    monkeypatch.setattr(HostProducts, "pairs_at_once", 110)
    monkeypatch.setattr(products, "STRIP", 60)
    monkeypatch.setattr(streaming, "PHOTOS_AT_ONCE", 17)
    in_blocks = score(*arrays, family=family)
    assert np.array_equal(whole.average_precision, in_blocks.average_precision)
    assert (whole.map_200, whole.p_100) == (in_blocks.map_200, in_blocks.p_100)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_mean_average_precision_is_the_mean_over_queries(family):
    arrays = embeddings()
    scores = score_embeddings(*arrays, family=family)
    assert mean_average_precision(*arrays, family) == scores.map_all == scores.average_precision.mean()


def test_labels_may_be_names():
    sketch, sketch_label, photo, photo_label = embeddings()
    names = np.array(["cup", "bell", "wine_bottle", "ox"])
    by_name = score(sketch, names[sketch_label], photo, list(names[photo_label]))
    assert by_name.map_all == score(sketch, sketch_label, photo, photo_label).map_all


def test_embeddings_that_fall_together_by_class_are_perfect():
    labels = np.repeat([0, 1, 2], 10)
    for family in FAMILIES.values():
        assert score(np.eye(3)[labels], labels, np.eye(3)[labels], labels, family=family).map_all == 1.0


def test_embeddings_that_all_fall_together_have_the_share_of_the_class():
    labels = np.repeat([0, 1], 10)
    same = np.ones((20, 3))
    assert score(same, labels, same, labels, family=SEM_PCYC).map_all == 0.5  # one threshold for the whole gallery


def test_codes_are_ranked_by_hamming_distance():
    random = np.random.default_rng(5)
    sketch, photo = random.random((10, 20)) > 0.5, random.random((40, 20)) > 0.5
    labels = np.arange(10) % 3, np.arange(40) % 3
    # On 0/1 vectors the squared Euclidean distance is the Hamming distance, so order and ties are the same.
    as_vectors = score_embeddings(sketch.astype(float), labels[0], photo.astype(float), labels[1])
    for codes in ((sketch, photo), (sketch.astype(np.uint8), photo.astype(np.int64))):
        scores = score_codes(codes[0], labels[0], codes[1], labels[1])
        np.testing.assert_allclose(scores.average_precision, as_vectors.average_precision, rtol=1e-14)
        assert (scores.p_100, scores.codes) == (as_vectors.p_100, "itq")


def test_released_codes_have_a_bit_a_dimension_and_repeat():
    arrays = embeddings()
    first, again = (score(*arrays, codes="itq-released", bits=bits) for bits in (None, 8))
    assert np.array_equal(first.average_precision, again.average_precision)
    assert first.codes == "itq-released"


def test_k_above_the_gallery_size_is_one_note_that_names_the_divisor():
    assert score(*embeddings(gallery=90)).notes == (
        "the gallery has 90 photos, fewer than k = 100 and 200: mAP@200 is mAP@all, and P@100 and P@200 divide by 90",
    )
    assert score(*embeddings(gallery=150), family=ZSE).notes == (
        "the gallery has 150 photos, fewer than k = 200: mAP@200 is mAP@all, and P@200 divides in zse by min(k, R) "
        "(R: photos of the query's class)",
    )
    assert score(*embeddings(gallery=200)).notes == ()


def test_families_of_one_gallery_share_one_note_and_the_one_that_differs_is_named():
    every = score_families(*embeddings(gallery=150))
    assert notes_on(list(every.values())) == (
        "the gallery has 150 photos, fewer than k = 200: mAP@200 is mAP@all, and P@200 divides by 150, in zse by "
        "min(k, R) (R: photos of the query's class)",
    )


def test_one_photo_and_one_query_are_not_plural():
    scores = score(np.eye(2), [0, 1], np.eye(2)[:1], [0])
    assert scores.notes[0].startswith("the gallery has 1 photo, fewer than")
    assert scores.notes[1] == "1 of 2 queries has no photo of its class in the gallery and counts 0"


def test_queries_without_a_photo_of_their_class_count_zero_and_are_noted():
    sketch, sketch_label, photo, photo_label = embeddings(gallery=200)
    answered = score(sketch, sketch_label, photo, photo_label)
    sketch_label = np.where(sketch_label == 1, 77, sketch_label)
    for family in (SEM_PCYC, SAKE, ZSE):
        scores = score(sketch, sketch_label, photo, photo_label, family=family)
        assert np.all(scores.average_precision[sketch_label == 77] == 0)
        assert scores.notes == ("3 of 12 queries have no photo of their class in the gallery and count 0",)
    assert score(sketch, sketch_label, photo, photo_label).map_all < answered.map_all


def spoiled(position, change):
    arrays = [np.array(array) for array in embeddings()]
    arrays[position] = change(arrays[position])
    return arrays


def with_value(value):
    def change(array):
        array = array.astype(np.float64)
        array[3, 1] = value
        return array

    return change


@pytest.mark.parametrize(
    ("position", "change", "message"),
    [
        (0, with_value(np.nan), "1 of 12 sketch embeddings hold NaN or infinite values, the first in row 3"),
        (2, with_value(-np.inf), "1 of 50 photo embeddings hold NaN or infinite values, the first in row 3"),
        (2, with_value(1e200), "1 of 50 photo embeddings hold values above 1e150"),
        (0, lambda a: a[:, :5], "sketch embeddings have 5 dimensions and photo embeddings 8; both must come from one"),
        (0, lambda a: a[0], r"sketch embeddings must be a \(rows, dimensions\) array, got shape \(8,\)"),
        (0, lambda a: a[:0], r"sketch embeddings are empty, got shape \(0, 8\)"),
        (2, lambda a: a[:0], r"photo embeddings are empty, got shape \(0, 8\)"),
        (2, lambda a: a.astype(str), "photo embeddings must be real numbers, got an array of <U32"),
        (1, lambda a: a[:-1], r"12 sketch rows need 12 labels in one dimension, got shape \(11,\)"),
        (3, lambda a: a[:, None], r"50 photo rows need 50 labels in one dimension, got shape \(50, 1\)"),
        (3, lambda a: a.astype(str), "sketch labels are int64 and photo labels <U21; give both as integers or both"),
        (1, lambda a: a + 0.5, "sketch labels must be integers or class names, got an array of float64"),
        (1, lambda a: a.astype(object), "sketch labels must be integers or class names, got an array of object"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(position, change, message):
    arrays = spoiled(position, change)
    for call in (score_embeddings, mean_average_precision, score):
        with pytest.raises(EvaluationError, match=message):
            call(*arrays)


def test_codes_that_do_not_fit_are_refused():
    labels = [0, 1]
    with pytest.raises(EvaluationError, match="sketch codes have 8 bits and photo codes 4"):
        score_codes(np.zeros((2, 8), bool), labels, np.zeros((2, 4), bool), labels)
    with pytest.raises(EvaluationError, match="photo codes must be bool or hold 0 and 1 only, one bit an element"):
        score_codes(np.zeros((2, 8), bool), labels, np.full((2, 8), 255, np.uint8), labels)
    with pytest.raises(EvaluationError, match="sketch codes are empty"):
        score_codes(np.zeros((0, 8), bool), [], np.zeros((2, 8), bool), labels)


def test_unknown_codes_and_too_many_bits_are_refused():
    with pytest.raises(
        EvaluationError, match=r"no codes 'itq-relased' .did you mean 'itq-released'\?\); expected 'real'"
    ):
        score(*embeddings(), codes="itq-relased")
    with pytest.raises(EvaluationError, match="1 to 8 bits from 8-dimensional embeddings, got bits=64"):
        score(*embeddings(), codes="itq-released", bits=64)


def test_all_families_in_one_pass_are_each_familys_own_scores():
    arrays = embeddings(queries=20, gallery=300)
    every = score_families(*arrays)
    assert list(every) == list(FAMILIES)
    for name, family in FAMILIES.items():
        alone = score_embeddings(*arrays, family=family)
        assert np.array_equal(every[name].values, alone.values)
        assert every[name].family is family
        assert every[name].seconds_per_query > 0


def test_scores_carry_intervals_when_asked():
    scores = score(*embeddings(queries=40, gallery=300))
    assert "intervals" not in scores.to_dict()
    values = scores.with_intervals(np.random.default_rng(0)).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert list(values["intervals"]) == ["mAP@all", "mAP@200", "P@100", "P@200", "level", "resampled", "resamples"]
    low, high = values["intervals"]["mAP@200"]
    assert low <= values["mAP@200"] <= high
    assert values["intervals"]["resampled"] == "classes"
