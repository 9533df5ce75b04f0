"""Which classes are seen, which are for validation, which are for testing.

The committed lists stand in ``split_lists/<data set>/<split>.toml``. SEM-PCYC's (Dutta and Akata, CVPR 2019, used by
PCMSN) follow from a rule: NumPy's legacy generator with seed 0 over the sorted class names. The other published splits
list unseen classes only; their validation classes are drawn from the seen ones (``unseen_split``), so that no test
class takes part in choosing an epoch.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from pcmsn.data.datasets import TOYWORLD
from pcmsn.data.toyworld import TOYWORLD_SPLIT
from pcmsn.errors import SplitError, did_you_mean, enumerate_names
from pcmsn.files import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SPLIT_LISTS = Path(__file__).parent / "split_lists"
PARTS = ("train", "val", "test")
LEAST = 2
"""Classes a part that a drawn split has at least: with one class every photo is right, whatever the model does."""
Reported = Literal["val+test", "test", "none"]


@dataclass(frozen=True)
class Split:
    """A data set's classes, divided; the three parts share no class."""

    name: str
    train: tuple[str, ...]
    """Seen classes: all that training may use."""
    val: tuple[str, ...]
    """Unseen classes on which the best epoch is chosen."""
    test: tuple[str, ...]
    """Unseen classes that nothing is chosen on."""
    reported: Reported = "val+test"
    """The classes that the split's published scores are on; ``test`` where our own rule drew the validation classes,
    ``none`` where there are no test classes."""
    missing: tuple[str, ...] = ()
    """Classes of the list that the data set lacks and that were left out of the parts, as the user allowed."""

    def __post_init__(self) -> None:
        for first, second in (("train", "val"), ("train", "test"), ("val", "test")):
            both = sorted(set(getattr(self, first)) & set(getattr(self, second)))
            if both:
                raise SplitError(
                    f"split {self.name!r}: {enumerate_names(both)} in both {first} and {second}; "
                    "each class belongs to one part"
                )
        for part in PARTS:
            classes = getattr(self, part)
            if not classes and not (part == "test" and self.reported == "none"):
                raise SplitError(f"split {self.name!r}: no class in {part}; each part needs at least one")
            if len(set(classes)) != len(classes):
                twice = sorted({name for name in classes if classes.count(name) > 1})
                raise SplitError(f"split {self.name!r}: {enumerate_names(twice)} twice in {part}")

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted(self.train + self.val + self.test))

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            **{part: list(getattr(self, part)) for part in PARTS},
            "reported": self.reported,
            "missing": list(self.missing),
        }

    def fitted(self, dataset_name: str, classes: Collection[str], *, allow_missing: bool = False) -> Split:
        """This split, for a data set of exactly its classes; with ``allow_missing``, without those that it lacks.

        Raises SplitError, which names the first differences, where it does not fit, and where a part has no class left.
        """
        lacking = sorted(set(self.classes) - set(classes))
        extra = sorted(set(classes) - set(self.classes))
        if extra or (lacking and not allow_missing):
            raise SplitError(_misfit(self.name, dataset_name, lacking, extra))
        if not lacking:
            return self
        parts = {part: tuple(name for name in getattr(self, part) if name not in lacking) for part in PARTS}
        gone = [part for part in PARTS if not parts[part]]
        if gone:
            raise SplitError(
                f"split {self.name!r}: {dataset_name} has none of its {enumerate_names(gone)} classes; "
                "add their pictures, or pass another --split"
            )
        return replace(self, train=parts["train"], val=parts["val"], test=parts["test"], missing=tuple(lacking))

    def notes(self) -> tuple[str, ...]:
        """What a reader of scores on this split should know."""
        notes = []
        if self.missing:
            total = len(self.classes) + len(self.missing)
            notes.append(
                f"{len(self.missing)} of the {total} classes of split {self.name} are not in the data "
                f"({enumerate_names(self.missing)}): not comparable with scores on the whole split."
            )
        if len(self.val) == 1:
            notes.append(
                f"split {self.name}: val has 1 class ({self.val[0]!r}): every photo is right in every epoch, so its "
                "score of 1 tells no epoch from another; give val at least 2 classes."
            )
        if len(self.test) == 1:
            notes.append(
                f"split {self.name}: test has 1 class ({self.test[0]!r}): every photo is right, so the score is 1 "
                "whatever the model does."
            )
        return tuple(notes)


def _misfit(split: str, dataset_name: str, lacking: Sequence[str], extra: Sequence[str]) -> str:
    differences = []
    if lacking:
        hints = ", ".join(f"{name!r}{did_you_mean(name, extra)}" for name in lacking[:5])
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        differences.append(f"{len(lacking)} of its classes are not in the folder ({hints}{more})")
    if extra:
        differences.append(f"{len(extra)} folders are not in the split ({enumerate_names(extra)})")
    allow = "" if extra else "; to run without them pass --allow-missing-classes, which every table will say"
    return (
        f"split {split!r} does not fit {dataset_name}: {' and '.join(differences)}. "
        f"Rename the folders, or pass --split with another split or a TOML file with train, val and test lists{allow}"
    )


def sem_pcyc_split(classes: Iterable[str], train_share: float, val_share: float) -> Split:
    """SEM-PCYC's split: drawn with seed 0 from the sorted names, by shares of the classes in [0, 1]; the rest tests."""
    return _drawn_split("sem-pcyc", classes, train_share, val_share, np.random.RandomState(0))


def random_split(classes: Iterable[str], seed: int) -> Split:
    """80 % of the classes for training, 10 % for validation and the rest for testing, at least two each.

    Raises SplitError for fewer than six classes.
    """
    names = sorted(set(classes))
    if len(names) < len(PARTS) * LEAST:
        raise SplitError(
            f"a random split needs at least {len(PARTS) * LEAST} classes, two each to train, validate and test on, got "
            f"{len(names)}; add classes, or divide these yourself: --split FILE.toml with train, val and test lists"
        )
    val_share = max(0.1, LEAST / len(names))
    train_share = min(0.8, (len(names) - 2 * LEAST) / len(names))
    return _drawn_split(f"random-{seed}", names, train_share, val_share, np.random.RandomState(seed))


def unseen_split(name: str, classes: Iterable[str], unseen: Iterable[str]) -> Split:
    """A split with the given test classes; of the others a tenth, at least two, are for validation.

    They are drawn by SEM-PCYC's rule. Raises SplitError for unseen classes that are not among ``classes`` or leave
    fewer than four seen ones.
    """
    names, test = sorted(set(classes)), sorted(set(unseen))
    unknown = [name for name in test if name not in names]
    if unknown:
        hints = ", ".join(f"{name!r}{did_you_mean(name, names)}" for name in unknown[:5])
        raise SplitError(f"split {name!r}: {len(unknown)} unseen classes are not among the {len(names)}: {hints}")
    seen = np.setdiff1d(np.array(names), np.array(test, dtype=str))
    if len(seen) < 2 * LEAST:
        raise SplitError(
            f"split {name!r}: {len(seen)} of the {len(names)} classes are seen, expected at least {2 * LEAST}: two to "
            "train and two to validate on; name fewer unseen classes, or add classes"
        )
    val = np.random.RandomState(0).choice(seen, max(LEAST, len(seen) // 10), replace=False)
    train = np.setdiff1d(seen, val)
    return Split(name, _sorted(train), _sorted(val), _sorted(test), reported="test")


def _drawn_split(
    name: str, classes: Iterable[str], train_share: float, val_share: float, generator: np.random.RandomState
) -> Split:
    names = np.array(sorted(set(classes)))
    # the small addition keeps int() from dropping a class when a share such as 1/3 is not exact in binary
    train = generator.choice(names, int(train_share * len(names) + 1e-9), replace=False)
    val = generator.choice(np.setdiff1d(names, train), int(val_share * len(names) + 1e-9), replace=False)
    test = np.setdiff1d(names, np.concatenate([train, val]))
    return Split(name, _sorted(train), _sorted(val), _sorted(test))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(str(name) for name in names))


def read_split(path: Path) -> Split:
    """The split of a TOML file with the lists ``train``, ``val`` and ``test``, and perhaps ``reported``.

    Raises SplitError for a file that cannot be read or has other contents.
    """
    try:
        content = tomllib.loads(read_text(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SplitError(f"{path} cannot be read as a split ({error}); expected TOML with train, val, test") from error
    known = (*PARTS, "reported")
    unknown = sorted(set(content) - set(known))
    if unknown:
        hint = did_you_mean(unknown[0], known)
        raise SplitError(f"{path}: unknown key {unknown[0]!r}{hint}; expected {', '.join(known)}")
    for part in PARTS:
        if part not in content:
            raise SplitError(f"{path} has no list {part!r}; expected the lists train, val and test")
        names = content[part]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SplitError(f"{path}: {part!r} must be a list of class names, got {names!r}")
    reported = content.get("reported", "val+test")
    if reported not in (reportable := get_args(Reported)[:2]):  # a split for training alone comes from arrays
        expected = " or ".join(repr(value) for value in reportable)
        raise SplitError(f"{path}: 'reported' must be {expected}, got {reported!r}")
    train, val, test = (_sorted(content[part]) for part in PARTS)
    return Split(path.stem, train, val, test, reported=reported)


def read_class_names(path: Path) -> tuple[str, ...]:
    """Class names from a text file, one a line, in its order; empty lines and those that start with # do not count.

    Raises SplitError for a file that cannot be read, holds none, or holds one twice.
    """
    try:
        lines = [line.strip() for line in read_text(path).splitlines()]
    except FileNotFoundError as error:
        raise SplitError(f"no file {path}; expected a list of classes, one name a line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SplitError(f"{path} cannot be read as a list of classes ({error}); expected one name a line") from error
    names = tuple(line for line in lines if line and not line.startswith("#"))
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        reason = f"{enumerate_names(twice)} stands there twice" if twice else "it names no class"
        raise SplitError(f"{path}: {reason}; expected one class name a line")
    return names


def published_splits(dataset_name: str) -> tuple[str, ...]:
    """The names of a data set's committed splits, sorted; none for a user's own folder."""
    return tuple(sorted(path.stem for path in (SPLIT_LISTS / dataset_name).glob("*.toml")))


def published_split(dataset_name: str, name: str) -> Split:
    """A committed split; ``published_splits`` names them."""
    return read_split(SPLIT_LISTS / dataset_name / f"{name}.toml")


def default_split_name(dataset_name: str) -> str:
    """The split that is used unless the user names one.

    ``sem-pcyc`` for Sketchy and TU-Berlin, the one published split for QuickDraw, ``toyworld`` for the toy world and
    ``random`` for a user's folder.
    """
    published = published_splits(dataset_name)
    if dataset_name == TOYWORLD:
        return TOYWORLD
    if "sem-pcyc" in published:
        return "sem-pcyc"
    return published[0] if published else "random"


def load_split(
    name: str | None,
    dataset_name: str,
    classes: Sequence[str],
    seed: int = 0,
    *,
    allow_missing: bool = False,
) -> Split:
    """The split ``name`` (a published one, ``toyworld``, ``random`` or a TOML file) of a data set, checked to fit it.

    ``seed`` matters to ``random`` only. None takes the data set's default. With ``allow_missing`` the data set may
    lack classes of the split. Raises SplitError for an unknown name, an unreadable file and a split that does not fit.
    """
    split = find_split(name or default_split_name(dataset_name), dataset_name, classes, seed)
    return split.fitted(dataset_name, classes, allow_missing=allow_missing)


def find_split(name: str, dataset_name: str, classes: Sequence[str], seed: int = 0) -> Split:
    """As ``load_split``, without the check: ``classes`` matter to ``random`` only."""
    published = published_splits(dataset_name)
    if name in published:
        return published_split(dataset_name, name)
    if name == "random":
        return random_split(classes, seed)
    if name == dataset_name == TOYWORLD:
        return Split(TOYWORLD, TOYWORLD_SPLIT.train, TOYWORLD_SPLIT.val, TOYWORLD_SPLIT.test)
    if name.endswith(".toml"):
        return read_split(Path(name))
    known = (*published, "random", *((TOYWORLD,) if dataset_name == TOYWORLD else ()))
    raise SplitError(
        f"no split {name!r} for {dataset_name}{did_you_mean(name, known)}; "
        f"it has {enumerate_names(known)}, or pass a TOML file with train, val and test lists"
    )


def load_unseen_split(path: Path, dataset_name: str, classes: Sequence[str], *, allow_missing: bool = False) -> Split:
    """The split whose test classes a text file names (``--unseen-classes``); the other classes are seen.

    Raises SplitError for an unreadable file, and for names that the data set lacks, unless ``allow_missing``.
    """
    unseen = read_class_names(path)
    missing = tuple(sorted(set(unseen) - set(classes))) if allow_missing else ()
    present = [name for name in unseen if name not in missing]
    if not present:
        raise SplitError(f"{path}: {dataset_name} has none of its {len(unseen)} classes; correct the names")
    return replace(unseen_split(path.stem, classes, present), missing=missing)
