"""The packaged nouns say what WordNet 3.0 says, and are found by any of their spellings."""

import os
from pathlib import Path

import numpy as np
import pytest

from pcmsn.errors import SemanticsError
from pcmsn.semantics.wordnet import PACKAGED_FILE, WordNet, open_wordnet

DISTRIBUTION = Path(os.environ.get("WNSEARCHDIR", "/usr/share/wordnet"))
WORDNET = open_wordnet()


def names(word: str) -> list[str]:
    return [synset.name for synset in WORDNET.senses(word)]


def test_it_holds_all_nouns_of_wordnet_3_0_below_one_root() -> None:
    assert len(WORDNET) == len(set(WORDNET.names)) == len(set(WORDNET.offsets.tolist())) == 82_115
    assert len(WORDNET.words()) == 117_798
    assert [name for name in WORDNET.names if not WORDNET.parents(name)] == ["entity.n.01"]


def test_a_synset_has_its_words_offset_counts_and_gloss() -> None:
    synset = WORDNET.synset("car.n.01")
    assert synset.offset == 2958343
    assert synset.words == ("car", "auto", "automobile", "machine", "motorcar")
    assert synset.word_counts == (71, 2, 15, 0, 1)
    assert synset.gloss.startswith(
        "a motor vehicle with four wheels; usually propelled by an internal combustion engine"
    )
    assert synset.count == 89 == WORDNET.counts[WORDNET.row("car.n.01")]


def test_a_synset_is_found_by_each_of_its_words_in_any_case() -> None:
    assert WORDNET.synset("automobile.n.01") == WORDNET.synset("CAR.n.01") == WORDNET.synset("car.n.1")
    assert WORDNET.canonical_name("automobile.n.01") == "car.n.01"
    assert ".22" in WORDNET.synset(".22.n.01").words


def test_senses_come_in_wordnets_order_and_are_named_by_their_first_word() -> None:
    assert names("crane")[:5] == ["crane.n.01", "crane.n.02", "grus.n.01", "crane.n.04", "crane.n.05"]
    assert names("mouse")[:2] == ["mouse.n.01", "shiner.n.01"]


@pytest.mark.parametrize("word", ["teddy_bear", "teddy bear", "Teddy-Bear", " TEDDY  bear "])
def test_spaces_underscores_hyphens_and_case_do_not_matter(word: str) -> None:
    assert names(word) == ["teddy.n.01"]


def test_a_phrase_is_found_when_wordnet_writes_it_with_hyphens_in_one_or_without_full_stops() -> None:
    assert names("jack_o_lantern") == names("jack-o-lantern")
    assert names("walkie_talkie") == names("walkie-talkie") != []
    assert names("eye_glasses") == names("eyeglasses") != []
    assert names("d.n.a.") == names("DNA") != []


@pytest.mark.parametrize("word", ["", "zzgrk", "runned away", "carrying"])
def test_a_word_that_is_no_noun_has_no_senses(word: str) -> None:
    assert WORDNET.senses(word) == ()


def test_parents_are_kinds_and_what_it_is_an_instance_of() -> None:
    assert set(WORDNET.parents("dog.n.01")) == {"canine.n.02", "domestic_animal.n.01"}
    assert WORDNET.instance_parents("dog.n.01") == ()
    assert WORDNET.parents("amazon.n.03") == WORDNET.instance_parents("amazon.n.03") == ("river.n.01",)
    assert WORDNET.parents("entity.n.01") == ()


def test_the_part_above_some_synsets_is_like_the_whole() -> None:
    part, whole = WORDNET.taxonomy_above(["dog.n.01", "amazon.n.03"]), WORDNET.taxonomy
    assert part.nodes == whole.nodes_of(["dog.n.01", "amazon.n.03"])
    assert part.height == whole.height == WORDNET.height == 19
    for node in part.nodes:
        assert part.parents(node) == whole.parents(node)
        assert (part.min_depth(node), part.max_depth(node)) == (whole.min_depth(node), whole.max_depth(node))
    assert WORDNET.taxonomy_above([]).nodes == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elefant.n.01", r"no noun 'elefant' for the synset 'elefant.n.01' \(did you mean 'elephant'"),
        ("crane.n.09", r"no synset 'crane.n.09'; the senses of 'crane' are 'crane.n.01', 'crane.n.02'"),
        ("crane.n.00", "no synset 'crane.n.00'"),
        ("run.v.01", r"'run.v.01' is not the name of a noun synset; expected word.n.number, for example 'bank.n.01'"),
        ("crane", "'crane' is not the name of a noun synset"),
        ("", "'' is not the name of a noun synset"),
    ],
)
def test_a_wrong_name_is_answered_with_what_is_near(name: str, message: str) -> None:
    for look_up in (WORDNET.synset, WORDNET.parents, WORDNET.canonical_name):
        with pytest.raises(SemanticsError, match=message):
            look_up(name)


def test_a_missing_or_damaged_file_is_an_error_that_says_how_to_make_it(tmp_path: Path) -> None:
    damaged = tmp_path / "nouns.npz"
    damaged.write_bytes(PACKAGED_FILE.read_bytes()[:1000])
    for path in (damaged, tmp_path / "missing.npz"):
        with pytest.raises(SemanticsError, match=r"cannot be read as WordNet's nouns .*scripts/build_wordnet.py"):
            WordNet(path)


def test_the_data_has_its_licence_beside_it_and_stays_below_4_megabytes() -> None:
    files = [path for path in PACKAGED_FILE.parent.iterdir() if path.is_file()]
    assert (
        "WordNet 3.0 Copyright 2006 by Princeton University"
        in (PACKAGED_FILE.parent / "LICENSE-WordNet.txt").read_text()
    )
    assert sum(path.stat().st_size for path in files) <= 4_000_000


@pytest.mark.skipif(
    not (DISTRIBUTION / "data.noun").is_file(), reason=f"no WordNet distribution in {DISTRIBUTION}; set WNSEARCHDIR"
)
def test_the_packaged_file_says_what_the_distribution_says() -> None:
    keys: dict[tuple[str, int], set[str]] = {}  # two cases of a word in one synset have one key or two
    for line in (DISTRIBUTION / "data.noun").read_text().splitlines():
        if line.startswith("  "):
            continue
        synset = WORDNET.synset(WORDNET.names[int(np.searchsorted(WORDNET.offsets, int(line[:8])))])
        count = int(line[14:16], 16)
        fields = line[17:].split(" | ", 1)[0].split()
        assert (synset.offset, synset.words) == (int(line[:8]), tuple(fields[: 2 * count : 2]))
        assert synset.gloss == line.split(" | ", 1)[1].strip()
        targets = [int(fields[i + 1]) for i, symbol in enumerate(fields) if symbol in ("@", "@i") and i > 2 * count]
        assert [WORDNET.offsets[WORDNET.row(parent)] for parent in WORDNET.parents(synset.name)] == targets
        for word, lex_id in zip(synset.words, fields[1 : 2 * count : 2], strict=True):
            key = f"{word.lower()}%1:{line[9:11]}:{int(lex_id, 16):02d}::"
            keys.setdefault((word.lower(), synset.offset), set()).add(key)
    tagged = dict(line.rsplit(" ", 2)[::2] for line in (DISTRIBUTION / "cntlist.rev").read_text().splitlines())
    lines = [line for line in (DISTRIBUTION / "index.noun").read_text().splitlines() if line[0] != " "]
    assert [line.split()[0] for line in lines] == sorted(WORDNET.words())
    for line in lines:
        fields = line.split()
        synsets = WORDNET.senses(fields[0])
        assert [synset.offset for synset in synsets] == [int(field) for field in fields[-int(fields[2]) :]]
        for synset in synsets:
            spelled = [i for i, word in enumerate(synset.words) if word.lower() == fields[0]]
            expected = sum(int(tagged.get(key, 0)) for key in keys[fields[0], synset.offset])
            assert sum(synset.word_counts[i] for i in spelled) == expected
