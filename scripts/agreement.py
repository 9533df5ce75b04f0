"""Record what one version of pcmsn gives, and compare it with what another version gives.

For a rebuild: ``record`` runs the commands that users have on pictures that it draws itself, and writes what they print
as JSON; ``compare`` prints every value of two records that differs. Run it before code is replaced, and after::

    git worktree add ../before v0.1.0
    python scripts/agreement.py record --source ../before/src --out before.json
    python scripts/agreement.py record --out after.json
    python scripts/agreement.py compare before.json after.json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "evaluation" / "reference"
FAMILIES = ("sem-pcyc", "sake", "zse", "neutral")
CLASSES = [f"kind{number:02d}" for number in range(20)]
PICTURES = 10  # per class and modality
TOLERANCE = 2e-4  # of scores: what another order of sums may change
SHORT = ["--epochs", "2", "--batch-size", "32", "--batches-per-epoch", "12"]
UNSTEADY = {"seconds", "seconds_per_epoch", "seconds_per_query", "id"}
"""Keys that differ between two recordings of one version: times, and ids that stand for paths of a temporary folder."""
RUNS: dict[str, list[str]] = {
    "paper": [],
    "paper, seed 1": ["--seed", "1"],
    "paper, no adversarial loss": ["--lambda-adv", "0"],
    "paper, no reconstruction": ["--lambda-rec", "0"],
    "paper, no cross-modal loss": ["--lambda-cmt", "0"],
    "paper, raw features": ["--no-standardise"],
    "paper, 16 numbers": ["--dim", "16"],
    "released": ["--preset", "released"],
    "best": ["--preset", "best"],
    "best, several layers": ["--preset", "best", "--layers", "several"],
}
SEARCHES = """
import sys
from pathlib import Path
from pcmsn import Gallery
with Gallery.open(sys.argv[1]) as gallery:
    for sketch in sorted(Path(sys.argv[2]).rglob("*.png")):
        for mode in ("exact", "shortlist"):
            hits = gallery.search(sketch, k=10, mode=mode)
            print(sketch.parent.name, sketch.name, mode, *(Path(hit.photo.path).name for hit in hits))
"""


def draw_pictures(root: Path) -> None:
    """Twenty kinds in the layout of a folder data set: polygons of a kind's own form, as strokes and as surfaces."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        radii = np.random.default_rng(100 + number).uniform(0.3, 1.0, 6 + number % 5)
        colour = tuple(int(value) for value in np.random.default_rng(200 + number).integers(40, 215, 3))
        for modality in ("sketch", "photo"):
            folder = root / modality / name
            folder.mkdir(parents=True)
            for index in range(PICTURES):
                angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) + generator.normal(0, 0.15)
                scale = 26 * radii * generator.normal(1, 0.08, len(radii))
                points = [
                    (float(32 + r * np.cos(a)), float(32 + r * np.sin(a))) for r, a in zip(scale, angles, strict=True)
                ]
                picture = Image.new("RGB", (64, 64), "white")
                if modality == "sketch":
                    ImageDraw.Draw(picture).line([*points, points[0]], fill="black", width=2)
                else:
                    noise = generator.integers(0, 80, (64, 64, 3)).astype(np.uint8)
                    picture = Image.fromarray(noise)
                    ImageDraw.Draw(picture).polygon(points, fill=colour)
                picture.save(folder / f"{name}_{index:02d}_{modality}.png")


def save_network(folder: Path) -> None:
    """A small random vision transformer in Hugging Face's format."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    size = {"hidden_size": 48, "num_hidden_layers": 6, "num_attention_heads": 4, "intermediate_size": 96}
    ViTForImageClassification(ViTConfig(**size, image_size=64, patch_size=8)).save_pretrained(folder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 64, "width": 64}}
    (folder / "preprocessor_config.json").write_text(
        json.dumps({**processor, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    )


class Recorder:
    """Runs one version's commands in a folder of their own and keeps what they print."""

    def __init__(self, source: Path, work: Path) -> None:
        self.work = work
        self.environment = {**os.environ, "PYTHONPATH": str(source.resolve()), "PCMSN_CACHE": str(work / "cache")}
        self.values: dict[str, Any] = {}

    def run(self, *arguments: str) -> str:
        """What ``python ...`` prints; stops with its errors where it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def keep(self, name: str, *arguments: str) -> None:
        """Keep what a command prints with ``--json``."""
        print(f"{name}: pcmsn {' '.join(arguments)}", file=sys.stderr)
        printed = json.loads(self.run("-m", "pcmsn", *arguments, "--json"))
        self.values[name] = json.loads(json.dumps(printed).replace(str(self.work), "WORK"))


def record(source: Path, reference: Path) -> dict[str, Any]:
    """All values of one version, by name."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(source, Path(folder).resolve())
        work = recorder.work
        draw_pictures(work / "shapes")
        save_network(work / "network")
        vectors = np.random.default_rng(1).normal(size=(len(CLASSES), 24))
        (work / "semantics" / "shapes").mkdir(parents=True)
        np.save(work / "semantics" / "shapes" / "random.npy", dict(zip(CLASSES, vectors, strict=True)))  # type: ignore[arg-type]
        names = {"train": CLASSES[:12], "val": CLASSES[12:16], "test": CLASSES[16:]}
        (work / "split.toml").write_text("".join(f"{part} = {json.dumps(some)}\n" for part, some in names.items()))
        _record_all(recorder, reference)
        return recorder.values


def _record_all(recorder: Recorder, reference: Path) -> None:
    work = recorder.work
    data = ["--dataset", "shapes", "--data-root", ".", "--split", "split.toml", "--backbone", "network"]
    semantics = ["--semantics-root", "semantics", "--semantics", "random"]
    shutil.copytree(work / "shapes", work / "pictures")
    data[1] = str(work / "shapes")
    for embeddings in sorted(reference.glob("*.npz")):
        for family in FAMILIES:
            recorder.keep(f"score {embeddings.stem} {family}", "score", str(embeddings), "--metrics", family)
    for name, options in RUNS.items():
        run = f"runs/{name.replace(', ', '-').replace(' ', '-')}"
        recorder.keep(f"train {name}", "train", *data, *semantics, *SHORT, *options, "--out", run)
        recorder.keep(f"test {name}", "test", "--run", run)
    for form in ("sem-pcyc", "pcmsn"):
        recorder.keep(f"test generalized {form}", "test", "--run", "runs/best", "--generalized", form)
    recorder.keep("test intervals", "test", "--run", "runs/best", "--intervals", "--expand", "3", "--metrics", "sake")
    recorder.keep("test released codes", "test", "--run", "runs/paper", "--itq", "released")
    recorder.keep("baseline", "baseline", *data)
    recorder.keep("index", "index", "shapes/photo", "--run", "runs/best", "--gallery", "p.gallery")
    recorder.keep("search", "search", "shapes/sketch/kind17/kind17_03_sketch.png", "--gallery", "p.gallery")
    recorder.values["hits"] = recorder.run("-c", SEARCHES, "p.gallery", str(work / "shapes" / "sketch")).splitlines()
    recorder.keep("report", "report", "--run", "runs/best", "--out", "report.html")
    recorder.values["report page"] = _numbers((work / "report.html").read_text(encoding="utf-8"))
    for table in ("parts", "recipe"):
        options = ["--table", table, "--seeds", "0", "--epochs", "1", "--out", f"ablation-{table}"]
        recorder.keep(f"ablate {table}", "ablate", *data, *semantics, *options)
    methods = ["--methods", "raw,standardised,cca,triplet,supcon,sem-pcyc,pdfd,pcmsn,best"]
    recorder.keep("compare", "compare", *data, *semantics, *methods, "--seeds", "0", "--epochs", "1", "--out", "cmp")
    recorder.keep("compare runs", "compare", "runs/paper", "runs/best")
    recorder.keep("data check", "data", "check", "shapes")
    recorder.keep("data splits", "data", "splits", "Sketchy")
    recorder.keep("semantics senses", "semantics", "senses", "crane", "cat", "hot-air_balloon")
    recorder.keep("features", "features", "extract", *data[:2], "--backbone", "network", "--out", "features")
    recorder.keep("export", "export", "--run", "runs/best", "--out", "exported")


def _numbers(page: str) -> list[str]:
    """The scores that a report shows: all numbers of three digits after the point or a bare point, sorted."""
    text = unescape(re.sub(r"<(script|style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    return sorted(set(re.findall(r"(?<![\d.])0?\.\d{3,4}\b", text)))


def differences(before: Any, after: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each (place, before, after) at which two records differ by more than rounding."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after} - UNSTEADY):
            yield from differences(before.get(key, "(none)"), after.get(key, "(none)"), f"{where}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, f"{where}/{index}")
    elif isinstance(before, float) and isinstance(after, (int, float)):
        if not np.isclose(before, after, rtol=0, atol=TOLERANCE):
            yield where, before, after
    elif before != after:
        yield where, before, after


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Print the differences by record; gives how many records differ."""
    differing = 0
    for name in sorted({*before, *after}):
        found = list(differences(before.get(name, "(none)"), after.get(name, "(none)")))
        differing += bool(found)
        print(f"{'differs' if found else 'agrees '}  {name}")
        for where, old, new in found[:6]:
            print(f"           {where}: {str(old)[:90]} -> {str(new)[:90]}")
        if len(found) > 6:
            print(f"           and {len(found) - 6} more")
    print(f"{len({*before, *after}) - differing} records agree, {differing} differ")
    return differing


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("--source", type=Path, default=ROOT / "src", help="the folder that holds the package")
    recording.add_argument("--reference", type=Path, default=REFERENCE, help="embeddings to score (.npz)")
    recording.add_argument("--out", type=Path, required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "record":
        values = record(arguments.source, arguments.reference)
        arguments.out.write_text(json.dumps(values, indent=1), encoding="utf-8")
        return
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (arguments.before, arguments.after))
    raise SystemExit(1 if compare(before, after) else 0)


if __name__ == "__main__":
    main()
