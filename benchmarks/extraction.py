r"""Pictures per second of a whole extraction against a bare forward loop of the same network.

The extraction reads files, hashes, decodes, computes and writes the cache. The bare loops only run the network, on
normalised tensors that are in memory already, with the same batch size, memory order and inference mode: once with the
extraction's worker threads, once as a plain loop that leaves all threads to torch. The ratio is to the faster of the
two. All take turns in one process, forwards and backwards, so that other load on the machine meets all; medians are
reported.

    python benchmarks/extraction.py --backbone ../shared/backbones/mobilenet_v2 \
        --pictures ../shared/data/ZS-SBIR/Sketchy
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pcmsn.backbones.base import Backbone
from pcmsn.backbones.cache import FeatureCache
from pcmsn.backbones.extraction import extract
from pcmsn.backbones.load import load_extractors
from pcmsn.backbones.tiny import TinyBackbone
from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.records import Pictures

EXTRACTION = "whole extraction"

TENSORS_IN_MEMORY = 4
"""Different batches that the bare loops cycle through."""


def main() -> None:
    """Run the comparison and print it."""
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    threads = torch.get_num_threads()
    options.workers = options.workers or threads
    share = max(1, threads // options.workers)
    backbone = load_backbone(options.backbone)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.pictures) if options.pictures else draw_pictures(Path(scratch) / "drawn", options.count)
        pictures = list_pictures(folder, options.count)
        batches = tensors_in_memory(backbone, pictures, options.batch_size)

        def plain() -> None:
            for batch in cycled(batches, len(pictures)):
                forward(backbone, batch)

        def parallel() -> None:
            with ThreadPoolExecutor(options.workers, "bare", torch.set_num_threads, (share,)) as pool:
                list(pool.map(lambda batch: forward(backbone, batch), cycled(batches, len(pictures))))
            torch.set_num_threads(threads)

        def whole() -> None:
            with tempfile.TemporaryDirectory(dir=scratch) as cache:
                features = extract(
                    backbone,
                    pictures,
                    cache=FeatureCache(Path(cache)),
                    batch_size=options.batch_size,
                    workers=options.workers,
                )
            if features.computed != len(pictures):
                sys.exit(f"{len(pictures) - features.computed} of the pictures are copies or unreadable; choose others")

        for _ in range(2):  # warm up
            forward(backbone, batches[0])
        runs = take_turns({"plain loop": plain, "loop in worker threads": parallel, EXTRACTION: whole}, options.repeats)
    report(backbone, len(pictures), runs, options)


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backbone", default="tiny", help="as for pcmsn train; 'tiny' is an untrained tiny network")
    parser.add_argument("--pictures", help="folder of pictures, searched in depth; default: drawn ones")
    parser.add_argument("--count", type=int, default=512, help="pictures in a repeat")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0, help="worker threads; default: as many as torch's")
    parser.add_argument("--threads", type=int, default=0, help="torch's threads; default: torch's choice")
    return parser.parse_args()


def load_backbone(spec: str) -> Backbone:
    """The extractor of a text after --backbone."""
    if spec == "tiny":
        return TinyBackbone.untrained(0)
    return load_extractors(spec, dataset_name="Sketchy", model_root=Path("model")).photo


def draw_pictures(folder: Path, count: int) -> Path:
    """A folder of ``count`` soft random pictures of 224 pixels, JPEG and PNG in turn."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (14, 14, 3), dtype=np.uint8))
        picture = coarse.resize((224, 224), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:06}.{'jpg' if number % 2 else 'png'}")
    return folder


def list_pictures(folder: Path, count: int) -> Pictures:
    """At most ``count`` pictures of a folder, evenly spaced over its sorted files."""
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if has_picture_suffix(path)]
    if not names:
        sys.exit(f"no pictures in {folder}")
    chosen = [names[int(i)] for i in np.linspace(0, len(names) - 1, min(count, len(names)))]
    return Pictures("photo", folder, tuple(chosen), np.zeros(len(chosen), dtype=np.int64), ("any",))


def tensors_in_memory(backbone: Backbone, pictures: Pictures, batch_size: int) -> list[Tensor]:
    """A few normalised (batch_size, 3, H, W) batches of the same pictures, in the memory order of the extraction."""
    chosen = np.linspace(0, len(pictures) - 1, TENSORS_IN_MEMORY * batch_size).astype(int)
    pixels = np.stack([backbone.transform.decode(pictures.path(int(i))) for i in chosen])
    return [backbone.transform.normalise(torch.from_numpy(part)) for part in np.split(pixels, TENSORS_IN_MEMORY)]


def cycled(batches: list[Tensor], count: int) -> Iterator[Tensor]:
    """Batches of ``count`` pictures in all, the given ones again and again."""
    size = len(batches[0])
    for number, start in enumerate(range(0, count, size)):
        yield batches[number % len(batches)][: count - start]


def forward(backbone: Backbone, batch: Tensor) -> None:
    """Run the network on one batch."""
    with torch.inference_mode():
        backbone(batch)


def take_turns(works: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[tuple[float, float]]]:
    """(wall seconds, CPU seconds) of each run of each work, in the order A B C, C B A, A B C, ..."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for repeat in range(repeats):
        for name in works if repeat % 2 == 0 else reversed(works):
            wall, cpu = time.perf_counter(), time.process_time()
            works[name]()
            runs[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return runs


def report(
    backbone: Backbone, count: int, runs: dict[str, list[tuple[float, float]]], options: argparse.Namespace
) -> None:
    """Print rates, CPU time, the ratio to the faster bare loop, and peak memory."""
    print(f"{backbone.name}: {count} pictures, batches of {options.batch_size}, {options.repeats} repeats")
    print(f"{torch.get_num_threads()} torch threads, {options.workers} workers, load {os.getloadavg()[0]:.1f}")
    rates = {name: [count / wall for wall, _ in each] for name, each in runs.items()}
    for name, each in runs.items():
        cpu = statistics.median(1000 * spent / count for _, spent in each)
        detail = " ".join(f"{rate:.1f}" for rate in rates[name])
        print(f"{name:>22}: {statistics.median(rates[name]):7.1f} pictures/s, {cpu:5.1f} ms CPU a picture   ({detail})")
    whole = rates.pop(EXTRACTION)
    fastest = max(rates, key=lambda name: statistics.median(rates[name]))
    ratios = [one / other for one, other in zip(whole, rates[fastest], strict=True)]
    detail = " ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio to the {fastest}: {statistics.median(ratios):.3f} median of the repeats   ({detail})")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
