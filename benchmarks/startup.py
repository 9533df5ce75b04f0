r"""How long people with photos wait, and how much memory it takes: the exported model beside the same run in torch.

Each figure is the median of some processes of their own, the two ways in turn, so that a busy machine slows both.

    python benchmarks/startup.py --run runs/Sketchy-best-0 --photos ~/Pictures --sketch cow.png
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pcmsn.encoders.encoder import ENCODER
from pcmsn.training.exporting.export import export_encoder


def main() -> None:
    """Export the run, then measure both ways in turn and print a row per figure."""
    options = parse_options()
    with tempfile.TemporaryDirectory() as folder:
        ways = prepare(options.run, Path(folder))
        rows: dict[str, dict[str, list[float]]] = {}
        for _ in range(options.repeats):
            for way, model in ways.items():
                for name, value in measured(model, options.photos, options.sketch, Path(folder) / way).items():
                    rows.setdefault(name, {}).setdefault(way, []).append(value)
    print("| | exported | torch | torch / exported |\n|---|---:|---:|---:|")
    for name, values in rows.items():
        exported, torch = median(values["exported"]), median(values["torch"])
        print(f"| {name} | {exported:.2f} | {torch:.2f} | {torch / exported:.1f} |")


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True, help="a folder with some hundred photos")
    parser.add_argument("--sketch", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def prepare(run: Path, folder: Path) -> dict[str, Path]:
    """Two copies of a run, one with its exported model."""
    ways = {way: folder / f"run-{way}" for way in ("exported", "torch")}
    for copy in ways.values():
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns(ENCODER, "tensorboard"))
    export_encoder(ways["exported"])
    return ways


def measured(run: Path, photos: Path, sketch: Path, work: Path) -> dict[str, float]:
    """All figures of one way: seconds, photos per second, MB."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    gallery = work / "p.gallery"
    # in Python nothing is exported, so that the run in torch stays one
    add = "import sys; from pcmsn import Gallery; g = Gallery.open(sys.argv[1], run=sys.argv[2]); "
    add += "r = g.add(sys.argv[3]); print(r.added, r.seconds)"
    index = [sys.executable, "-c", add, str(gallery), str(run), str(photos)]
    first = subprocess.run(index, check=True, capture_output=True, text=True).stdout.split()
    found = {"photos indexed per second": int(first[0]) / float(first[1])}
    found["index, nothing changed (s)"], _ = timed(index)
    search = [sys.executable, "-m", "pcmsn", "search", str(sketch), "--gallery", str(gallery)]
    found["search, cold (s)"], found["search, memory (MB)"] = timed(search)
    found["serve, until it answers (s)"], found["serve, memory (MB)"] = served(gallery)
    return found


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds and most resident MB of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, megabytes(usage)


def served(gallery: Path) -> tuple[float, float]:
    """Seconds until a gallery's server prints its address, which it does once it answers, and its resident MB then."""
    command = [sys.executable, "-m", "pcmsn", "serve", str(gallery), "--port", "0"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    seconds = time.perf_counter() - start
    status = Path(f"/proc/{process.pid}/status").read_text()
    process.terminate()
    process.wait()
    resident = re.search(r"VmRSS:\s+(\d+)", status)
    return seconds, int(resident[1]) / 1024 if resident else float("nan")


def megabytes(usage: resource.struct_rusage) -> float:
    """Most resident memory in MB; the system counts kilobytes, a Mac bytes."""
    return usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
