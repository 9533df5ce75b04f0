r"""Fine-tuning in mixed bf16 against 32 bits: pictures a second, and how well held-out pictures are named after it.

Each precision trains the same epoch in turn, ``--repeats`` times; the medians are compared. On a CPU without
instructions for bf16, ``--precision auto`` stays with 32 bits, and this shows why.

    python benchmarks/finetuning_precision.py --backbone ../shared/backbones/vit_tiny_patch16_224 \
        --backbone ../shared/backbones/mobilenet_v2 --dataset Sketchy --data-root sample
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
from pathlib import Path

from seeds import call

PRECISIONS = ("32", "bf16-mixed")


def main() -> None:
    """Train every backbone in both precisions and print a table."""
    options = parse_options()
    print("| backbone | precision | pictures a second | beside 32 | loss | held-out accuracy |")
    print("|---|---|---:|---:|---:|---:|")
    for backbone in options.backbone:
        epochs: dict[str, list[dict[str, str]]] = {precision: [] for precision in PRECISIONS}
        for _ in range(options.repeats):
            for precision in PRECISIONS:
                epochs[precision].append(one_epoch(options, backbone, precision))
        speeds = {
            precision: statistics.median(float(row["pictures_per_second"]) for row in rows)
            for precision, rows in epochs.items()
        }
        for precision, rows in epochs.items():
            print(
                f"| {Path(backbone).name} | {precision} | {speeds[precision]:.2f} | "
                f"{speeds[precision] / speeds['32']:.2f} | {float(rows[0]['loss']):.4f} | "
                f"{float(rows[0]['held_out_accuracy']):.4f} |"
            )


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="toyworld")
    parser.add_argument("--data-root", default="./ZS-SBIR")
    parser.add_argument("--backbone", action="append", required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def one_epoch(options: argparse.Namespace, backbone: str, precision: str) -> dict[str, str]:
    """The history's row of one epoch of the extractor that preset ``best-finetuned`` trains."""
    with tempfile.TemporaryDirectory() as folder:
        call(
            *("finetune", "--preset", "best", "--dataset", options.dataset, "--data-root", options.data_root),
            *("--backbone", backbone, "--epochs", "1", "--precision", precision, "--device", options.device),
            *("--out", folder, "--overwrite"),
        )
        with (Path(folder) / "shared" / "history.csv").open(newline="") as rows:
            return next(csv.DictReader(rows))


if __name__ == "__main__":
    main()
