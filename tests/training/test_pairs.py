import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.errors import DataError
from pcmsn.training.pairs import PairSampler


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 3))
def test_every_pair_is_of_one_class_and_its_label_says_which(counts: list[tuple[int, int]], seed: int) -> None:
    generator = np.random.default_rng(seed)
    sketches = generator.permutation(np.repeat(np.arange(len(counts)), [count for count, _ in counts]))
    photos = generator.permutation(np.repeat(np.arange(len(counts)), [count for _, count in counts]))
    for batch in PairSampler(sketches, photos, len(counts)).batches(3, 7, generator):
        assert (sketches[batch.sketches] == batch.labels).all()
        assert (photos[batch.photos] == batch.labels).all()


def test_classes_are_balanced_and_pairs_uniform_within_a_class() -> None:
    """One pair in class 0, six in class 1: the only pair of class 0 is drawn half of the time."""
    sketches, photos = np.array([0, 1, 1]), np.array([0, 1, 1, 1])
    (batch,) = PairSampler(sketches, photos, 2).batches(1, 60_000, np.random.default_rng(0))
    share = np.zeros((3, 4))
    np.add.at(share, (batch.sketches, batch.photos), 1 / 60_000)
    assert share[0, 0] == pytest.approx(1 / 2, abs=0.01)
    assert share[1:, 1:] == pytest.approx(np.full((2, 3), 1 / 12), abs=0.01)


def test_a_class_without_pictures_can_not_be_sampled() -> None:
    with pytest.raises(DataError, match="class number 1 has no photos"):
        PairSampler(np.array([0, 1]), np.array([0]), 2)


def test_a_batch_has_so_many_pairs_of_each_of_its_classes() -> None:
    sketches, photos = np.repeat(np.arange(5), 3), np.repeat(np.arange(5), 2)
    sampler = PairSampler(sketches, photos, 5)
    for batch in sampler.batches(20, 12, np.random.default_rng(0), pairs_per_class=4):
        classes, counts = np.unique(batch.labels, return_counts=True)
        assert len(classes) == 3 and (counts == 4).all()
        assert (sketches[batch.sketches] == batch.labels).all() and (photos[batch.photos] == batch.labels).all()


def test_with_fewer_classes_than_a_batch_wants_it_has_all_of_them() -> None:
    labels = np.arange(3)
    (batch,) = PairSampler(labels, labels, 3).batches(1, 20, np.random.default_rng(0), pairs_per_class=4)
    assert sorted(set(batch.labels.tolist())) == [0, 1, 2] and len(batch.labels) == 12
