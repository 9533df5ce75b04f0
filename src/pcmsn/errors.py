"""The errors that a user can meet: one base class, one subclass a part, and the tools that word them.

A message says what is wrong, what was given, what was expected, and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PcmsnError(Exception):
    """Base of every error that this package raises on purpose; the command line prints it and exits with 1."""


class ConfigError(PcmsnError):
    """A setting is unknown, of the wrong type or out of range."""


class DataError(PcmsnError):
    """A data set's folder, classes or pictures are not as they must be."""


class UnreadablePictureError(DataError):
    """One picture cannot be decoded; callers that read many skip it and count it."""


class SplitError(DataError):
    """A split's class lists do not fit each other or the data set."""


class SemanticsError(PcmsnError):
    """Side information is missing for a class, or of the wrong form."""


class BackboneError(PcmsnError):
    """A feature extractor cannot be found, read or run."""


class CacheError(PcmsnError):
    """The feature cache cannot be written or read."""


class TrainingError(PcmsnError):
    """Training cannot go on: the loss is not finite, or the memory does not suffice."""


class CheckpointError(PcmsnError):
    """A saved run is incomplete, of another version, or made for something else."""


class EvaluationError(PcmsnError):
    """Embeddings, labels or metrics do not fit each other."""


class GalleryError(PcmsnError):
    """A gallery cannot be opened, belongs to another model, is locked, damaged or out of reach."""


class ServerError(PcmsnError):
    """The web page cannot be served as asked."""


class ExportError(PcmsnError):
    """A run cannot be exported."""


class ReportError(PcmsnError):
    """A report cannot be made of this run."""


class PcmsnWarning(UserWarning):
    """Something that a user should know and that does not stop the run."""


def closest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that are spelled most like ``name``, best first; empty when none is near."""
    candidates = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = get_close_matches(name.casefold(), list(folded), n=count, cutoff=0.6)
    return [folded[match] for match in matches]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` for the nearest known names, or an empty string."""
    near = closest(name, known)
    return f" (did you mean {' or '.join(repr(match) for match in near)}?)" if near else ""


def enumerate_names(names: Iterable[str], limit: int = 5) -> str:
    """The first few names, quoted and comma-separated, with the count of those left out."""
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
