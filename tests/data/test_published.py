"""The explanations of the table always add up, and say nothing false at the edges of ranges and roundings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.data.published import PUBLISHED, PublishedCount, explained_row, published_count

SKETCHES = PublishedCount(75_471, 75_481)
counts = st.integers(0, 400)


@given(counts, counts, counts, counts, st.integers(0, 500), st.integers(0, 20))
def test_the_reasons_add_up_to_the_difference(
    found: int, duplicates: int, unreadable: int, others: int, fewest: int, width: int
) -> None:
    published = PublishedCount(fewest, fewest + width)
    row = explained_row(
        "photos", found, published, {"duplicates": duplicates, "unreadable": unreadable}, maybe_left_out={"txt": others}
    )
    assert sum(reason.count for reason in row.reasons) == -row.difference
    assert fewest <= found - row.difference <= fewest + width
    by_text = {reason.text: reason.count for reason in row.reasons}
    assert by_text.get("duplicates", 0) == duplicates
    assert by_text.get("txt", 0) <= others


@pytest.mark.parametrize(
    ("found", "left_out", "difference", "verdict"),
    [
        (75_475, 0, 0, "within the published range"),
        (75_470, 0, -1, "1 not in the downloads"),
        (75_482, 0, 1, "1 more in the downloads than published"),
        (75_470, 5, -5, "5 removed"),
        (75_471, 20, -10, "20 removed, 10 more in the downloads than published"),
    ],
)
def test_a_count_is_compared_with_the_nearest_end_of_the_published_range(
    found: int, left_out: int, difference: int, verdict: str
) -> None:
    row = explained_row("sketches", found, SKETCHES, {"removed": left_out})
    assert (row.difference, row.verdict) == (difference, verdict)


def test_a_file_that_is_no_picture_explains_a_lack_only() -> None:
    exact = PublishedCount(10, 10)
    assert explained_row("photos", 10, exact, {}, maybe_left_out={"text files": 3}).verdict == "as published"
    assert explained_row("photos", 9, exact, {}, maybe_left_out={"text files": 3}).verdict == "1 text files"


def test_a_rounded_number_is_met_by_what_rounds_to_it() -> None:
    about = PUBLISHED["QuickDraw"]["sketches"]
    assert explained_row("sketches", 327_000, about, {}).verdict == "as published, within the rounding"
    assert explained_row("sketches", 92_291, about, {}).difference == 92_291 - 330_000


def test_without_a_published_number_there_is_no_difference() -> None:
    row = explained_row("photos", 7, published_count("mine", "photos"), {"removed": 3})
    assert (row.difference, row.verdict) == (0, "no published number")


def test_numbers_are_written_as_the_papers_do() -> None:
    assert [str(PUBLISHED["Sketchy"][row]) for row in ("classes", "sketches", "photos")] == [
        "125",
        "75,471-75,481",
        "73,002",
    ]
