"""The packaged nouns are made from a distribution, always the same way, or the script says what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from pcmsn.semantics.wordnet import WordNet

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_wordnet.py"

DATA = """\
  1 This software and database is being provided to you, the LICENSEE
00000100 03 n 01 entity 0 001 ~ 00000200 n 0000 | that which is; "all"
00000200 14 n 02 Letter 0 letter 0 002 @ 00000100 n 0000 + 00692347 v 0101 | a mark | on paper
00000300 10 n 02 A 1 Letter_A 0 002 @i 00000200 n 0000 @ 00000100 n 0000 | the first letter
00000400 14 n 01 a 0 001 @ 00000100 n 0000 | a thing
"""
INDEX = """\
  1 This software and database is being provided to you, the LICENSEE
a n 2 1 @ 2 0 00000400 00000300
entity n 1 1 ~ 1 0 00000100
letter n 1 1 @ 1 0 00000200
letter_a n 1 1 @ 1 0 00000300
"""
COUNTS = """\
a%1:10:01:: 2 3
a%1:14:00:: 1 5
a%2:31:00:: 1 9
gone%1:14:00:: 1 2
letter%1:14:00:: 1 7
"""


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    for name, text in (("data.noun", DATA), ("index.noun", INDEX), ("cntlist.rev", COUNTS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def build(distribution: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--dict", str(distribution), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_is_read_back_with_words_senses_counts_parents_and_glosses(distribution: Path, tmp_path: Path) -> None:
    done = build(distribution, tmp_path / "nouns.npz")
    assert done.returncode == 0, done.stderr
    assert "1 of 4 noun sense keys in cntlist.rev name no sense" in done.stderr
    assert "4 synsets, 6 words" in done.stderr
    wordnet = WordNet(tmp_path / "nouns.npz")
    assert wordnet.names == ("entity.n.01", "letter.n.01", "a.n.02", "a.n.01")
    assert wordnet.counts.tolist() == [0, 7, 3, 5]
    assert [synset.name for synset in wordnet.senses("A")] == ["a.n.01", "a.n.02"]
    letter = wordnet.synset("letter.n.01")
    assert (letter.words, letter.word_counts, letter.gloss) == (("Letter", "letter"), (7, 0), "a mark | on paper")
    assert wordnet.parents("a.n.02") == ("letter.n.01", "entity.n.01")
    assert wordnet.instance_parents("a.n.02") == ("letter.n.01",)
    assert wordnet.height == wordnet.taxonomy.height == 2


def test_the_same_input_gives_the_same_bytes(distribution: Path, tmp_path: Path) -> None:
    for name in ("first.npz", "second.npz"):
        build(distribution, tmp_path / name)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_wrong_folder_or_a_damaged_file_stops_it(distribution: Path, tmp_path: Path) -> None:
    assert "expected the files of WordNet 3.0" in build(tmp_path / "nowhere", tmp_path / "nouns.npz").stderr
    (distribution / "data.noun").write_text(DATA.replace("0 001 ~", "0 002 ~"))
    done = build(distribution, tmp_path / "nouns.npz")
    assert done.returncode == 1
    assert "data.noun: synset 100 announces 002 pointers, has 4/4; expected the files" in done.stderr
    assert not (tmp_path / "nouns.npz").exists()
