"""ITQ: the error that it lowers, single queries, saved arrays, and the released protocol."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.errors import EvaluationError
from pcmsn.hashing.itq import ITQ, learn_rotation, principal_directions, released_itq_codes
from pcmsn.seeding import numpy_generator


def training(dimension=12, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(60, dimension)) + 3, random.normal(size=(90, dimension)) * 2 - 1


def fitted(bits=8):
    return ITQ.fit(*training(), bits, numpy_generator(0, "itq"))


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 40), st.floats(1e-3, 1e3))
@settings(max_examples=40, deadline=None)
def test_quantisation_error_never_rises(seed, bits, rows, scale):
    random = np.random.default_rng(seed)
    projected = random.normal(size=(rows, bits)) * scale
    rotation, errors = learn_rotation(projected, random, iterations=20)
    assert np.all(np.diff(errors) <= 1e-9 * errors[0])
    codes = np.where(projected @ rotation > 0, 1.0, -1.0)
    assert errors[-1] == pytest.approx(np.mean(np.sum((codes - projected @ rotation) ** 2, axis=1)), rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(bits), atol=1e-9)


def test_directions_are_those_of_largest_variance():
    random = np.random.default_rng(1)
    values = random.normal(size=(500, 4)) * [1.0, 9.0, 0.1, 3.0]
    directions = principal_directions(values - values.mean(axis=0), 2)
    np.testing.assert_allclose(directions, np.eye(4)[:, [1, 3]], atol=0.05)
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=1e-12)


def test_a_query_has_the_same_code_alone_and_in_a_batch():
    itq = fitted()
    random = np.random.default_rng(2)
    sketches, photos = random.normal(size=(40, 12)), random.integers(-1, 2, (40, 12)).astype(np.float32)
    for encode, batch in ((itq.encode_sketches, sketches), (itq.encode_photos, photos)):
        alone = np.concatenate([encode(row[None]) for row in batch])
        assert np.array_equal(encode(batch), alone)
        assert encode(batch).dtype == np.bool_


def test_modalities_are_centred_apart_by_their_training_means():
    sketch, photo = training()
    itq = fitted()
    np.testing.assert_allclose(itq.sketch_mean, sketch.mean(axis=0))
    np.testing.assert_allclose(itq.photo_mean, photo.mean(axis=0))
    expected = (sketch - sketch.mean(axis=0)) @ itq.projection @ itq.rotation > 0
    assert (itq.encode_sketches(sketch) == expected).mean() > 0.999
    shifted = sketch - sketch.mean(axis=0) + photo.mean(axis=0)
    assert (itq.encode_photos(shifted) == expected).mean() > 0.999


def test_iterations_lower_the_quantisation_error():
    errors = [learn_rotation(training()[0], numpy_generator(0, "itq"), iterations)[1][-1] for iterations in (0, 50)]
    assert errors[1] < errors[0]


def test_the_same_generator_gives_the_same_encoder():
    first, again = fitted(), fitted()
    assert np.array_equal(first.rotation, again.rotation)
    assert first.bits == 8


def test_saved_arrays_give_the_same_encoder():
    itq = fitted()
    again = ITQ.from_arrays(itq.to_arrays())
    sketch, _ = training(seed=5)
    assert np.array_equal(again.encode_sketches(sketch), itq.encode_sketches(sketch))


def changed(**arrays):
    return {**fitted().to_arrays(), **arrays}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "saved ITQ holds the arrays none, expected 'sketch_mean', 'photo_mean', 'projection', 'rotation'"),
        (changed(mean=np.zeros(3)), "saved ITQ holds the arrays 'mean', 'photo_mean', .*, expected 'sketch_mean'"),
        (changed(photo_mean=np.zeros(3)), r"ITQ photo_mean has shape \(3,\), expected \(12,\)"),
        (changed(rotation=np.eye(4)), r"ITQ rotation has shape \(4, 4\), expected \(8, 8\)"),
        (changed(rotation=np.ones((8, 8))), "ITQ rotation is not orthogonal: the saved arrays are damaged"),
        (changed(sketch_mean=np.full(12, np.nan)), "ITQ sketch_mean holds NaN or infinite values; fit ITQ again"),
        (changed(sketch_mean=np.zeros(12, np.float32)), "ITQ sketch_mean must be float64 values, got float32"),
        (changed(projection=np.zeros(12)), r"ITQ projection must be a \(rows, columns\) array"),
    ],
)
def test_saved_arrays_that_do_not_fit_are_refused(arrays, message):
    with pytest.raises(EvaluationError, match=message):
        ITQ.from_arrays(arrays)


@pytest.mark.parametrize("bits", [0, 13])
def test_no_bits_and_more_bits_than_dimensions_are_refused(bits):
    message = f"codes of 1 to 12 bits from 12-dimensional embeddings, got bits={bits}"
    with pytest.raises(EvaluationError, match=message):
        fitted(bits)
    with pytest.raises(EvaluationError, match=message):
        released_itq_codes(*training(), bits)


def test_embeddings_that_do_not_fit_are_refused():
    sketch, photo = training()
    generator = numpy_generator(0, "itq")
    with pytest.raises(EvaluationError, match="training photo embeddings have 11 dimensions, expected 12"):
        ITQ.fit(sketch, photo[:, :11], 8, generator)
    with pytest.raises(EvaluationError, match="training sketch embeddings hold NaN or infinite values"):
        ITQ.fit(np.full((3, 12), np.nan), photo, 8, generator)
    with pytest.raises(EvaluationError, match=r"photo embeddings must be .* not empty, got \(0, 12\)"):
        ITQ.fit(sketch, photo[:0], 8, generator)
    with pytest.raises(EvaluationError, match="sketch embeddings have 5 dimensions, expected 12"):
        fitted().encode_sketches(np.zeros((1, 5)))


def test_the_released_protocol_encodes_a_single_query_to_zeros():
    sketch, photo = training()
    code, _ = released_itq_codes(sketch[:1], photo, 8)
    assert not code.any()


def test_the_released_protocol_does_not_see_where_a_modality_lies():
    sketch, photo = training()
    plain = released_itq_codes(sketch, photo, 8)
    moved = released_itq_codes(sketch, photo + 64.0, 8)
    assert np.array_equal(plain[0], moved[0])
    assert (plain[1] == moved[1]).mean() > 0.999


def test_the_released_protocol_repeats_with_a_bit_a_dimension_unless_told_otherwise():
    sketch, photo = training()
    default, again = released_itq_codes(sketch, photo), released_itq_codes(sketch, photo, 12)
    assert [codes.shape for codes in default] == [(60, 12), (90, 12)]
    assert all(np.array_equal(a, b) for a, b in zip(default, again, strict=True))
