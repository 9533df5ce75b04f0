r"""Presets with every backbone, split and several seeds, beside untrained features: mean and spread of each score.

Trains and tests with the commands a user has, ``--jobs`` runs at a time with one thread each. What was trained before
is continued, not repeated, so an interrupted benchmark can be started again, also with more epochs.

    python benchmarks/seeds.py --out runs/sketchy --dataset Sketchy --data-root ../shared/data/ZS-SBIR \
        --semantics-root ../shared/semantics \
        --backbone ../shared/backbones/mobilenet_v2 --backbone ../shared/backbones/vit_tiny_patch16_224

A preset may have options of ``pcmsn train`` behind it: ``--preset paper --preset best --preset "best --layers last"``.
The last column is the real-valued mAP@all beside that of the first preset, and the seconds are a run's own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PCMSN = [sys.executable, "-m", "pcmsn"]
SHOWN = ("mAP@all", "P@100")
PROTOCOLS = ("val+test", "test")


@dataclass(frozen=True)
class Job:
    """One run: a preset, with options behind it, on one backbone and split with one seed."""

    split: str
    backbone: str
    preset: str
    seed: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        preset = "".join(letter if letter.isalnum() else "-" for letter in self.preset)
        return f"{Path(self.backbone).name}-{self.split}-{preset}-{self.seed}"


@dataclass(frozen=True)
class Result:
    """Scores by protocol, as ``pcmsn test`` gives them, and what training took."""

    scores: dict[str, Any]
    seconds: float


def main() -> None:
    """Train what is missing, test everything, print a table a split and protocol."""
    options = parse_options()
    jobs = [
        Job(split, backbone, preset, seed)
        for seed in range(options.seeds)
        for split in options.split
        for backbone in options.backbone
        for preset in options.preset
    ]
    baselines = {
        (split, backbone): call("baseline", *data_options(options), "--split", split, "--backbone", backbone)
        for split in options.split
        for backbone in options.backbone
    }
    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(jobs, pool.map(lambda job: train_and_test(options, job), jobs), strict=True))
    for split in options.split:
        protocols = [protocol for protocol in PROTOCOLS if protocol in next(iter(results.values())).scores]
        for protocol in protocols:
            print_table(protocol, split, options, baselines, results)


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="Sketchy")
    parser.add_argument("--data-root", default="./ZS-SBIR")
    parser.add_argument("--semantics-root", default="./dataset")
    parser.add_argument("--backbone", action="append", required=True)
    parser.add_argument("--split", action="append", help="default: sem-pcyc")
    parser.add_argument("--preset", action="append", help="default: paper, released and best")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: the preset's")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    options = parser.parse_args()
    options.preset = options.preset or ["paper", "released", "best"]
    options.split = options.split or ["sem-pcyc"]
    return options


def data_options(options: argparse.Namespace) -> list[str]:
    """Where the data is."""
    return ["--dataset", options.dataset, "--data-root", options.data_root]


def call(*arguments: str) -> Any:
    """What a pcmsn command prints as JSON; its progress goes to our stderr."""
    done = subprocess.run(
        [*PCMSN, *arguments, "--json"], stdout=subprocess.PIPE, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    return json.loads(done.stdout)


def train_and_test(options: argparse.Namespace, job: Job) -> Result:
    """The test scores of one run, trained or continued first where it is not finished."""
    out = options.out / job.name
    epochs = ["--epochs", str(options.epochs)] if options.epochs else []
    if (out / "run.json").exists():
        call("train", "--resume", "--out", str(out), *epochs)
    else:
        source = [*data_options(options), "--semantics-root", options.semantics_root, "--backbone", job.backbone]
        settings = ["--split", job.split, "--preset", *shlex.split(job.preset), "--seed", str(job.seed), *epochs]
        call("train", *source, *settings, "--out", str(out))
    stored = out / "test.json"
    if not stored.exists() or stored.stat().st_mtime < (out / "model.safetensors").stat().st_mtime:
        stored.write_text(json.dumps(call("test", "--run", str(out))), encoding="utf-8")
    scores = json.loads(stored.read_text(encoding="utf-8"))
    with (out / "history.csv").open(encoding="utf-8", newline="") as file:
        seconds = sum(float(row["seconds"]) for row in csv.DictReader(file))
    shown = {protocol: scores[protocol]["real"]["mAP@all"] for protocol in PROTOCOLS if protocol in scores}
    print(f"{job.name}: {shown}, {seconds:.0f} s", file=sys.stderr, flush=True)
    return Result(scores, seconds)


def print_table(
    protocol: str,
    split: str,
    options: argparse.Namespace,
    baselines: dict[tuple[str, str], Any],
    results: dict[Job, Result],
) -> None:
    """A Markdown table of one split and protocol: mean ± standard deviation over the seeds."""
    print(f"\n{options.dataset}, split {split}, {protocol}, {options.seeds} seeds (mean ± standard deviation)\n")
    kinds = ("real", "binary")
    shown = " | ".join(f"{kind} {name}" for kind in kinds for name in SHOWN)
    print(f"| backbone | what is ranked | {shown} | beside {options.preset[0]} | seconds |")
    print("|---|---|" + "---:|" * (len(kinds) * len(SHOWN) + 2))
    for backbone in options.backbone:
        name = Path(backbone).name
        raw, standard, codes = baseline_of(protocol, baselines[split, backbone])["rows"].values()
        print_row(name, "untrained features, cosine", [[raw]])
        print_row(name, "standardised features, cosine", [[standard, codes]])
        means = []
        for preset in options.preset:
            runs = [results[Job(split, backbone, preset, seed)] for seed in range(options.seeds)]
            scores = [[run.scores[protocol][kind] for kind in kinds] for run in runs]
            means.append(statistics.mean(real["mAP@all"] for real, _ in scores))
            seconds = statistics.median(run.seconds for run in runs)
            print_row(name, f"preset {preset}", scores, (f"{means[-1] / means[0]:.2f}", f"{seconds:.0f}"))
    chance = baseline_of(protocol, baselines[split, options.backbone[0]])["chance"]
    print(f"\nchance: mAP@all about {chance:.4f}")


def baseline_of(protocol: str, baseline: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of ``pcmsn baseline``'s answer for one protocol."""
    return next(part for part in baseline if part["protocol"] == protocol)


def print_row(
    backbone: str, label: str, runs: Sequence[Sequence[dict[str, float]]], more: tuple[str, str] = ("", "")
) -> None:
    """One row; ``runs`` holds the (real, binary) or only the (real,) scores of each seed."""
    cells = [
        spread([run[kind][name] for run in runs]) if kind < len(runs[0]) else "" for kind in (0, 1) for name in SHOWN
    ]
    print(f"| {backbone} | {label} | {' | '.join([*cells, *more])} |")


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation; the value alone where there is one."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


if __name__ == "__main__":
    main()
