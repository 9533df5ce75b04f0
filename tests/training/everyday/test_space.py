"""Drawings, photos and names meet in one space, also for a kind without a photo."""

import numpy as np
import pytest

from pcmsn.encoders.kinds import SOURCES, Kind
from pcmsn.training.everyday.space import (
    Classes,
    Labelled,
    SpaceSettings,
    balanced,
    class_table,
    make_up_photos,
    train_space,
)

WIDTH, KINDS = 16, 6


def test_classes_are_kinds_then_imagenets_others() -> None:
    def kind(name: str, *imagenet: str) -> Kind:
        return Kind(name, f"{name}.n.01", {source: imagenet if source == "imagenet" else () for source in SOURCES})

    classes = class_table(
        [kind("dog", "chihuahua.n.03", "beagle.n.01"), kind("rabbit")], ["beagle.n.01", "goldfish.n.01"]
    )
    assert classes.names == ("dog", "rabbit", "goldfish")
    assert classes.of_imagenet.tolist() == [0, 2]
    np.testing.assert_allclose(np.diag(classes.kinship), 1, atol=1e-5)
    assert classes.kinship[0, 1] > classes.kinship[0, 2]  # both are mammals


def test_rare_kinds_come_more_often_than_their_number_says() -> None:
    weights = balanced(np.asarray([0] * 9 + [1]))
    assert weights.sum() == pytest.approx(1)
    assert weights[9] == pytest.approx(0.25)  # 1 / (sqrt 9 + sqrt 1)


@pytest.fixture
def world() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Means of six kinds; photos of all and their kinds; the weights of the classifier that tells them apart best."""
    generator = np.random.default_rng(0)
    means = generator.normal(0, 2, (KINDS, WIDTH)).astype(np.float32)
    kinds = np.repeat(np.arange(KINDS), 60)
    photos = (means[kinds] + generator.normal(0, 0.5, (len(kinds), WIDTH))).astype(np.float32)
    return means, photos, kinds, means / 0.25  # S is 0.25 times the identity


def test_made_up_photos_lie_where_the_classifier_expects_them(
    world: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    means, photos, kinds, weights = world
    known = kinds < KINDS - 1
    made = make_up_photos([photos[known]], [weights], kinds[known], {kind: kind for kind in range(KINDS - 1)})
    drawn = made.draw(np.full(50, KINDS - 1), np.random.default_rng(1))
    nearest = np.linalg.norm(drawn[:, None] - means[None], axis=2).argmin(axis=1)
    assert (nearest == KINDS - 1).mean() > 0.9


def test_drawings_find_photos_of_a_kind_without_photos(
    world: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    _, photos, kinds, weights = world
    known = kinds < KINDS - 1
    generator = np.random.default_rng(2)
    drawn_kinds = np.repeat(np.arange(KINDS), 40)
    drawn = (np.eye(KINDS, 8)[drawn_kinds] * 3 + generator.normal(0, 0.4, (len(drawn_kinds), 8))).astype(np.float32)
    classes = Classes(tuple("abcdef"), tuple("abcdef"), np.arange(KINDS), np.eye(KINDS, dtype=np.float32))
    made = make_up_photos([photos[known]], [weights], kinds[known], {kind: kind for kind in range(KINDS - 1)})
    space = train_space(
        Labelled(drawn, drawn_kinds, balanced(drawn_kinds)),
        Labelled(photos[known], kinds[known], balanced(kinds[known])),
        made,
        classes,
        SpaceSettings(steps=60, batch_size=64, hidden=32, learning_rate=1e-2),
    )
    order = (space.embed_drawings(drawn) @ space.embed_photos(photos).T).argsort(axis=1)[:, ::-1][:, :10]
    right = (kinds[order] == drawn_kinds[:, None]).mean(axis=1)
    assert right.mean() > 0.9
    assert right[drawn_kinds == KINDS - 1].mean() > 0.8
    np.testing.assert_allclose(np.linalg.norm(space.classes.detach().numpy(), axis=1), 1, atol=1e-5)
