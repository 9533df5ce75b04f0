"""WordNet's side information, measured: agreement with NLTK and with the published vectors, time and size.

    python benchmarks/semantics.py --published ../shared/semantics --wordnet-dict /usr/share/wordnet

The published files are ``<data set>/hieremb-<measure>.npy``; without them their tables are left out. Without a WordNet
distribution NLTK reads database files written from the packaged nouns.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pcmsn.data.splits import published_split
from pcmsn.errors import SemanticsError
from pcmsn.semantics.class_synsets import class_synsets, packaged_overrides
from pcmsn.semantics.hierarchy import MEASURES, WITH_INFORMATION_CONTENT, hierarchical_vectors
from pcmsn.semantics.information_content import InformationContent, from_semcor_counts
from pcmsn.semantics.similarity import jcn_similarity, lch_similarity, lin_similarity, wup_similarity
from pcmsn.semantics.unpickling import read_pickled_npy
from pcmsn.semantics.wordnet import PACKAGED_FILE, open_wordnet

ROOT = Path(__file__).parents[1]
DATASETS = ("Sketchy", "TU-Berlin")
LEXICOGRAPHER_FILES = 45
BROWN_COUNTS = {"entity.n.01": 1_915_712, "physical_entity.n.01": 859_272, "abstraction.n.06": 1_055_337}
"""The first lines of ``ic-brown.dat``, as the documentation of the Python package wn quotes them."""

Vectors = NDArray[np.float64]


def main() -> None:
    """Print the four parts as tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, default=ROOT.parent / "shared" / "semantics")
    parser.add_argument("--wordnet-dict", type=Path, help="folder of a WordNet 3.0 distribution, for NLTK")
    parser.add_argument("--pairs", type=int, default=2000, help="random synset pairs to compare with NLTK")
    parser.add_argument("--repeat", type=int, default=5, help="processes to time for each measure")
    options = parser.parse_args()
    print_agreement_with_nltk(options.wordnet_dict, options.pairs)
    if options.published.is_dir():
        print_agreement_of_path(options.published)
        print_agreement_of_jcn(options.published)
    else:
        print(f"\nNo published vectors in {options.published}: their comparison is left out.")
    print_time_and_size(options.repeat)


def print_agreement_with_nltk(wordnet_dict: Path | None, count: int) -> None:
    """Print the largest difference of each measure from NLTK's over random pairs."""
    wordnet = open_wordnet()
    names = np.array(wordnet.names)
    pairs = np.random.default_rng(0).choice(names, (count, 2)).tolist()
    taxonomy = wordnet.taxonomy_above(name for pair in pairs for name in pair)
    content = from_semcor_counts(wordnet, smoothing=1)  # each pair has a value of its own
    ours: dict[str, Callable[[str, str], float]] = {
        "path": taxonomy.path_similarity,
        "wup": lambda a, b: wup_similarity(taxonomy, a, b),
        "lch": lambda a, b: lch_similarity(taxonomy, a, b),
        "jcn": lambda a, b: jcn_similarity(taxonomy, content, a, b),
        "lin": lambda a, b: lin_similarity(taxonomy, content, a, b),
    }
    with tempfile.TemporaryDirectory() as folder:
        reader, source = open_nltk(wordnet_dict, Path(folder), [name for pair in pairs for name in pair])
        given = nltk_information_content(content)
        print(f"Agreement with NLTK, {count} random pairs of nouns, NLTK reading {source}\n")
        print("| measure | largest absolute difference |\n|---|---:|")
        for measure in MEASURES:
            more = (given,) if measure in WITH_INFORMATION_CONTENT else ()
            theirs = getattr(reader, f"{measure}_similarity")
            differences = [
                abs(ours[measure](a, b) - theirs(reader.synset(a), reader.synset(b), *more)) for a, b in pairs
            ]
            print(f"| {measure} | {max(differences):.1e} |")


def open_nltk(wordnet_dict: Path | None, folder: Path, names: list[str]) -> tuple[object, str]:
    """NLTK's reader of the distribution, or of files written from the packaged nouns, and what it reads."""
    sys.path.insert(0, str(ROOT / "tests" / "semantics"))
    from wordnet_database import nltk_reader, write_database

    if wordnet_dict is None:
        deepest = max(open_wordnet().names, key=open_wordnet().taxonomy.max_depth)  # lch depends on it
        write_database(open_wordnet(), [*names, deepest], folder)
        return nltk_reader(folder), "files written from the packaged nouns"
    shutil.copytree(wordnet_dict, folder, dirs_exist_ok=True)
    if not (folder / "lexnames").exists():  # Debian leaves it out; the measures do not need the names
        (folder / "lexnames").write_text("".join(f"{i:02d}\tfile.{i}\t1\n" for i in range(LEXICOGRAPHER_FILES)))
    (folder / "index.sense").touch()
    return nltk_reader(folder), str(wordnet_dict)


def nltk_information_content(content: InformationContent) -> dict[str, dict[int, float]]:
    """The counts in NLTK's form: by offset, the total under 0."""
    wordnet = open_wordnet()
    by_offset = {int(wordnet.offsets[wordnet.row(name)]): count for name, count in content.counts.items()}
    return {"n": {**by_offset, 0: content.total}}


def print_agreement_of_path(published: Path) -> None:
    """Print how many of the published path columns are among ours."""
    print("\nPath vectors and the published ones, columns in any order\n")
    print("| data set | synsets | published columns | found among ours | ours | ours that are not published |")
    print("|---|---|---:|---:|---:|---:|")
    for dataset in DATASETS:
        theirs_by_name = published_vectors(published, dataset, "path")
        for source, synsets in sources_of_synsets(published, dataset, list(theirs_by_name)):
            theirs = np.stack([theirs_by_name[name] for name in synsets])
            ours = hierarchical_vectors(synsets, "path").vectors
            found = matched_columns(theirs, ours)
            print(f"| {dataset} | {source} | {theirs.shape[1]} | {found} | {ours.shape[1]} | {ours.shape[1] - found} |")


def sources_of_synsets(published: Path, dataset: str, classes: list[str]) -> list[tuple[str, Mapping[str, str]]]:
    """The packaged overrides' synsets where the package has them, and those recovered from the published vectors."""
    recovered = json.loads((published / f"synsets_{dataset}.json").read_text())
    return [
        ("packaged", packaged_synsets(dataset, classes)),
        ("recovered", {name: recovered[name] for name in classes}),
    ]


def packaged_synsets(dataset: str, classes: list[str]) -> Mapping[str, str]:
    """Class name to synset name with the overrides that the package has for a benchmark."""
    return class_synsets(classes, overrides=packaged_overrides(dataset))


def published_vectors(published: Path, dataset: str, measure: str) -> dict[str, Vectors]:
    """Class name to vector of a published file, in 64 bits as it is stored."""
    content = read_pickled_npy(published / dataset / f"hieremb-{measure}.npy")
    if not isinstance(content, dict):
        raise SemanticsError(f"{dataset}: hieremb-{measure}.npy holds a {type(content).__name__}, expected a dict")
    return {name: np.asarray(vector, dtype=np.float64) for name, vector in content.items()}


def matched_columns(theirs: Vectors, ours: Vectors, tolerance: float = 1e-6) -> int:
    """The most columns that can be paired so that no element differs by more than the tolerance."""
    different = [[np.abs(theirs[:, i] - column).max() > tolerance for column in ours.T] for i in range(theirs.shape[1])]
    rows, columns = linear_sum_assignment(different)
    return int(np.sum(~np.array(different)[rows, columns]))


def print_agreement_of_jcn(published: Path) -> None:
    """Print how vectors with SemCor counts correlate with the published jcn, and what counts that file shows."""
    by_name = published_vectors(published, "Sketchy", "jcn")
    theirs = np.stack(list(by_name.values()))
    synsets = packaged_synsets("Sketchy", list(by_name))
    smoothed = hierarchical_vectors(synsets, "jcn", information_content=from_semcor_counts(smoothing=1))
    columns = nearest_columns(smoothed.vectors, theirs)
    print(
        "\nSketchy: correlation of our columns with the published jcn columns nearest to them, over the 125 classes\n"
    )
    print("| ours | added to each count | median | 10th percentile | smallest |\n|---|---:|---:|---:|---:|")
    for measure in WITH_INFORMATION_CONTENT:
        for smoothing in (0.0, 1.0):
            content = from_semcor_counts(smoothing=smoothing)
            ours = hierarchical_vectors(synsets, measure, information_content=content).vectors
            values = correlations(ours, theirs[:, columns])
            low, median = np.percentile(values, [10, 50])
            print(f"| {measure} | {smoothing:g} | {median:.4f} | {low:.3f} | {values.min():.3f} |")
    print_counts_behind_published_jcn(theirs, dict(zip(smoothed.nodes, columns.tolist(), strict=True)))


def nearest_columns(ours: Vectors, theirs: Vectors) -> NDArray[np.int64]:
    """(S,) the published column for each of ours: the pairing of least total distance, each distance cut at 0.3."""
    distances = np.stack([np.minimum(np.abs(theirs - column[:, None]), 0.3).mean(axis=0) for column in ours.T])
    return linear_sum_assignment(distances)[1]


def correlations(a: Vectors, b: Vectors) -> Vectors:
    """Correlation of each column of ``a`` with the same column of ``b``, both (C, S); constant columns are left out."""
    varied = (a.std(axis=0) > 0) & (b.std(axis=0) > 0)
    scaled = [(x - x.mean(axis=0)) / x.std(axis=0) for x in (a[:, varied], b[:, varied])]
    return (scaled[0] * scaled[1]).mean(axis=0)


def print_counts_behind_published_jcn(theirs: Vectors, pairing: Mapping[str, int]) -> None:
    """Print what the published values say about their counts: largest value, classes never met, the topmost nodes.

    For a class c below physical_entity p alone and the node a = abstraction, 1/jcn(c, p) = IC(c) - IC(p) and
    1/jcn(c, a) = IC(c) + IC(a); the difference is IC(a) + IC(p) for every such class.
    """
    never_met = int(np.sum((theirs < 1e-200).mean(axis=1) > 0.9))
    physical, abstract = (theirs[:, pairing[name]] for name in ("physical_entity.n.01", "abstraction.n.06"))
    met = physical > 1e-200
    sums = 1 / abstract[met] - 1 / physical[met]
    total, *parts = BROWN_COUNTS.values()
    brown = sum(np.log(total / part) for part in parts)
    print(
        f"\nThe published jcn file: largest value {theirs.max():g}; {never_met} classes were never met (no smoothing);"
    )
    print(f"IC(abstraction) + IC(physical entity) = {np.median(sums):.6f}, in ic-brown.dat {brown:.6f}.")


def print_time_and_size(repeat: int) -> None:
    """Print the seconds of whole processes that build Sketchy's vectors, and the size of the packaged nouns."""
    split = published_split("Sketchy", "sem-pcyc")
    synsets = packaged_synsets("Sketchy", [*split.train, *split.val, *split.test])
    print(f"\nWhole processes for Sketchy's vectors: Python, imports, WordNet, vectors; median of {repeat}\n")
    print("| measure | seconds |\n|---|---:|")
    for measure in MEASURES:
        print(f"| {measure} | {statistics.median(seconds_of_a_process(synsets, measure) for _ in range(repeat)):.2f} |")
    size = sum(path.stat().st_size for path in PACKAGED_FILE.parent.iterdir())
    print(f"\nWordNet's nouns in the package, licence included: {size / 1e6:.2f} MB")


def seconds_of_a_process(synsets: Mapping[str, str], measure: str) -> float:
    """Wall time of a Python process that builds the vectors of one measure."""
    code = (
        "import json, sys; from pcmsn.semantics.hierarchy import hierarchical_vectors; "
        "hierarchical_vectors(json.loads(sys.argv[1]), sys.argv[2])"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, json.dumps(dict(synsets)), measure], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
