r"""Pictures per second of decoding alone, of the network alone, and of a whole extraction.

The whole reads files, hashes, decodes, computes and writes the cache. Decoding alone reads and decodes the same files
with the same number of threads. The network alone runs on normalised tensors that are in the device's memory already,
with the same batch size, memory order and precision; on a CPU once as a plain loop that leaves all threads to torch and
once in the extraction's worker threads, the faster of which counts. All take turns in one process, forwards and
backwards, so that other load on the machine meets all; medians are reported.

The figure is whole / min(decoding, network): 1 where they overlap completely. It can be reached where the network has
a device of its own. On a CPU both use the same cores, each of the two alone has them all, and no order of work can beat
1 / (1/decoding + 1/network), the rate at which the cores do one after the other. The share of that is printed, too.

    python benchmarks/extraction.py --backbone ../shared/backbones/mobilenet_v2 \
        --backbone ../shared/backbones/vit_tiny_patch16_224 --pictures ../shared/data/ZS-SBIR/Sketchy
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
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.records import Pictures
from pcmsn.device import pick_device
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import TinyBackbone
from pcmsn.features.extraction import extract
from pcmsn.features.forward import Computation, suitable_precision
from pcmsn.features.store import FeatureCache

DECODING, PLAIN, IN_WORKERS, WHOLE = "decoding alone", "network alone", "network in worker threads", "whole extraction"

TENSORS_IN_MEMORY = 4
"""Different batches that the network alone cycles through."""


def main() -> None:
    """Compare for each backbone and print it."""
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = pick_device(options.device)
    computation = Computation(
        device=device,
        batch_size=options.batch_size,
        workers=options.workers,
        precision=suitable_precision(device) if options.precision == "auto" else options.precision,
        compiled=options.compile,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.pictures) if options.pictures else draw_pictures(Path(scratch) / "drawn", options.count)
        pictures = list_pictures(folder, options.count)
        for spec in options.backbone or ["tiny"]:
            backbone = load_backbone(spec)
            runs = compare(backbone, pictures, computation, options.repeats, Path(scratch))
            report(backbone, len(pictures), runs, computation)


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backbone", action="append", help="as for pcmsn train; repeatable; default: tiny, untrained")
    parser.add_argument("--pictures", help="folder of pictures, searched in depth; default: drawn ones")
    parser.add_argument("--count", type=int, default=256, help="pictures in a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, help="default: what suits the device")
    parser.add_argument("--workers", type=int, help="worker threads; default: what suits the device")
    parser.add_argument("--threads", type=int, default=0, help="torch's threads; default: torch's choice")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps or auto")
    parser.add_argument("--precision", default="auto", choices=["auto", "32", "bf16", "16"])
    parser.add_argument("--compile", action="store_true")
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


def compare(
    backbone: Backbone, pictures: Pictures, computation: Computation, repeats: int, scratch: Path
) -> dict[str, list[tuple[float, float]]]:
    """(wall seconds, CPU seconds) of each run of each kind of work."""
    size, workers, threads = computation.chosen_batch_size(), computation.chosen_workers(), torch.get_num_threads()
    batches = tensors_in_memory(backbone, pictures, size, computation.device)
    network = torch.compile(backbone, dynamic=False) if computation.compiled else backbone

    def decoding() -> None:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(lambda index: backbone.transform.decode(pictures.path(index)), range(len(pictures))):
                pass

    def plain() -> None:
        for batch in cycled(batches, len(pictures)):
            forward(network, batch, computation)
        if computation.device.startswith("cuda"):
            torch.cuda.synchronize()

    def in_workers() -> None:
        share = max(1, threads // workers)
        with ThreadPoolExecutor(workers, "bare", torch.set_num_threads, (share,)) as pool:
            list(pool.map(lambda batch: forward(network, batch, computation), cycled(batches, len(pictures))))
        torch.set_num_threads(threads)

    def whole() -> None:
        with tempfile.TemporaryDirectory(dir=scratch) as cache:
            features = extract(backbone, pictures, cache=FeatureCache(Path(cache)), computation=computation)
        if features.computed != len(pictures):
            sys.exit(f"{len(pictures) - features.computed} of the pictures are copies or unreadable; choose others")

    works: dict[str, Callable[[], None]] = {DECODING: decoding, PLAIN: plain, WHOLE: whole}
    if computation.on_cpu:
        works[IN_WORKERS] = in_workers
    for _ in range(2):  # warm up, compile
        forward(network, batches[0], computation)
    return take_turns(works, repeats)


def tensors_in_memory(backbone: Backbone, pictures: Pictures, batch_size: int, device: str) -> list[Tensor]:
    """A few normalised (batch_size, 3, H, W) batches of the same pictures, in the memory order of the extraction."""
    backbone.to(device)
    chosen = np.linspace(0, len(pictures) - 1, TENSORS_IN_MEMORY * batch_size).astype(int)
    pixels = np.stack([backbone.transform.decode(pictures.path(int(i))) for i in chosen])
    parts = np.split(pixels, TENSORS_IN_MEMORY)
    return [backbone.transform.normalise(torch.from_numpy(part).to(device)) for part in parts]


def cycled(batches: list[Tensor], count: int) -> Iterator[Tensor]:
    """Batches of ``count`` pictures in all, the given ones again and again."""
    size = len(batches[0])
    for number, start in enumerate(range(0, count, size)):
        yield batches[number % len(batches)][: count - start]


def forward(network: Callable[[Tensor], Tensor], batch: Tensor, computation: Computation) -> None:
    """Run the network on one batch."""
    types = {"bf16": torch.bfloat16, "16": torch.float16}
    kind, precision = torch.device(computation.device).type, computation.precision
    with torch.inference_mode(), nullcontext() if precision == "32" else torch.autocast(kind, types[precision]):
        network(batch)


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
    backbone: Backbone, count: int, runs: dict[str, list[tuple[float, float]]], computation: Computation
) -> None:
    """Print rates, CPU time, the figure and its bound, and peak memory."""
    size, workers = computation.chosen_batch_size(), computation.chosen_workers()
    bits = f"precision {computation.precision}{', compiled' if computation.compiled else ''}"
    print(f"{backbone.name} on {computation.device}, {bits}: {count} pictures, batches of {size}")
    print(f"{torch.get_num_threads()} torch threads, {workers} workers, load {os.getloadavg()[0]:.1f}")
    rates = {name: [count / wall for wall, _ in each] for name, each in runs.items()}
    for name, each in runs.items():
        cpu = statistics.median(1000 * spent / count for _, spent in each)
        detail = " ".join(f"{rate:.1f}" for rate in rates[name])
        print(f"{name:>25}: {statistics.median(rates[name]):8.1f} pictures/s, {cpu:5.1f} ms CPU a picture   ({detail})")
    loops = [name for name in (PLAIN, IN_WORKERS) if name in rates]
    network = rates[max(loops, key=lambda name: statistics.median(rates[name]))]
    turns = list(zip(rates[WHOLE], rates[DECODING], network, strict=True))
    show("whole / min(decoding, network)", [whole / min(decoding, alone) for whole, decoding, alone in turns])
    show("whole / network", [whole / alone for whole, _, alone in turns])
    if computation.on_cpu:
        show(
            "whole x (1/decoding + 1/network)", [whole * (1 / decoding + 1 / alone) for whole, decoding, alone in turns]
        )
        bound = statistics.median(1 / (1 / decoding + 1 / alone) for _, decoding, alone in turns)
        print(f"the cores do both at {bound:.1f} pictures/s: min() can be reached only with decoding on other cores")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if computation.device.startswith("cuda"):
        print(f"peak device memory: {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB")
    print()


def show(what: str, ratios: list[float]) -> None:
    """Print the median of ratios, and all."""
    print(f"{what:>34}: {statistics.median(ratios):.3f}   ({' '.join(f'{ratio:.2f}' for ratio in ratios)})")


if __name__ == "__main__":
    main()
