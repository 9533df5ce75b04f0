"""What is asked and searched under each protocol, on embeddings whose rows can be told apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.records import Modality, Pictures
from pcmsn.data.splits import Split
from pcmsn.errors import EvaluationError
from pcmsn.evaluation.families import SEM_PCYC
from pcmsn.evaluation.scoring import score_codes
from pcmsn.hashing.itq import ITQ, released_itq_codes
from pcmsn.training.protocols import EmbeddedPictures, check_generalized, generalize, protocol_classes


def pictures(modality: Modality, classes: dict[str, int]) -> Pictures:
    names = tuple(f"{name}/{number}.png" for name, count in classes.items() for number in range(count))
    labels = np.repeat(np.arange(len(classes)), list(classes.values())).astype(np.int64)
    return Pictures(modality, Path("zoo"), names, labels, tuple(classes))


def embedded(sketches: dict[str, int], photos: dict[str, int], start: float) -> EmbeddedPictures:
    """One-dimensional embeddings: the n-th row is ``start + n``, photos 0.25 further."""
    queries, gallery = pictures("sketch", sketches), pictures("photo", photos)
    return EmbeddedPictures(
        (start + np.arange(len(queries), dtype=np.float32))[:, None],
        (start + 0.25 + np.arange(len(gallery), dtype=np.float32))[:, None],
        queries,
        gallery,
    )


@pytest.fixture
def unseen() -> EmbeddedPictures:
    return embedded({"owl": 10, "yak": 15}, {"owl": 20, "yak": 31}, start=0)


@pytest.fixture
def seen() -> EmbeddedPictures:
    return embedded({"ant": 40, "bee": 40}, {"ant": 50, "bee": 70}, start=1000)


def test_pcmsn_adds_all_seen_photos_and_no_seen_query(unseen: EmbeddedPictures, seen: EmbeddedPictures) -> None:
    both = generalize("generalized-pcmsn", unseen, seen)
    np.testing.assert_array_equal(both.sketches, unseen.sketches)
    np.testing.assert_array_equal(both.photos, np.concatenate([unseen.photos, seen.photos]))
    assert both.classes == ("owl", "yak", "ant", "bee")
    assert both.photo_pictures.counts() == {"owl": 20, "yak": 31, "ant": 50, "bee": 70}
    assert both.sketch_pictures.counts() == {"owl": 10, "yak": 15, "ant": 0, "bee": 0}


def test_sem_pcyc_adds_a_fifth_of_seen_pictures_to_queries_and_gallery(
    unseen: EmbeddedPictures, seen: EmbeddedPictures
) -> None:
    both = generalize("generalized-sem-pcyc", unseen, seen)
    assert (len(both.sketches), len(both.photos)) == (25 + 5, 51 + 10)
    again = generalize("generalized-sem-pcyc", unseen, seen)
    np.testing.assert_array_equal(both.photos, again.photos)
    drawn = both.photos[51:, 0] - 1000.25
    assert len(set(drawn)) == 10
    for row, name in zip(drawn.astype(int), both.photo_pictures.names[51:], strict=True):
        assert seen.photo_pictures.names[row] == name


def test_fewer_seen_pictures_than_a_fifth_are_all_taken(unseen: EmbeddedPictures) -> None:
    both = generalize("generalized-sem-pcyc", unseen, embedded({"ant": 2}, {"ant": 3}, start=1000))
    assert (len(both.sketches), len(both.photos)) == (25 + 2, 51 + 3)


def test_seen_photos_in_front_lower_the_generalised_score_by_hand() -> None:
    """One query at 0; its two photos are first and fourth once two seen photos stand between: AP (1 + 2/4) / 2."""
    unseen = EmbeddedPictures(
        np.zeros((1, 1), np.float32),
        np.array([[1.0], [4.0]], np.float32),
        pictures("sketch", {"owl": 1}),
        pictures("photo", {"owl": 2}),
    )
    seen = EmbeddedPictures(
        np.zeros((1, 1), np.float32),
        np.array([[2.0], [3.0]], np.float32),
        pictures("sketch", {"ant": 1}),
        pictures("photo", {"ant": 2}),
    )
    assert unseen.score(SEM_PCYC).map_all == 1
    assert generalize("generalized-pcmsn", unseen, seen).score(SEM_PCYC).map_all == pytest.approx(0.75)


def test_released_codes_are_fitted_on_the_queries_and_named(
    unseen: EmbeddedPictures,
) -> None:
    random = np.random.default_rng(0)
    wide = replace(
        unseen,
        sketches=random.normal(size=(len(unseen.sketches), 4)).astype(np.float32),
        photos=random.normal(size=(len(unseen.photos), 4)).astype(np.float32),
    )
    itq = ITQ.fit(random.normal(size=(30, 4)), random.normal(size=(30, 4)), 3, random)
    own, own_neutral = wide.score_codes_and_neutral(itq, SEM_PCYC)
    released, neutral = wide.score_codes_and_neutral(itq, SEM_PCYC, "released")
    assert (own.codes, released.codes, neutral.family.name) == ("itq-3", "itq-released", "neutral")
    sketch_code, photo_code = released_itq_codes(wide.sketches, wide.photos, 3)
    direct = score_codes(sketch_code, wide.sketch_pictures.labels, photo_code, wide.photo_pictures.labels)
    np.testing.assert_array_equal(released.average_precision, direct.average_precision)
    assert wide.score_codes(itq, SEM_PCYC).map_all == own.map_all
    # Three bits and 51 photos: ties everywhere, and precision in gallery order is not that of a random order.
    assert own.p_100 == pytest.approx(own_neutral.p_100)  # k above the gallery size
    assert not np.allclose(own.average_precision, own_neutral.average_precision)


def test_the_protocols_of_a_split_start_with_what_is_reported() -> None:
    split = Split("mine", ("ant", "bee"), ("cat",), ("dog",))
    assert list(protocol_classes(split).items()) == [("val+test", ("cat", "dog")), ("test", ("dog",))]
    carved = Split("mine", ("ant", "bee"), ("cat",), ("dog",), reported="test")
    assert protocol_classes(carved) == {"test": ("dog",)}


def test_an_unknown_generalised_form_is_named() -> None:
    assert check_generalized(("generalized-pcmsn",)) == ("generalized-pcmsn",)
    with pytest.raises(EvaluationError, match="no generalised protocol 'generalized-pcmsm' .did you mean"):
        check_generalized(("generalized-pcmsm",))
