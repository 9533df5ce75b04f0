"""Class names become entries of word vectors by one rule, which the published class vectors follow."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError
from pcmsn.semantics.phrases import (
    PUBLISHED_SPELLINGS,
    check_spellings,
    class_vectors_from_words,
    entries_to_read,
    read_spellings,
    word_class_vectors,
    words_of,
)
from pcmsn.semantics.unpickling import read_pickled_npy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pipe_(for_smoking)", ("pipe", "for", "smoking")),
        ("hot-air_balloon", ("hot", "air", "balloon")),
        ("car (sedan)", ("car", "sedan")),
        ("cup", ("cup",)),
        ("_", ()),
    ],
)
def test_brackets_and_dividers_are_dropped_their_words_are_not(text: str, expected: tuple[str, ...]) -> None:
    assert words_of(text) == expected


def table(**rows: list[float]) -> dict[str, NDArray[np.float32]]:
    return {word: np.array(values, dtype=np.float32) for word, values in rows.items()}


def test_a_phrase_is_its_own_entry_before_it_is_the_mean_of_its_words() -> None:
    vectors = table(alarm=[2, 0], clock=[4, 0], alarm_clock=[9, 9], bear=[1, 1], animal=[3, 3])
    found = class_vectors_from_words(["alarm_clock", "alarm clock", "clock_alarm", "bear_(animal)"], vectors)
    assert found.values.tolist() == [[9, 9], [9, 9], [3, 0], [2, 2]]
    assert found.values.dtype == np.float32
    assert found.entries["alarm clock"] == ("alarm_clock",)
    assert found.entries["bear_(animal)"] == ("bear", "animal")


def test_case_is_tried_as_given_then_lower_then_capital() -> None:
    vectors = table(iPod=[1], ipod=[2], Ipod=[3], Santa_Claus=[4], lower=[5], Capital=[6])
    found = class_vectors_from_words(["iPod", "IPOD", "santa_claus", "Lower", "capital"], vectors)
    assert found.values.ravel().tolist() == [1, 2, 4, 5, 6]


def test_everything_that_may_be_looked_up_is_asked_of_the_file() -> None:
    assert entries_to_read(["bear_(Animal)"]) == {
        "bear_Animal", "bear_animal", "Bear_Animal", "bear", "Bear", "Animal", "animal",
    }  # fmt: skip


def test_a_spelling_says_what_to_look_up_instead() -> None:
    vectors = table(trombone=[1], hot=[2], dog=[4])
    found = class_vectors_from_words(
        ["tromobone", "sausage"], vectors, spellings={"tromobone": "trombone", "sausage": "hot dog", "other": "x"}
    )
    assert found.values.tolist() == [[1], [3]]
    with pytest.raises(SemanticsError, match="a spelling for 'trombon', not one of the 1 classes .did you mean"):
        check_spellings({"trombon": "trombone"}, ["tromobone"])


def test_every_missing_class_and_word_is_named_with_near_misses(tmp_path: Path) -> None:
    words = ("the", "trombone", "Trombones", "walkie-talkie", "with", "flower")
    path = tmp_path / "words"
    path.write_text("".join(f"{word} 1.0 2.0\n" for word in words))
    with pytest.raises(SemanticsError) as raised:
        word_class_vectors(["the", "tromobone", "walkie_talkie", "flower_wiht_stem", "_"], path)
    assert str(raised.value).splitlines() == [
        f"{path} lacks words of 4 of the 5 classes:",
        "  'tromobone': no 'tromobone' (near 'trombone', 'Trombones')",
        "  'walkie_talkie': no 'walkie', no 'talkie', as a whole (near 'walkie-talkie')",
        "  'flower_wiht_stem': no 'wiht' (near 'with'), no 'stem'",
        "  '_': no words in its name",
        'Say what to look up instead: --spelling "tromobone=trombone", or in the table [spellings] of names.toml',
    ]
    found = word_class_vectors(["the", "tromobone"], path, spellings={"tromobone": "trombone"})
    assert found.values.tolist() == [[1, 2], [1, 2]]


def test_spellings_are_read_from_their_table_alone(tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text('[spellings]\nhot_dog = "hotdog"\n[synsets]\nbat = "bat.n.05"\n')
    assert read_spellings(path) == {"hot_dog": "hotdog"}
    path.write_text('[synsets]\nbat = "bat.n.05"\n')
    assert read_spellings(path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[spelling]\nhot_dog = "hotdog"\n', r"unknown key 'spelling' \(did you mean 'spellings'"),
        ("[spellings]\nhot_dog = 5\n", r"\[spellings\] must hold .*, got {'hot_dog': 5}"),
        ('spellings = "hotdog"\n', r"\[spellings\] must hold .*, got 'hotdog'"),
        ("hot dog = 5", r"cannot be read as names .*; expected TOML: \[spellings\], then"),
    ],
)
def test_a_wrong_file_of_spellings_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "names.toml").write_text(content)
    with pytest.raises(SemanticsError, match=rf"names\.toml.*{message}"):
        read_spellings(tmp_path / "names.toml")


def test_no_classes_are_an_error() -> None:
    with pytest.raises(SemanticsError, match="no classes to build vectors for"):
        class_vectors_from_words([], table(cup=[1]))


def published(shared: Path, dataset: str, source: str) -> dict[str, NDArray[np.float64]]:
    content = read_pickled_npy(shared / "semantics" / dataset / f"{source}.npy")
    assert isinstance(content, dict)
    return content


def is_one_google_news_row(vector: NDArray[np.float64]) -> bool:
    """The Google News rows hold numbers of 8 significant bits; a mean of rows needs more."""
    return not (vector.astype(np.float32).view(np.uint32) & 0xFFFF).any()


SINGLE_IN_GLOVE = {
    "bear_(animal)", "beer_mug", "bottle_opener", "computer_monitor", "crane_(machine)", "head_phones", "hot_dog",
    "mouse_(animal)", "paper_clip", "power_outlet", "race_car", "sponge_bob", "wrist_watch",
}  # fmt: skip
MEANS_IN_WORD2VEC = {
    "Sketchy": {"car_(sedan)", "hot_air_balloon", "wading_bird", "wine_bottle"},
    "TU-Berlin": {
        "baseball_bat", "car_(sedan)", "computer_mouse", "door_handle", "floor_lamp", "flower_with_stem",
        "flying_bird", "hot_air_balloon", "human_skeleton", "parking_meter", "person_sitting", "person_walking",
        "pipe_(for_smoking)", "speed_boat", "standing_bird", "table_lamp", "traffic_light", "wine_bottle",
    },
}  # fmt: skip


@pytest.mark.parametrize("dataset", ["Sketchy", "TU-Berlin"])
def test_published_word2vec_phrases_are_entries_or_means_of_rows(shared: Path, dataset: str) -> None:
    found = published(shared, dataset, "word2vec-google-news")
    assert {name for name, vector in found.items() if not is_one_google_news_row(vector)} == MEANS_IN_WORD2VEC[dataset]


def test_published_means_are_plain_means_of_the_words_as_the_rule_divides_them(shared: Path) -> None:
    """What is left of a mean when the known words are taken away is a row, or a sum of rows, of the vocabulary."""
    berlin, sketchy = (published(shared, name, "word2vec-google-news") for name in ("TU-Berlin", "Sketchy"))
    for phrase, known in (
        ("computer_mouse", sketchy["mouse"]), ("door_handle", berlin["door"]), ("table_lamp", berlin["table"]),
        ("baseball_bat", sketchy["bat"]),
    ):  # fmt: skip
        assert is_one_google_news_row(2 * berlin[phrase] - known), phrase
    for phrase in ("pipe_(for_smoking)", "flower_with_stem", "hot_air_balloon"):
        assert len(words_of(phrase)) == 3
        thirds, halves = 3 * berlin[phrase], 2 * berlin[phrase]
        assert np.abs(thirds - thirds.astype(np.float32)).max() == 0, phrase
        assert np.abs(halves - halves.astype(np.float32)).max() > 0, phrase
    assert np.array_equal(berlin["car_(sedan)"], sketchy["car_(sedan)"])
    assert not is_one_google_news_row(berlin["car_(sedan)"])


def test_published_glove_phrases_are_means_but_for_thirteen_that_look_up_one_other_word(shared: Path) -> None:
    for dataset, singles in (("Sketchy", set()), ("TU-Berlin", SINGLE_IN_GLOVE)):
        found = published(shared, dataset, "glove-wiki-gigaword")
        phrases = {name: vector for name, vector in found.items() if len(words_of(name)) > 1}
        rows = {name for name, vector in phrases.items() if np.array_equal(vector, vector.astype(np.float32))}
        assert rows == singles, dataset


@pytest.mark.parametrize("source", ["word2vec-google-news", "glove-wiki-gigaword"])
def test_our_spellings_are_what_the_published_vectors_show(shared: Path, source: str) -> None:
    berlin, sketchy = published(shared, "TU-Berlin", source), published(shared, "Sketchy", source)
    assert set(PUBLISHED_SPELLINGS["TU-Berlin"]) <= SINGLE_IN_GLOVE
    for name, word in PUBLISHED_SPELLINGS["TU-Berlin"].items():
        assert np.array_equal(berlin[name], sketchy[word]), name
    assert not np.allclose(berlin["mouse_(animal)"], sketchy["mouse"], atol=0.1)
