r"""The streaming evaluation against the published approach, on random embeddings clustered by class.

The published approach is that of SEM-PCYC's and PCMSN's code, written here with SciPy and scikit-learn: the whole
float64 distance matrix, exp(-d) as similarity, a full sort of it for each of the four scores, one
average_precision_score call a query over as many joblib workers as there are cores, and set intersections for
precision. Lean is the same with one sort for all four. The other two families are a sort and a plain walk down each
list. Ours gives all families' scores at once.

Rounds are interleaved, so that other load on the machine meets all, and medians are printed. In the rounds the
published approaches answer a part of the queries and their times are scaled, all their steps being one query after
another; ``--full`` runs the published one once on all queries, too. Every query's scores are compared.

    python benchmarks/evaluation.py
    python benchmarks/evaluation.py --full --rounds 1
    python benchmarks/evaluation.py --size quickdraw
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.families import FAMILIES
from pcmsn.evaluation.scoring import SCORE_NAMES, Scores, score_code_families, score_families

SIZES = {"tu-berlin": (2400, 27_989), "quickdraw": (92_291, 54_151), "small": (240, 3000)}
CLASSES, DIMENSION = 30, 64
SORT_ORDER = {"sake": "cosine", "zse": "euclidean"}

Task = Callable[[], object]
Arrays = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]


def main() -> None:
    """Run what the options say and print it."""
    options = parse_options()
    if options.memory:
        print_large(options.size, options.memory)
    elif options.size == "quickdraw":
        for what in ("sem-pcyc", "all", "codes"):
            subprocess.run([sys.executable, __file__, "--size", options.size, "--memory", what], check=True)
    else:
        compare(options)


def embeddings(size: str) -> Arrays:
    """Sketches and photos around class centres, about as mixed as a trained model's unseen classes."""
    queries, gallery = SIZES[size]
    random = np.random.default_rng(0)
    centres = 0.35 * random.normal(size=(CLASSES, DIMENSION))
    sketch_label = np.sort(np.arange(queries) % CLASSES)
    photo_label = random.integers(0, CLASSES, gallery)
    sketch, photo = (
        (centres[label] + random.normal(size=(len(label), DIMENSION))).astype(np.float32)
        for label in (sketch_label, photo_label)
    )
    return sketch, sketch_label, photo, photo_label


def ours(arrays: Arrays) -> dict[str, Scores]:
    """Every family's scores of the embeddings."""
    return score_families(*arrays)


def our_codes(arrays: Arrays) -> dict[str, Scores]:
    """Every family's scores of 64-bit codes, the signs of the embeddings."""
    sketch, sketch_label, photo, photo_label = arrays
    return score_code_families(sketch > 0, sketch_label, photo > 0, photo_label)


def published(arrays: Arrays, jobs: int, *, lean: bool = False) -> NDArray[np.float64]:
    """(4, Q) the scores of sem-pcyc as its code computes them; lean: the four share one sort."""
    from scipy.spatial.distance import cdist

    sketch, sketch_label, photo, photo_label = arrays
    similarity = np.exp(-cdist(sketch, photo))
    same = (sketch_label[:, None] == photo_label[None]).astype(np.int64)
    order = np.argsort(-similarity, axis=1)

    def sort_again() -> NDArray[np.int64]:
        return order if lean else np.argsort(-similarity, axis=1)

    return np.stack(
        [
            published_average_precision(similarity, same, order, None, jobs),
            published_average_precision(similarity, same, sort_again(), 200, jobs),
            published_precision(same, sort_again(), 100),
            published_precision(same, sort_again(), 200),
        ]
    )


def published_average_precision(
    similarity: NDArray[np.float64], same: NDArray[np.int64], order: NDArray[np.int64], k: int | None, jobs: int
) -> NDArray[np.float64]:
    """(Q,) one scikit-learn call a query on its list, cut at k."""
    from joblib import Parallel, delayed
    from sklearn.metrics import average_precision_score

    cut = order[:, :k]
    relevance, values = np.take_along_axis(same, cut, axis=1), np.take_along_axis(similarity, cut, axis=1)
    found = np.zeros(len(same))
    answered = np.flatnonzero(relevance.any(axis=1))
    calls = (delayed(average_precision_score)(relevance[query], values[query]) for query in answered)
    found[answered] = Parallel(n_jobs=jobs)(calls)
    return found


def published_precision(same: NDArray[np.int64], order: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """(Q,) the share of the first k that are among the relevant ones, as sets."""
    relevant = [set(np.flatnonzero(row)) for row in same]
    return np.array([len(set(row[:k]) & right) / min(k, len(row)) for row, right in zip(order, relevant, strict=True)])


def published_sort_order(arrays: Arrays, family: str) -> NDArray[np.float64]:
    """(4, Q) the scores of SAKE's or ZSE-SBIR's kind: a sorted list, then the interpolated AP of each query."""
    from scipy.spatial.distance import cdist

    sketch, sketch_label, photo, photo_label = arrays
    order = np.argsort(cdist(sketch, photo, SORT_ORDER[family]), axis=1)
    found = np.zeros((4, len(sketch)))
    for query, row in enumerate(order):
        relevance = photo_label[row] == sketch_label[query]
        count = int(relevance.sum())
        for place, k in enumerate((len(row), 200)):
            hits = np.flatnonzero(relevance[:k])
            raised = np.maximum.accumulate(((np.arange(len(hits)) + 1) / (hits + 1))[::-1])
            found[place, query] = raised.sum() / min(k, count)
        for place, k in enumerate((100, 200), start=2):
            depth = min(k, count) if family == "zse" else k
            found[place, query] = relevance[:depth].mean()
    return found


def compare(options: argparse.Namespace) -> None:
    """Print the times of all approaches and the largest difference of any score of any query."""
    arrays = embeddings(options.size)
    step = max(1, len(arrays[0]) // options.published_queries)
    part = (arrays[0][::step], arrays[1][::step], *arrays[2:])
    scale = len(arrays[0]) / len(part[0])
    tasks: dict[str, tuple[Task, float]] = {
        "ours, real-valued, all families": (lambda: ours(arrays), 1),
        "ours, real-valued, sem-pcyc alone": (lambda: score_families(*arrays, families=[FAMILIES["sem-pcyc"]]), 1),
        "ours, 64-bit codes, all families": (lambda: our_codes(arrays), 1),
        "published, sem-pcyc alone": (lambda: published(part, options.jobs), scale),
        "published, sem-pcyc alone, lean": (lambda: published(part, options.jobs, lean=True), scale),
        "published, sake and zse": (lambda: [published_sort_order(part, family) for family in SORT_ORDER], scale),
    }
    warm_up(arrays, options.jobs)
    taken = timed_in_rounds(tasks, options.rounds)
    if options.full:
        wall, processor, values = timed(lambda: published(arrays, options.jobs))
        taken["published, sem-pcyc alone, all queries at once"] = [(wall, processor)]
    print(f"{len(arrays[0])} queries, {len(arrays[2])} photos, {CLASSES} classes, {os.cpu_count()} cores")
    print(f"published approaches on {len(part[0])} queries, scaled; {options.rounds} rounds, medians")
    print(f"joblib workers: {options.jobs}; processor seconds leave out those of more than one\n")
    print_times(taken)
    print(f"\nlargest difference of any score of any query: {largest_difference(arrays, part, step):.1e}")
    if options.full:
        print(f"the same, all queries: {np.abs(values - ours(arrays)['sem-pcyc'].values).max():.1e}")


def timed_in_rounds(tasks: dict[str, tuple[Task, float]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(seconds, processor seconds) of each round of each task, times its factor; every second round runs backwards."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    for turn in range(rounds):
        for name in tasks if turn % 2 == 0 else reversed(tasks):
            task, factor = tasks[name]
            wall, processor, _ = timed(task)
            taken[name].append((factor * wall, factor * processor))
    return taken


def print_times(taken: dict[str, list[tuple[float, float]]]) -> None:
    """A table of medians beside those of the first task, which is ours."""
    print("| | seconds | times ours | processor seconds | times ours |\n|---|---:|---:|---:|---:|")
    medians = {
        name: [statistics.median(column) for column in zip(*found, strict=True)] for name, found in taken.items()
    }
    own = next(iter(medians.values()))
    for name, found in medians.items():
        cells = [f"{value:.2f} | {value / unit:.1f}" for value, unit in zip(found, own, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")


def warm_up(arrays: Arrays, jobs: int) -> None:
    """Import what is imported late and start joblib's workers, so that no round pays for it."""
    few = (arrays[0][:20], arrays[1][:20], *arrays[2:])
    ours(few)
    our_codes(few)
    published(few, jobs)


def largest_difference(arrays: Arrays, part: Arrays, step: int) -> float:
    """The largest difference over all families and the queries that the published approaches answered."""
    found = ours(arrays)
    expected = {"sem-pcyc": published(part, 1), **{family: published_sort_order(part, family) for family in SORT_ORDER}}
    return max(float(np.abs(found[name].values[:, ::step] - values).max()) for name, values in expected.items())


def print_large(size: str, what: str) -> None:
    """Print time, peak memory and scores of one evaluation; memory counts from the start of the process."""
    arrays = embeddings(size)
    before = peak_mib()
    if what == "codes":
        taken, processor, scores = timed(lambda: our_codes(arrays))
    else:
        families = list(FAMILIES.values()) if what == "all" else [FAMILIES[what]]
        taken, processor, scores = timed(lambda: score_families(*arrays, families=families))
    print(
        f"{size}, {'64-bit codes, all families' if what == 'codes' else f'real-valued, {what}'}: {taken:.1f} s "
        f"({processor:.1f} processor seconds), peak memory {peak_mib():.0f} MiB ({before:.0f} MiB before it)"
    )
    for name, values in scores.items():
        print(f"    {name}: " + ", ".join(f"{key} {values.to_dict()[key]:.4f}" for key in SCORE_NAMES))


def peak_mib() -> float:
    """Largest memory that this process had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def timed(task: Task) -> tuple[float, float, object]:
    """Seconds that the task took, processor seconds of this process, and what the task gave."""
    wall, processor = time.perf_counter(), time.process_time()
    result = task()
    return time.perf_counter() - wall, time.process_time() - processor, result


def parse_options() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="tu-berlin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--published-queries", type=int, default=240, help="queries in each round")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="joblib workers of the published approach")
    parser.add_argument("--full", action="store_true", help="also the published approach once on all queries")
    parser.add_argument("--memory", metavar="FAMILY", help="only one evaluation, with its peak memory")
    return parser.parse_args()


if __name__ == "__main__":
    main()
