"""Near words are those within two changes, nearest first."""

from hypothesis import given
from hypothesis import strategies as st

from pcmsn.semantics.near_words import near_words


def slow_changes(a: str, b: str) -> int:
    """Optimal string alignment by its recursive definition."""
    if not a or not b:
        return len(a) + len(b)
    value = min(
        slow_changes(a[:-1], b) + 1, slow_changes(a, b[:-1]) + 1, slow_changes(a[:-1], b[:-1]) + (a[-1] != b[-1])
    )
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        value = min(value, slow_changes(a[:-2], b[:-2]) + 1)
    return value


@given(st.text("abc", min_size=5, max_size=6), st.text("abc", min_size=3, max_size=7))
def test_near_words_are_those_within_two_changes(word: str, other: str) -> None:
    expected = word != other and word[0] == other[0] and slow_changes(word, other) <= 2
    assert near_words([word], [other]) == ({word: [other]} if expected else {})


def test_the_nearest_words_come_first_and_few_are_kept() -> None:
    vocabulary = ["giraffes", "griaffes", "gia", "Giraffe", "giraffe", "xgiraffe"]
    assert near_words(["giraffe", "griaffe"], vocabulary, count=2) == {
        "giraffe": ["Giraffe", "giraffes"], "griaffe": ["griaffes", "Giraffe"],
    }  # fmt: skip
