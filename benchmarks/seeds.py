r"""Every preset with every backbone over several seeds, beside untrained features: mean and spread of each score.

Trains and tests with the commands a user has, ``--jobs`` runs at a time with one thread each. What was trained before
is continued, not repeated, so an interrupted benchmark can be started again, also with more epochs.

    python benchmarks/seeds.py --out runs/sketchy --dataset Sketchy --data-root ../shared/data/ZS-SBIR \
        --semantics-root ../shared/semantics \
        --backbone ../shared/backbones/mobilenet_v2 --backbone ../shared/backbones/vit_tiny_patch16_224
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PCMSN = [sys.executable, "-m", "pcmsn"]
SHOWN = ("mAP@all", "P@100")
PROTOCOLS = ("val+test", "test")


def main() -> None:
    """Train what is missing, test everything, print a table a protocol."""
    options = parse_options()
    jobs = [
        (backbone, preset, seed)
        for seed in range(options.seeds)
        for backbone in options.backbone
        for preset in options.preset
    ]
    baselines = {
        backbone: call("baseline", *data_options(options), "--backbone", backbone) for backbone in options.backbone
    }
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda job: train_and_test(options, *job), jobs))
    for protocol in PROTOCOLS:
        print_table(protocol, options, baselines, dict(zip(jobs, results, strict=True)))


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="Sketchy")
    parser.add_argument("--data-root", default="./ZS-SBIR")
    parser.add_argument("--semantics-root", default="./dataset")
    parser.add_argument("--backbone", action="append", required=True)
    parser.add_argument("--preset", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    options = parser.parse_args()
    options.preset = options.preset or ["paper", "released"]
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


def train_and_test(options: argparse.Namespace, backbone: str, preset: str, seed: int) -> Any:
    """The test scores of one run, trained or continued first where it is not finished."""
    out = options.out / f"{Path(backbone).name}-{preset}-{seed}"
    if (out / "run.json").exists():
        call("train", "--resume", "--out", str(out), "--epochs", str(options.epochs))
    else:
        source = [*data_options(options), "--semantics-root", options.semantics_root, "--backbone", backbone]
        settings = ["--preset", preset, "--seed", str(seed), "--epochs", str(options.epochs)]
        call("train", *source, *settings, "--out", str(out))
    result = call("test", "--run", str(out))
    print(f"{out.name}: {result['val+test']['real']['mAP@all']:.4f}", file=sys.stderr, flush=True)
    return result


def print_table(
    protocol: str,
    options: argparse.Namespace,
    baselines: dict[str, Any],
    results: dict[tuple[str, str, int], Any],
) -> None:
    """A Markdown table of one protocol: mean ± standard deviation over the seeds."""
    print(f"\n{options.dataset}, {protocol}, sem-pcyc metrics, {options.seeds} seeds (mean ± standard deviation)\n")
    kinds = ("real", "binary")
    print("| backbone | what is ranked | " + " | ".join(f"{kind} {name}" for kind in kinds for name in SHOWN) + " |")
    print("|---|---|" + "---:|" * (len(kinds) * len(SHOWN)))
    for backbone in options.backbone:
        name = Path(backbone).name
        (assessment,) = [part for part in baselines[backbone] if part["protocol"] == protocol]
        raw, standard, codes = assessment["rows"].values()
        print_row(name, "untrained features, cosine", [[raw]], with_binary=False)
        print_row(name, "standardised features, cosine", [[standard, codes]], with_binary=True)
        for preset in options.preset:
            runs = [results[backbone, preset, seed][protocol] for seed in range(options.seeds)]
            print_row(name, f"PCMSN, preset {preset}", [[run["real"], run["binary"]] for run in runs], with_binary=True)
    print(f"\nchance: mAP@all about {assessment['chance']:.4f}")


def print_row(backbone: str, label: str, runs: Sequence[Sequence[dict[str, float]]], *, with_binary: bool) -> None:
    """One row; ``runs`` holds (real, binary) scores of each seed."""
    cells = [
        spread([run[kind][name] for run in runs]) if kind == 0 or with_binary else ""
        for kind in (0, 1)
        for name in SHOWN
    ]
    print(f"| {backbone} | {label} | {' | '.join(cells)} |")


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation; the value alone where there is one."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


if __name__ == "__main__":
    main()
