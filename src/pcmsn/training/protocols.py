"""Which embedded pictures are queries and which are the gallery: the protocols of the field, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Pictures
from pcmsn.data.splits import Split
from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names
from pcmsn.evaluation.families import NEUTRAL, MetricFamily
from pcmsn.evaluation.scoring import Scores, score_code_families, score_embeddings, score_expanded
from pcmsn.hashing.itq import ITQ, released_itq_codes
from pcmsn.seeding import numpy_generator

Generalized = Literal["generalized-sem-pcyc", "generalized-pcmsn"]
Protocol = Literal["val+test", "test", Generalized]
FittedOn = Literal["training", "released"]
"""What ITQ is fitted on: embeddings of the training classes, or, as the released code does it, the test sketches."""

MEANING: dict[Protocol, str] = {
    "val+test": "the test set of SEM-PCYC and PCMSN; the best epoch was chosen on its validation part",
    "test": "strict: nothing was chosen on these classes",
    "generalized-sem-pcyc": "seen pictures, a fifth as many as unseen ones, are among the queries and in the gallery",
    "generalized-pcmsn": "all photos of the seen classes are in the gallery, too; queries are unseen",
}
"""What is asked and searched under each protocol, in words for a reader."""

SEEN_SHARE = 0.2
"""Seen pictures that SEM-PCYC's generalised form adds, as a share of the unseen ones of the same modality."""


@dataclass(frozen=True, eq=False)
class EmbeddedPictures:
    """Embeddings of both modalities over the same classes, rows as in the pictures."""

    sketches: NDArray[np.float32]
    """(Q, dim)."""
    photos: NDArray[np.float32]
    """(N, dim)."""
    sketch_pictures: Pictures
    photo_pictures: Pictures

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; labels are positions in it."""
        return self.photo_pictures.classes

    @property
    def chance(self) -> float:
        """Mean share of a query's class in the gallery, in 0..1: about what a random order scores in mAP@all."""
        share = np.bincount(self.photo_pictures.labels, minlength=len(self.classes)) / len(self.photos)
        return float(share[self.sketch_pictures.labels].mean())

    def of_classes(self, classes: tuple[str, ...]) -> EmbeddedPictures:
        """The pictures of some of the classes, sketches and photos alike."""
        return EmbeddedPictures(
            sketches=self.sketches[_rows_of(self.sketch_pictures, classes)],
            photos=self.photos[_rows_of(self.photo_pictures, classes)],
            sketch_pictures=self.sketch_pictures.of_classes(classes),
            photo_pictures=self.photo_pictures.of_classes(classes),
        )

    def score(self, family: MetricFamily) -> Scores:
        """Scores of the real-valued embeddings."""
        return score_embeddings(
            self.sketches, self.sketch_pictures.labels, self.photos, self.photo_pictures.labels, family=family
        )

    def score_expanded(self, family: MetricFamily, photos: int) -> Scores:
        """Scores of the real-valued embeddings, each query expanded by so many of the first photos that it finds.

        This looks at the gallery while querying: it is transductive.
        """
        return score_expanded(
            self.sketches,
            self.sketch_pictures.labels,
            self.photos,
            self.photo_pictures.labels,
            photos=photos,
            family=family,
        )

    def score_codes(self, itq: ITQ, family: MetricFamily) -> Scores:
        """Scores of the binary codes."""
        return self.score_codes_and_neutral(itq, family)[0]

    def score_codes_and_neutral(
        self, itq: ITQ, family: MetricFamily, fitted_on: FittedOn = "training"
    ) -> tuple[Scores, Scores]:
        """Scores of the binary codes by the family, and by ``NEUTRAL``, which no order of the gallery can change.

        With ``released`` only the length of the codes is taken from ``itq``.
        """
        if fitted_on == "released":
            name = "itq-released"
            sketch_code, photo_code = released_itq_codes(self.sketches, self.photos, itq.bits)
        else:
            name = f"itq-{itq.bits}"
            sketch_code, photo_code = itq.encode_sketches(self.sketches), itq.encode_photos(self.photos)
        scores = score_code_families(
            sketch_code,
            self.sketch_pictures.labels,
            photo_code,
            self.photo_pictures.labels,
            families=[family, NEUTRAL],
            name=name,
        )
        return scores[family.name], scores[NEUTRAL.name]


def protocol_classes(split: Split) -> dict[Protocol, tuple[str, ...]]:
    """The protocols of a split with their unseen classes, the one that its published scores are on first.

    ``val+test`` and ``test`` for SEM-PCYC's splits and a user's own; ``test`` alone where a published list has no
    validation classes.
    """
    if split.reported == "test":
        return {"test": split.test}
    return {"val+test": split.val + split.test, "test": split.test}


def check_generalized(names: tuple[str, ...]) -> tuple[Generalized, ...]:
    """The names as generalised protocols, in the order in which these are reported.

    Raises EvaluationError for an unknown one.
    """
    known = get_args(Generalized)
    for name in names:
        if name not in known:
            raise EvaluationError(
                f"no generalised protocol {name!r}{did_you_mean(name, known)}; there are {enumerate_names(known)}"
            )
    return tuple(form for form in known if form in names)


def generalize(form: Generalized, unseen: EmbeddedPictures, seen: EmbeddedPictures) -> EmbeddedPictures:
    """Queries and gallery of a generalised protocol, in which seen classes compete with unseen ones.

    ``generalized-sem-pcyc`` draws its seen pictures without replacement, the same ones in every run.
    """
    if form == "generalized-pcmsn":
        added = replace(seen, sketches=seen.sketches[:0], sketch_pictures=seen.sketch_pictures.select([]))
    else:
        sketch_rows = _drawn(len(seen.sketches), SEEN_SHARE * len(unseen.sketches), "sketch")
        photo_rows = _drawn(len(seen.photos), SEEN_SHARE * len(unseen.photos), "photo")
        added = EmbeddedPictures(
            sketches=seen.sketches[sketch_rows],
            photos=seen.photos[photo_rows],
            sketch_pictures=seen.sketch_pictures.select(sketch_rows),
            photo_pictures=seen.photo_pictures.select(photo_rows),
        )
    return EmbeddedPictures(
        sketches=np.concatenate([unseen.sketches, added.sketches]),
        photos=np.concatenate([unseen.photos, added.photos]),
        sketch_pictures=unseen.sketch_pictures.joined(added.sketch_pictures),
        photo_pictures=unseen.photo_pictures.joined(added.photo_pictures),
    )


def _drawn(available: int, wanted: float, modality: str) -> NDArray[np.int64]:
    generator = numpy_generator(0, "generalized", modality)
    count = min(available, int(wanted))
    return np.sort(generator.choice(available, count, replace=False)).astype(np.int64)


def _rows_of(pictures: Pictures, classes: tuple[str, ...]) -> NDArray[np.int64]:
    positions = [pictures.classes.index(name) for name in classes]
    return np.flatnonzero(np.isin(pictures.labels, positions))
