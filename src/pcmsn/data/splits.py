"""Which classes are seen, which are for validation, which are for testing.

The committed lists stand in ``split_lists/<data set>/<split>.toml``. SEM-PCYC's (Dutta and Akata, CVPR 2019, used by
PCMSN) follow from a rule: NumPy's legacy generator with seed 0 over the sorted class names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pcmsn.data.toyworld import TOYWORLD_SPLIT
from pcmsn.errors import SplitError, did_you_mean, enumerate_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SPLIT_LISTS = Path(__file__).parent / "split_lists"
PARTS = ("train", "val", "test")


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

    def __post_init__(self) -> None:
        for first, second in (("train", "val"), ("train", "test"), ("val", "test")):
            both = sorted(set(getattr(self, first)) & set(getattr(self, second)))
            if both:
                raise SplitError(f"split {self.name!r}: {enumerate_names(both)} in both {first} and {second}")
        for part in PARTS:
            classes = getattr(self, part)
            if not classes:
                raise SplitError(f"split {self.name!r}: no class in {part}; each part needs at least one")
            if len(set(classes)) != len(classes):
                twice = sorted({name for name in classes if classes.count(name) > 1})
                raise SplitError(f"split {self.name!r}: {enumerate_names(twice)} twice in {part}")

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted(self.train + self.val + self.test))

    def check_fits(self, dataset_name: str, classes: Sequence[str]) -> None:
        """Raise SplitError that names the first differences unless the split divides exactly ``classes``."""
        lacking = sorted(set(self.classes) - set(classes))
        extra = sorted(set(classes) - set(self.classes))
        if not lacking and not extra:
            return
        differences = []
        if lacking:
            hints = ", ".join(f"{name!r}{did_you_mean(name, extra)}" for name in lacking[:5])
            differences.append(f"{len(lacking)} of its classes are not in the folder ({hints})")
        if extra:
            differences.append(f"{len(extra)} folders are not in the split ({enumerate_names(extra)})")
        raise SplitError(
            f"split {self.name!r} does not fit {dataset_name}: {' and '.join(differences)}. "
            "Rename the folders, or pass --split with another split or a TOML file with train, val and test lists"
        )


def sem_pcyc_split(classes: Iterable[str], train_share: float, val_share: float, name: str = "sem-pcyc") -> Split:
    """SEM-PCYC's rule: seed 0 over the sorted names, ``train_share`` for training, ``val_share`` for validation."""
    return _drawn_split(name, classes, train_share, val_share, np.random.RandomState(0))


def random_split(classes: Iterable[str], seed: int) -> Split:
    """80 % of the classes for training, 10 % for validation and the rest for testing, at least one each."""
    names = sorted(set(classes))
    if len(names) < 3:
        raise SplitError(f"a split needs at least 3 classes (train, val, test), got {len(names)}")
    val_share = max(0.1, 1 / len(names))
    train_share = min(0.8, (len(names) - 2) / len(names))
    return _drawn_split(f"random-{seed}", names, train_share, val_share, np.random.RandomState(seed))


def _drawn_split(
    name: str, classes: Iterable[str], train_share: float, val_share: float, generator: np.random.RandomState
) -> Split:
    names = np.array(sorted(set(classes)))
    # the small addition keeps int() from dropping a class when a share such as 1/3 is not exact in binary
    train = generator.choice(names, int(train_share * len(names) + 1e-9), replace=False)
    val = generator.choice(np.setdiff1d(names, train), int(val_share * len(names) + 1e-9), replace=False)
    test = np.setdiff1d(names, np.concatenate([train, val]))
    parts = (tuple(sorted(str(item) for item in part)) for part in (train, val, test))
    return Split(name, *parts)


def read_split(path: Path) -> Split:
    """The split of a TOML file with the lists ``train``, ``val`` and ``test``; raises SplitError when it is not one."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SplitError(f"{path} can not be read as a split ({error}); expected TOML with train, val, test") from error
    unknown = sorted(set(content) - set(PARTS))
    if unknown:
        raise SplitError(f"{path}: unknown key {unknown[0]!r}{did_you_mean(unknown[0], PARTS)}; expected {PARTS}")
    for part in PARTS:
        names = content.get(part)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SplitError(f"{path}: {part!r} must be a list of class names, got {names!r}")
    return Split(path.stem, *(tuple(sorted(content[part])) for part in PARTS))


def published_splits(dataset_name: str) -> tuple[str, ...]:
    """Names of the committed splits of a data set; empty for one that we have none of."""
    return tuple(sorted(path.stem for path in (SPLIT_LISTS / dataset_name).glob("*.toml")))


def default_split_name(dataset_name: str) -> str:
    """``sem-pcyc`` for the benchmarks, ``toyworld`` for the toy world, ``random`` for a user's own folder."""
    if dataset_name == "toyworld":
        return "toyworld"
    return "sem-pcyc" if "sem-pcyc" in published_splits(dataset_name) else "random"


def load_split(name: str | None, dataset_name: str, classes: Sequence[str], seed: int = 0) -> Split:
    """The split ``name`` (a published one, ``toyworld``, ``random`` or a TOML file) of a data set, checked to fit it.

    ``seed`` counts for ``random`` only. None takes the data set's default.
    """
    name = name or default_split_name(dataset_name)
    published = published_splits(dataset_name)
    if name in published:
        split = read_split(SPLIT_LISTS / dataset_name / f"{name}.toml")
    elif name == "random":
        split = random_split(classes, seed)
    elif name == "toyworld" and dataset_name == "toyworld":
        split = Split("toyworld", *(tuple(sorted(getattr(TOYWORLD_SPLIT, part))) for part in PARTS))
    elif name.endswith(".toml"):
        split = read_split(Path(name))
    else:
        known = (*published, "random", *(("toyworld",) if dataset_name == "toyworld" else ()))
        raise SplitError(
            f"no split {name!r} for {dataset_name}{did_you_mean(name, known)}; "
            f"it has {enumerate_names(known)}, or pass a TOML file with train, val and test lists"
        )
    split.check_fits(dataset_name, classes)
    return split
