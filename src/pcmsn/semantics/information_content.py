"""Information content: how surprising it is to meet a synset or anything below it (Resnik, IJCAI 1995).

IC(s) = -ln(count(s) / count of everything), where a synset's count takes in all synsets below it. Counts come from
WordNet's own SemCor file, or from a file in the format of Pedersen's WordNet::Similarity (``ic-brown.dat``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pcmsn.errors import SemanticsError
from pcmsn.files import read_text
from pcmsn.semantics.taxonomy import Taxonomy
from pcmsn.semantics.wordnet import WordNet, open_wordnet

UNCOUNTED = 1e300
"""The information content of what was never met: finite, as in NLTK, so that the difference of two is 0, not NaN."""

VERSION_MARK = "wnver::"
"""What the first line of a file of WordNet::Similarity begins with."""

_EXPECTED = (
    f"expected a file of WordNet::Similarity such as ic-semcor.dat, whose first line is {VERSION_MARK} and a hash"
)


@dataclass(frozen=True, eq=False)
class InformationContent:
    """The information content of synsets, from how often they are met."""

    counts: Mapping[str, float]
    """Synset name to count, all synsets below it included; a synset that is not listed was never met."""
    total: float
    """The count of everything: of the root, or of all roots together."""
    source: str
    """What was counted, as shown in tables and kept in files, for example ``SemCor counts of WordNet 3.0``."""

    def __post_init__(self) -> None:
        if not (self.total > 0 and math.isfinite(self.total)):
            raise SemanticsError(
                f"{self.source}: the count of everything is {self.total}, expected a number above 0; "
                "information content needs at least one synset that was met"
            )

    def of(self, node: str) -> float:
        """-ln of the synset's share of the total, in nats: 0 for the root, ``UNCOUNTED`` for one never met."""
        count = self.counts.get(node, 0.0)
        return 0.0 - math.log(count / self.total) if count else UNCOUNTED


def from_semcor_counts(wordnet: WordNet | None = None, *, smoothing: float = 1.0) -> InformationContent:
    """The information content from the SemCor counts that come with WordNet 3.0, each added once to every ancestor.

    ``smoothing`` is added to each synset's own count beforehand. By default that is 1, as in WordNet::Similarity's
    ``-add1`` files: SemCor has no tag for 37 of Sketchy's 125 classes, which without it would be like nothing at all.
    """
    wordnet = open_wordnet() if wordnet is None else wordnet
    own = {name: count + smoothing for name, count in zip(wordnet.names, wordnet.counts.tolist(), strict=True)}
    counts = with_descendants(wordnet.taxonomy, own)
    total = sum(count for name, count in counts.items() if not wordnet.taxonomy.parents(name))
    added = f", {smoothing:g} added to each synset" if smoothing else ""
    return InformationContent(counts, total, f"SemCor counts of WordNet 3.0{added}")


def with_descendants(taxonomy: Taxonomy, own_counts: Mapping[str, float]) -> dict[str, float]:
    """Each node's own count plus those of all nodes below it, each once however many ways lead up.

    As long as there is one way up, sums are handed from node to parent. Where the ways part, the sum goes to every node
    above at once and is handed on by none of them.
    """
    handed_on = {node: own_counts.get(node, 0.0) for node in taxonomy.nodes}
    from_partings = dict.fromkeys(handed_on, 0.0)
    for node in sorted(handed_on, key=taxonomy.max_depth, reverse=True):  # children before parents
        above = taxonomy.parents(node)
        if len(above) == 1:
            handed_on[above[0]] += handed_on[node]
        else:
            for ancestor in taxonomy.ancestors(node):
                from_partings[ancestor] += handed_on[node]
    return {node: count + from_partings[node] for node, count in handed_on.items()}


def read_information_content(path: Path, *, wordnet: WordNet | None = None) -> InformationContent:
    """The nouns' information content from a file in the format of WordNet::Similarity, used exactly as NLTK does.

    The first line is ``wnver::`` with a hash, the others are ``<offset>n <count>``, with ``ROOT`` behind a root's
    count; verbs (``v``) are passed over. Raises SemanticsError for another format, a file without nouns or without
    their root, and for offsets that are not WordNet 3.0's.
    """
    wordnet = open_wordnet() if wordnet is None else wordnet
    name_at = dict(zip(wordnet.offsets.tolist(), wordnet.names, strict=True))
    counts: dict[str, float] = {}
    total = 0.0
    for number, line in _noun_lines(path):
        offset, count, is_root = _parse(path, number, line)
        if offset not in name_at:
            raise SemanticsError(
                f"{path}, line {number}: WordNet 3.0 has no noun synset at offset {offset}; the file was made for "
                "another version of WordNet, use the one for 3.0"
            )
        total += count if is_root else 0.0
        counts[name_at[offset]] = count
    if not counts:
        raise SemanticsError(f"{path} has no counts of nouns; expected lines such as '1740n 1915712 ROOT'")
    if not total:
        raise SemanticsError(f"{path} has no noun with ROOT behind its count; take a complete file")
    return InformationContent(counts, total, path.name)


def _noun_lines(path: Path) -> list[tuple[int, str]]:
    """The numbered lines that count nouns; the first line must say that this is such a file."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SemanticsError(f"{path} cannot be read as information content: {error}; {_EXPECTED}") from error
    first = lines[0] if lines else ""
    if not first.startswith(VERSION_MARK):
        raise SemanticsError(f"{path} begins with {first[:40]!r}; {_EXPECTED}")
    return [(number, line) for number, line in enumerate(lines[1:], start=2) if not line.split(" ")[0].endswith("v")]


def _parse(path: Path, number: int, line: str) -> tuple[int, float, bool]:
    """Offset, count and whether it is a root's, of one line."""
    fields = line.split()
    try:
        offset, count, mark = int(fields[0].removesuffix("n")), float(fields[1]), fields[2:]
    except (ValueError, IndexError):
        offset, count, mark = 0, math.nan, []
    if not (fields and fields[0].endswith("n") and 0 <= count < math.inf and mark in ([], ["ROOT"])):
        raise SemanticsError(
            f"{path}, line {number}: got {line[:60]!r}, expected an offset with n or v, a count >= 0 and at most ROOT; "
            "the file is damaged, take it again from where it came"
        )
    return offset, count, mark == ["ROOT"]
