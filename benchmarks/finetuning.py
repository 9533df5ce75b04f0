r"""Fine-tuned extractors against ImageNet-only ones, over seeds: their features, and PCMSN on top of them.

For every backbone and seed: ``pcmsn finetune``, then baseline, training and testing on the extractors it made, and the
same training on the extractors as they came. ``--jobs`` seeds run at a time with one thread each. What is finished is
not repeated, so an interrupted benchmark can be started again.

    python benchmarks/finetuning.py --out runs/finetuning --data-root ../shared/data/ZS-SBIR \
        --semantics-root ../shared/semantics --backbone ../shared/backbones/mobilenet_v2 \
        --finetune "--input-size 160 --epochs 5" --epochs 8
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seeds import PCMSN, PROTOCOLS, call, data_options, spread

ROWS = ("features, cosine", "standardised features, cosine", "PCMSN, real", "PCMSN, binary")


@dataclass(frozen=True)
class Trial:
    """One backbone with one seed: the scores of each row by protocol, and how well seen classes were learned."""

    scores: dict[str, dict[str, float]]
    best_epoch: int
    seconds: float
    """Of fine-tuning; 0 without."""


def main() -> None:
    """Run what is missing, then print one table a protocol."""
    options = parse_options()
    seeds = range(options.seeds)
    for backbone in options.backbone:
        with ThreadPoolExecutor(options.jobs) as pool:
            plain = list(pool.map(lambda seed, name=backbone: trial(options, name, seed, finetuned=False), seeds))
            tuned = list(pool.map(lambda seed, name=backbone: trial(options, name, seed, finetuned=True), seeds))
        for protocol in PROTOCOLS:
            print_table(protocol, options, backbone, plain, tuned)
        print(
            f"\nPCMSN's best epoch: {[run.best_epoch for run in plain]} on ImageNet features, "
            f"{[run.best_epoch for run in tuned]} on fine-tuned ones; "
            f"fine-tuning took {[round(run.seconds) for run in tuned]} seconds of training on one core"
        )


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="Sketchy")
    parser.add_argument("--data-root", default="./ZS-SBIR")
    parser.add_argument("--semantics-root", default="./dataset")
    parser.add_argument("--backbone", action="append", required=True)
    parser.add_argument("--finetune", default="", help="options for pcmsn finetune, as one text")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8, help="of PCMSN")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/finetuning"))
    return parser.parse_args()


def trial(options: argparse.Namespace, backbone: str, seed: int, *, finetuned: bool) -> Trial:
    """One backbone with one seed, fine-tuned or as it came; what is on disk is not made again."""
    name = Path(backbone).name
    spec, seconds = backbone, 0.0
    if finetuned:
        extractor = options.out / f"{name}-extractor-{seed}"
        finetune(options, backbone, seed, extractor)
        spec, seconds = f"finetuned:{extractor}", seconds_of(extractor)
    run = options.out / f"{name}-{'finetuned' if finetuned else 'imagenet'}-{seed}"
    train(options, spec, seed, run)
    baseline = {part["protocol"]: part["rows"] for part in remembered(run, "baseline", lambda: score(options, spec))}
    test = remembered(run, "test", lambda: call("test", "--run", str(run)))
    scores = {}
    for protocol in PROTOCOLS:
        raw, standardised, _ = baseline[protocol].values()
        parts = (raw, standardised, test[protocol]["real"], test[protocol]["binary"])
        scores[protocol] = {row: part["mAP@all"] for row, part in zip(ROWS, parts, strict=True)}
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    print(f"{run.name}: {scores['val+test']}", file=sys.stderr, flush=True)
    return Trial(scores, record["best_epoch"], seconds)


def finetune(options: argparse.Namespace, backbone: str, seed: int, extractor: Path) -> None:
    """Make the extractors of one seed, or finish them."""
    if not extractor.is_dir():
        source = [*data_options(options), "--backbone", backbone, "--seed", str(seed)]
        arguments = [*source, *shlex.split(options.finetune)]
    elif unfinished(extractor):
        arguments = ["--resume"]
    else:
        return
    subprocess.run(
        [*PCMSN, "finetune", *arguments, "--out", str(extractor), "--json"],
        stdout=subprocess.DEVNULL,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def unfinished(extractor: Path) -> bool:
    """Whether a network is still to be trained: the curves are drawn last."""
    return not (extractor / "curves.png").exists()


def seconds_of(extractor: Path) -> float:
    """Seconds that the epochs of all networks took."""
    total = 0.0
    for path in extractor.glob("*/history.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            total += sum(float(row["seconds"]) for row in csv.DictReader(file))
    return total


def train(options: argparse.Namespace, spec: str, seed: int, run: Path) -> None:
    """Train PCMSN with the default preset on one pair of extractors, or continue its training."""
    if (run / "run.json").exists():
        call("train", "--resume", "--out", str(run), "--epochs", str(options.epochs))
        return
    source = [*data_options(options), "--semantics-root", options.semantics_root, "--backbone", spec]
    call("train", *source, "--seed", str(seed), "--epochs", str(options.epochs), "--out", str(run))


def score(options: argparse.Namespace, spec: str) -> Any:
    """The scores of the extractors' features, as they are and standardised."""
    return call("baseline", *data_options(options), "--backbone", spec)


def remembered(run: Path, name: str, compute: Callable[[], Any]) -> Any:
    """What ``compute`` gives for this run, read from its folder where it is newer than the weights."""
    stored = run / f"{name}.json"
    if not stored.exists() or stored.stat().st_mtime < (run / "model.safetensors").stat().st_mtime:
        stored.write_text(json.dumps(compute()), encoding="utf-8")
    return json.loads(stored.read_text(encoding="utf-8"))


def print_table(
    protocol: str, options: argparse.Namespace, backbone: str, plain: Sequence[Trial], tuned: Sequence[Trial]
) -> None:
    """A Markdown table: mean ± standard deviation, and the ratio of the means."""
    name = Path(backbone).name
    print(f"\n{options.dataset}, {protocol}, mAP@all, {name}, {len(plain)} seeds; pcmsn finetune {options.finetune}\n")
    print("| what is ranked | ImageNet only | fine-tuned | ratio |")
    print("|---|---:|---:|---:|")
    for row in ROWS:
        before, after = ([run.scores[protocol][row] for run in runs] for runs in (plain, tuned))
        print(f"| {row} | {spread(before)} | {spread(after)} | {sum(after) / sum(before):.2f} |")


if __name__ == "__main__":
    main()
