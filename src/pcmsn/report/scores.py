"""Scores under every protocol and family, by the functions that ``pcmsn test`` calls, with what they lie between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.splits import Split
from pcmsn.evaluation.families import DEPTHS, NEUTRAL, MetricFamily
from pcmsn.evaluation.intervals import Resampled
from pcmsn.evaluation.precision_recall import shown_depths
from pcmsn.evaluation.scoring import Scores, score_code_families, score_families
from pcmsn.hashing.itq import ITQ
from pcmsn.report.contents import ClassResult, ProtocolResults
from pcmsn.report.rankings import code_lists, curve_of, embedding_lists
from pcmsn.seeding import numpy_generator
from pcmsn.training.protocols import EmbeddedPictures, Generalized, Protocol, generalize, protocol_classes

Integers = NDArray[np.int64]


def protocol_parts(
    split: Split, unseen: EmbeddedPictures, seen: EmbeddedPictures | None, generalized: Sequence[Generalized]
) -> dict[Protocol, EmbeddedPictures]:
    """Queries and gallery of every protocol, the reported one first; ``seen`` is needed for generalised ones."""
    parts: dict[Protocol, EmbeddedPictures] = {
        protocol: unseen.of_classes(names) for protocol, names in protocol_classes(split).items()
    }
    reported = next(iter(parts.values()))
    if seen is not None:
        parts |= {form: generalize(form, reported, seen) for form in generalized}
    return parts


def protocol_results(
    protocol: Protocol,
    part: EmbeddedPictures,
    itq: ITQ,
    families: Sequence[MetricFamily],
    *,
    classes: int,
    intervals: Resampled | None,
) -> ProtocolResults:
    """Everything that is measured under one protocol.

    ``classes`` is the number of unseen classes queried; ``intervals`` None computes none.
    """
    labels = part.sketch_pictures.labels, part.photo_pictures.labels
    codes = itq.encode_sketches(part.sketches), itq.encode_photos(part.photos)
    real = score_families(part.sketches, labels[0], part.photos, labels[1], families=families)
    name = f"itq-{itq.bits}"
    binary = score_code_families(codes[0], labels[0], codes[1], labels[1], families=families, name=name)
    if intervals:
        real, binary = (_with_intervals(scores, protocol, intervals) for scores in (real, binary))
    lists = embedding_lists(part.sketches, labels[0], part.photos, labels[1], families[0].distance)
    curves = (
        curve_of(lists, "real-valued"),
        curve_of(code_lists(codes[0], labels[0], codes[1], labels[1]), f"binary, {itq.bits} bits"),
    )
    return ProtocolResults(
        protocol=protocol,
        classes=classes,
        real=real,
        binary=binary,
        chance=chance_scores(*labels, families),
        perfect=perfect_scores(*labels, families),
        prior=float(_relevant(*labels).mean() / len(labels[1])),
        depths=shown_depths(len(labels[1])),
        curves=curves,
        curve_queries=len(lists.chosen),
    )


def class_results(results: ProtocolResults, part: EmbeddedPictures, split: Split) -> tuple[ClassResult, ...]:
    """mAP@all of every queried class by the first family, the best class first; equal ones by name."""
    sketches, photos = part.sketch_pictures.counts(), part.photo_pictures.counts()
    labels = part.sketch_pictures.labels
    real, binary = (next(iter(scores.values())).average_precision for scores in (results.real, results.binary))
    found = [
        ClassResult(
            name=name,
            part="val" if name in split.val else "test",
            sketches=sketches[name],
            photos=photos[name],
            real=float(real[labels == position].mean()),
            binary=float(binary[labels == position].mean()),
        )
        for position, name in enumerate(part.classes)
        if sketches[name]
    ]
    return tuple(sorted(found, key=lambda result: (-result.real, result.name)))


def chance_scores(
    sketch_label: Integers, photo_label: Integers, families: Sequence[MetricFamily]
) -> dict[str, tuple[float, ...]]:
    """The four scores of a random order, by family.

    Exact where AP is not interpolated: all codes are equal, and the scores are means over all orders of such ties. For
    other families they are those of random vectors, which say nothing of a class.
    """
    blank = [np.zeros((len(label), 1), np.bool_) for label in (sketch_label, photo_label)]
    exact = score_code_families(blank[0], sketch_label, blank[1], photo_label, families=[NEUTRAL])[NEUTRAL.name]
    found = {family.name: _means(exact) for family in families if family.interpolation == "none"}
    others = [family for family in families if family.name not in found]
    if others:
        generator = numpy_generator(0, "chance")
        vectors = [generator.normal(size=(len(label), 16)) for label in (sketch_label, photo_label)]
        measured = score_families(vectors[0], sketch_label, vectors[1], photo_label, families=others)
        found |= {name: _means(scores) for name, scores in measured.items()}
    return found


def perfect_scores(
    sketch_label: Integers, photo_label: Integers, families: Sequence[MetricFamily]
) -> dict[str, tuple[float, ...]]:
    """The four scores of lists in which all relevant photos stand first, by family."""
    relevant, gallery = _relevant(sketch_label, photo_label), len(photo_label)
    answered = float((relevant > 0).mean())
    found = {}
    for family in families:
        longest = relevant if family.precision_divisor == "min(k, R)" else np.full(len(relevant), gallery)
        precisions = [float((np.minimum(k, relevant) / np.maximum(np.minimum(k, longest), 1)).mean()) for k in DEPTHS]
        found[family.name] = (answered, answered, *precisions)
    return found


def _relevant(sketch_label: Integers, photo_label: Integers) -> Integers:
    """(Q,) photos of each query's class in the gallery."""
    size = 1 + int(max(sketch_label.max(initial=0), photo_label.max(initial=0)))
    return np.asarray(np.bincount(photo_label, minlength=size)[sketch_label])


def _means(scores: Scores) -> tuple[float, ...]:
    """The four scores in the order of ``SCORE_NAMES``."""
    return scores.map_all, scores.map_200, scores.p_100, scores.p_200


def _with_intervals(scores: dict[str, Scores], protocol: Protocol, resample: Resampled) -> dict[str, Scores]:
    """With the intervals of ``pcmsn test``: the same resamples in every run."""
    return {
        name: each.with_intervals(numpy_generator(0, "intervals", protocol), resample) for name, each in scores.items()
    }
