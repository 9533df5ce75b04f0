"""Seconds an epoch from cached features, beside the time its matrix products alone need; peak memory and its growth.

The floor is measured in the same run, in turns with the epochs: every linear layer's forward product and its two
backward products, at the shapes of one batch, as bare ``torch.mm`` calls on tensors in memory.

    python benchmarks/training.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from pcmsn.data.records import Modality, Pictures
from pcmsn.data.splits import Split
from pcmsn.features.tables import FeatureTable, FeatureTables
from pcmsn.model.pcmsn import PCMSN
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.loop import TrainingData, TrainingRun
from pcmsn.training.run_folder import ExtractorRecord, RunFolder, RunRecord

SEMANTIC_DIM = 654  # word2vec + jcn of Sketchy
SEEN, VAL = 100, 12  # classes, much as in Sketchy's split


def main() -> None:
    """Print a table of epoch times, then one of memory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dims", type=int, nargs="+", default=[192, 512, 1280], help="lengths of a visual feature")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=40_000, help="for the memory figures, then twice as many")
    options = parser.parse_args()
    print(f"preset {options.preset}, 100 batches of 128 pairs, {torch.get_num_threads()} threads")
    print("| feature | s an epoch, median | of which matrix products | share |\n|---:|---:|---:|---:|")
    for dim in options.dims:
        print_times(dim, options.preset, options.repeats)
    print("\n| training pictures | 512-d features | peak memory |\n|---:|---:|---:|")
    for count in (options.pictures, 2 * options.pictures):
        print_memory(count, options.preset)


def print_times(dim: int, preset: str, repeats: int) -> None:
    """Epochs and their matrix products, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        run = make_run(dim, 6_000, build_config(preset=preset), Path(folder))
        model = run.model
        if not isinstance(model, PCMSN):
            sys.exit(f"preset {preset} has no floor here: the layers counted are PCMSN's; pass paper or released")
        run._epoch(1)
        epochs, products = [], []
        for repeat in range(repeats):
            products.append(100 * seconds_of_products(model, run.config.training.batch_size))
            start = time.perf_counter()
            run._epoch(repeat + 2)
            epochs.append(time.perf_counter() - start)
    epoch, floor = statistics.median(epochs), statistics.median(products)
    print(
        f"| {dim} | {epoch:.1f} ({min(epochs):.1f} to {max(epochs):.1f}) | {floor:.1f} | {floor / epoch:.2f} |",
        flush=True,
    )


def seconds_of_products(model: PCMSN, batch: int) -> float:
    """Time of one batch's matrix products, each layer as often as a step uses it."""
    uses = {
        "sketch_generator": 1,
        "photo_generator": 1,
        "sketch_reconstruction": 2,
        "photo_reconstruction": 2,
        "retrieval_decoder": 2,
        "discriminator": 5,
    }
    operands = []
    for name, times in uses.items():
        for layer in getattr(model, name).modules():
            if isinstance(layer, torch.nn.Linear):
                operands += times * [(torch.randn(batch, layer.in_features), layer.weight.detach().clone())]
    gradients = [torch.randn(batch, weight.shape[0]) for _, weight in operands]

    def once() -> None:
        for (values, weight), gradient in zip(operands, gradients, strict=True):
            torch.mm(values, weight.t())
            torch.mm(gradient, weight)
            torch.mm(gradient.t(), values)

    once()
    start = time.perf_counter()
    for _ in range(5):
        once()
    return (time.perf_counter() - start) / 5


def make_run(dim: int, pictures: int, config: RunConfig, folder: Path) -> TrainingRun:
    """A run on random features of length ``dim``, with ``pictures`` of each modality in training."""
    generator = np.random.default_rng(0)
    train, val = tables(dim, pictures, SEEN, generator), tables(dim, 600, VAL, generator)
    semantic = generator.normal(size=(SEEN, SEMANTIC_DIM)).astype(np.float32)
    data = TrainingData(train, val, semantic)
    extractor = ExtractorRecord(name="random", fingerprint="0" * 64, transform="0")
    names = [f"c{i}" for i in range(SEEN + VAL + 1)]
    record = RunRecord(
        dataset="random",
        split=Split("random", tuple(names[:SEEN]), tuple(names[SEEN:-1]), tuple(names[-1:])),
        dims=data.dims(),
        sketch_extractor=extractor,
        photo_extractor=extractor,
        semantic_sources=("random",),
        unreadable=0,
    )
    return TrainingRun(config, data, RunFolder(folder), record)


def tables(dim: int, count: int, classes: int, generator: np.random.Generator) -> FeatureTables:
    """Random features of ``count`` sketches and as many photos."""

    def table(modality: Modality) -> FeatureTable:
        labels = np.arange(count, dtype=np.int64) % classes
        names = tuple(f"{label}/{index}.jpg" for index, label in enumerate(labels))
        pictures = Pictures(modality, Path("/none"), names, labels, tuple(f"c{i}" for i in range(classes)))
        return FeatureTable.of_pictures(generator.standard_normal((count, dim), dtype=np.float32), pictures)

    return FeatureTables(table("sketch"), table("photo"))


def print_memory(count: int, preset: str) -> None:
    """Peak memory of a fresh process that trains two short epochs and fits the codes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        peak = pool.apply(peak_of_training, (count, preset))
    size = 2 * count * 512 * 4 / 2**20
    print(f"| 2 x {count} | {size:.0f} MiB | {peak:.0f} MiB |", flush=True)


def peak_of_training(count: int, preset: str) -> float:
    """Peak resident memory in MiB."""
    config = build_config(preset=preset)
    config = replace(config, training=replace(config.training, epochs=2, batches_per_epoch=10))
    with tempfile.TemporaryDirectory() as folder:
        make_run(512, count, config, Path(folder)).run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
