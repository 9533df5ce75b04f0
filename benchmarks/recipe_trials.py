r"""Settings around preset ``best``, compared on seen and validation classes of a split.

The seen and the validation classes of a split are shuffled, and each of ``--folds`` takes other ``--held-out`` ones of
them as its validation classes; the test classes stay out of training and of what is shown. Every row of the table
is trained once a fold with ``pcmsn ablate``. What is finished is not repeated, so an interrupted benchmark can be
started again.

    python benchmarks/recipe_trials.py --out runs/trials --data-root ../shared/data/ZS-SBIR \
        --semantics-root ../shared/semantics --backbone ../shared/backbones/vit_tiny_patch16_224
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from pcmsn.data.splits import Split, published_split
from pcmsn.training.experiments.tables import Spread
from seeds import call, data_options

TABLE = Path(__file__).with_name("recipe_trials.toml")


def main() -> None:
    """Train what is missing, then print the table."""
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    folds = []
    for number, split in enumerate(folds_of(published_split(options.dataset, options.split), options)):
        file = options.out / f"fold-{number}.toml"
        file.write_text(tomli_w.dumps({"train": split.train, "val": split.val, "test": split.test}), encoding="utf-8")
        folds.append(train(options, file))
    print(f"mAP@all of {options.held_out} held-out classes, mean ± standard deviation over {len(folds)} folds\n")
    print("| settings | mAP@all | beside the first row, fold by fold |\n|---|---:|---:|")
    for name in folds[0]:
        scores = [fold[name] for fold in folds]
        less = [fold[name] - next(iter(fold.values())) for fold in folds]
        print(f"| {name} | {Spread(tuple(scores))} | {Spread(tuple(less))} |")


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="Sketchy")
    parser.add_argument("--data-root", default="./ZS-SBIR")
    parser.add_argument("--semantics-root", default="./dataset")
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--layers", choices=("last", "several"), help="default: the preset's")
    parser.add_argument("--split", default="sem-pcyc", help="a published split, whose test classes stay out")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--held-out", type=int, default=20, help="validation classes of a fold")
    parser.add_argument("--processes", default="2")
    parser.add_argument("--out", type=Path, default=Path("runs/trials"))
    return parser.parse_args()


def folds_of(split: Split, options: argparse.Namespace) -> Sequence[Split]:
    """The split with other validation classes, which no two folds share."""
    classes = sorted(split.train + split.val)
    random.Random(0).shuffle(classes)
    parts = [classes[start : start + options.held_out] for start in range(0, len(classes), options.held_out)]
    return [
        Split(
            f"fold-{number}",
            tuple(name for name in sorted(classes) if name not in part),
            tuple(sorted(part)),
            split.test,
        )
        for number, part in enumerate(parts[: options.folds])
    ]


def train(options: argparse.Namespace, split: Path) -> dict[str, float]:
    """Each row's mAP@all of the fold's validation classes."""
    layers = ["--layers", options.layers] if options.layers else []
    found: dict[str, Any] = call(
        *("ablate", "--table", str(options.table), *data_options(options), "--semantics-root", options.semantics_root),
        *("--backbone", options.backbone, *layers, "--split", str(split), "--seeds", "0"),
        *("--processes", options.processes, "--out", str(options.out / split.stem)),
    )
    return {row["row"]: row["mAP@all"]["validation"]["mean"] for row in found["rows"]}


if __name__ == "__main__":
    main()
