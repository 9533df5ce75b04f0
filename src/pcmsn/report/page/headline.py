"""The top of the page: what was run, what it scores, what to know before reading on."""

from __future__ import annotations

from pcmsn.evaluation.families import MetricFamily
from pcmsn.evaluation.scoring import SCORE_NAMES, Scores
from pcmsn.report.contents import Contents, Measured, ProtocolResults
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import counted, data


def header(contents: Contents) -> Markup:
    """Data set, split, and what the run was made from."""
    record, config = contents.record, contents.config
    extractors = dict.fromkeys((record.sketch_extractor.name, record.photo_extractor.name))
    facts = [
        ("Preset", config.preset),
        ("Backbone", " and ".join(extractors)),
        ("Side information", " + ".join(record.semantic_sources)),
        ("Seed", str(config.training.seed)),
        ("Best epoch", f"{record.best_epoch} of {record.epochs_done}"),
    ]
    unseen = len(record.split.val) + len(record.split.test)
    seen = counted(len(record.split.train), "seen class", "seen classes")
    subtitle = f"Split {record.split.name}: {seen}, {unseen} unseen {'one' if unseen == 1 else 'ones'}"
    return tag(
        "header",
        tag("p", "Zero-shot sketch-based image retrieval", class_="eyebrow"),
        tag("h1", record.dataset),
        tag("p", subtitle, class_="lead"),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts), class_="facts"),
    )


def notes(contents: Contents) -> Markup:
    """What a reader should know of the run before any number; nothing where there is nothing to say."""
    if not contents.notes:
        return Markup("")
    items = [tag("li", note) for note in contents.notes]
    return tag("aside", tag("h2", "Before you read the numbers"), tag("ul", *items), class_="notes")


def cards(measured: Measured, family: MetricFamily) -> Markup:
    """The scores that a reader looks for first, each with a sentence and what a random order scores."""
    reported = measured.protocols[0]
    chance, perfect = reported.chance[family.name], reported.perfect[family.name]
    real, binary = reported.real[family.name], reported.binary[family.name]
    shown = [
        _card(
            f"mAP@all, {reported.protocol}",
            real,
            "mAP@all",
            f"How far in front the right photos stand in the whole list. A random order scores {chance[0]:.3f}, a "
            f"perfect one {perfect[0]:.0f}.",
            main=True,
        ),
        _card(
            f"P@100, {reported.protocol}",
            real,
            "P@100",
            f"Share of right photos among the first 100{_divided(family)}. A random order scores {chance[2]:.3f}, a "
            f"perfect one {perfect[2]:.3f}.",
        ),
        _card(
            f"mAP@all, {_bits(binary)}",
            binary,
            "mAP@all",
            "The same with each picture as a short binary code, compared by the number of bits that differ.",
        ),
    ]
    strict = _strict(measured)
    if strict is not None:
        shown.append(
            _card(
                f"mAP@all, {strict.protocol}",
                strict.real[family.name],
                "mAP@all",
                "On the classes that nothing was chosen on, in a gallery of these classes alone. A random order scores "
                f"{strict.chance[family.name][0]:.3f}.",
            )
        )
    return tag("div", *shown, class_="cards")


def _card(title: str, scores: Scores, score: str, sentence: str, *, main: bool = False) -> Markup:
    """One score, named as in ``SCORE_NAMES``, with its interval and a sentence on what it means."""
    parts = [tag("h3", title), tag("p", data(scores.to_dict()[score], digits=3), class_="big")]
    if scores.intervals is not None:
        interval = scores.intervals.intervals[SCORE_NAMES.index(score)]
        parts.append(
            tag("p", f"{scores.intervals.level:.0%} interval {interval.low:.3f} to {interval.high:.3f}", class_="quiet")
        )
    return tag("article", *parts, tag("p", sentence), class_="card main" if main else "card")


def _bits(scores: Scores) -> str:
    return f"{scores.codes.rpartition('-')[2]}-bit codes"


def _divided(family: MetricFamily) -> str:
    by_class = family.precision_divisor == "min(k, R)"
    return ", or among the first R where a class has fewer photos (R)" if by_class else ""


def _strict(measured: Measured) -> ProtocolResults | None:
    """The results on the test classes alone, where the reported protocol is another one."""
    found = [results for results in measured.protocols[1:] if results.protocol == "test"]
    return found[0] if found else None
