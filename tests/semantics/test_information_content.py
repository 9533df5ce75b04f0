"""Information content from SemCor's counts and from files, as NLTK reads them."""

import math
from pathlib import Path

import nltk.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.corpus.reader.wordnet import WordNetICCorpusReader

from pcmsn.errors import SemanticsError
from pcmsn.semantics.information_content import (
    UNCOUNTED,
    InformationContent,
    from_semcor_counts,
    read_information_content,
    with_descendants,
)
from pcmsn.semantics.taxonomy import Taxonomy
from pcmsn.semantics.wordnet import open_wordnet

WORDNET = open_wordnet()
HEADER = "wnver::eOS9lXC6GvMWznF1wkZofDdtbBU"


def test_a_count_reaches_the_top_of_a_diamond_once() -> None:
    diamond = Taxonomy({"bottom": ["left", "right"], "left": "top", "right": "top"})
    counts = with_descendants(diamond, {"bottom": 3.0, "left": 1.0})
    assert counts == {"bottom": 3, "left": 4, "right": 3, "top": 4}


@given(st.lists(st.tuples(st.sets(st.integers(0, 9), max_size=3), st.integers(0, 5)), min_size=1, max_size=10))
def test_a_node_counts_itself_and_everything_below_it(drawn: list[tuple[set[int], int]]) -> None:
    parents = {str(node): [str(above) for above in drawn[node][0] if above < node] for node in range(len(drawn))}
    own = {str(node): float(drawn[node][1]) for node in range(len(drawn))}
    taxonomy = Taxonomy(parents)
    expected = {
        node: sum(own[other] for other in own if node == other or node in taxonomy.ancestors(other)) for node in own
    }
    assert with_descendants(taxonomy, own) == expected


def test_semcor_counts_have_every_tagged_noun_at_the_root() -> None:
    content = from_semcor_counts(WORDNET, smoothing=0)
    assert content.total == WORDNET.counts.sum() == content.counts["entity.n.01"]
    assert content.of("entity.n.01") == 0
    assert content.source == "SemCor counts of WordNet 3.0"
    assert content.of("dog.n.01") == -math.log(content.counts["dog.n.01"] / content.total)
    assert content.of("hermit_crab.n.01") == UNCOUNTED
    assert 0 < content.of("object.n.01") < content.of("animal.n.01") < content.of("dog.n.01") < 15


def test_by_default_one_is_added_so_that_no_synset_is_uncounted() -> None:
    content = from_semcor_counts(WORDNET)
    assert content.total == WORDNET.counts.sum() + len(WORDNET)
    assert content.counts["hermit_crab.n.01"] == 1
    assert content.source == "SemCor counts of WordNet 3.0, 1 added to each synset"
    assert all(content.of(name) < 20 for name in WORDNET.names)


def test_counts_without_anything_met_are_refused() -> None:
    with pytest.raises(SemanticsError, match="the count of everything is 0.0, expected a number above 0"):
        InformationContent({}, total=0.0, source="an empty corpus")


def pedersen_file(folder: Path) -> Path:
    """All of SemCor's counts, with verbs, a synset at 0 and a root listed twice as real files may have them."""
    content = from_semcor_counts(WORDNET, smoothing=0.25)
    lines = [HEADER]
    for row, name in enumerate(WORDNET.names):
        mark = " ROOT" if name == "entity.n.01" else ""
        count = 0 if row % 7 == 3 else content.counts[name]
        lines.append(f"{WORDNET.offsets[row]}n {count}{mark}")
    lines += ["1740v 1915712 ROOT", "2325v 12.5"]
    path = folder / "ic-test.dat"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_gives_what_nltk_reads_from_it(tmp_path: Path) -> None:
    path = pedersen_file(tmp_path)
    nltk.data.path.append(str(tmp_path))
    theirs = WordNetICCorpusReader(str(tmp_path), [path.name]).ic(path.name)["n"]
    ours = read_information_content(path)
    assert ours.source == "ic-test.dat"
    assert ours.total == theirs[0]
    for name, offset in zip(WORDNET.names, WORDNET.offsets.tolist(), strict=True):
        assert ours.counts[name] == theirs[offset]
        expected = 1e300 if theirs[offset] == 0 else -math.log(theirs[offset] / theirs[0])
        assert ours.of(name) == expected


def test_the_counts_of_several_roots_are_summed(tmp_path: Path) -> None:
    path = tmp_path / "two.dat"
    path.write_text(f"{HEADER}\n1740n 6 ROOT\n1930n 2 ROOT\n2137n 4\n")
    content = read_information_content(path)
    assert content.total == 8
    assert content.of("abstraction.n.06") == math.log(2)
    assert content.of("dog.n.01") == UNCOUNTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "begins with ''; expected a file of WordNet::Similarity such as ic-semcor.dat, whose first line is wnver::",
        ),
        ("1740n 5 ROOT\n", "begins with '1740n 5 ROOT'; expected a file"),
        (f"{HEADER}\n1740v 5 ROOT\n", "has no counts of nouns; expected lines such as"),
        (f"{HEADER}\n", "has no counts of nouns"),
        (f"{HEADER}\n1740n 5\n", "no noun with ROOT behind its count"),
        (
            f"{HEADER}\n1740n 5 ROOT\n1741n 2\n",
            "line 3: WordNet 3.0 has no noun synset at offset 1741; .*another version",
        ),
        (f"{HEADER}\n1740n 5 ROOT\n1930n\n", "line 3: got '1930n', expected an offset with n or v, a count >= 0"),
        (f"{HEADER}\n1740n 5 ROOT\n1930n x\n", "line 3: got '1930n x'"),
        (f"{HEADER}\n1740n 5 ROOT\n1930 4\n", "line 3: got '1930 4'"),
        (f"{HEADER}\n1740n 5 ROOT\n1930n -4\n", "line 3: got '1930n -4'"),
        (f"{HEADER}\n1740n nan ROOT\n", "line 2: got '1740n nan ROOT'"),
        (f"{HEADER}\n1740n 5 TOP\n", "line 2: got '1740n 5 TOP'"),
        (f"{HEADER}\n\n1740n 5 ROOT\n", "line 2: got ''"),
    ],
)
def test_a_wrong_or_damaged_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ic.dat"
    path.write_text(text)
    with pytest.raises(SemanticsError, match=message):
        read_information_content(path)


def test_a_missing_or_binary_file_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "binary.dat").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.dat", "binary.dat"):
        with pytest.raises(SemanticsError, match="cannot be read as information content: .*expected a file of WordNet"):
            read_information_content(tmp_path / name)
