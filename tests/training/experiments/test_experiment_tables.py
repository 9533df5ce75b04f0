from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.errors import ConfigError
from pcmsn.training.configuration import build_config
from pcmsn.training.experiments.ablation import with_options
from pcmsn.training.experiments.ablation_tables import PARTS, RECIPE, SEMANTICS, TABLES
from pcmsn.training.experiments.tables import Spread, order, seeds_from


def test_a_spread_is_mean_and_sample_standard_deviation() -> None:
    spread = Spread((0.1, 0.2, 0.6))
    assert spread.mean == pytest.approx(0.3)
    assert spread.deviation == pytest.approx(((0.2**2 + 0.1**2 + 0.3**2) / 2) ** 0.5)
    assert str(spread) == "0.300 ± 0.265"
    assert str(Spread((0.25,))) == "0.250"


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ({0: 0.50, 1: 0.52}, {0: 0.30, 1: 0.32}, "yes"),
        ({0: 0.30, 1: 0.32}, {0: 0.50, 1: 0.52}, "no"),
        ({0: 0.50, 1: 0.52}, {0: 0.49, 1: 0.51}, "yes*"),
        ({0: 0.49, 1: 0.51}, {0: 0.50, 1: 0.52}, "no*"),
        ({0: 0.50, 1: 0.50}, {0: 0.40, 1: 0.70}, "no*"),  # the other row's spread counts as well
        ({0: 0.50}, {0: 0.30}, "yes*"),
        ({0: 0.50, 1: 0.1}, {0: 0.30}, "yes*"),  # seed 1 has no partner
        ({0: 0.50}, {1: 0.30}, "?"),
        ({0: 0.50}, {}, "?"),
    ],
)
def test_order_is_the_sign_of_the_difference_with_a_star_inside_the_spread(
    above: dict[int, float], below: dict[int, float], expected: str
) -> None:
    assert order(above, below) == expected


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=2, max_size=6),
)
def test_order_is_what_its_definition_says(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    difference = statistics.mean(first) - statistics.mean(second)
    spread = max(statistics.stdev(first), statistics.stdev(second))
    expected = ("yes" if difference > 0 else "no") + ("*" if abs(difference) <= spread else "")
    assert order(dict(enumerate(first)), dict(enumerate(second))) == expected


def test_the_papers_own_numbers_are_in_the_order_that_is_judged() -> None:
    for table in (PARTS, SEMANTICS):
        reported = {row.name: row.paper for row in table.rows if row.paper}
        assert len(table.rows) == len(reported) == 8
        for row in table.rows[1:]:
            assert reported[row.name].sketchy > reported[row.above].sketchy
            assert reported[row.name].tu_berlin > reported[row.above].tu_berlin
        assert table.rows[0].above == ""


def test_the_tables_are_the_papers() -> None:
    assert [row.paper.sketchy for row in PARTS.rows] == [0.327, 0.396, 0.416, 0.424, 0.443, 0.455, 0.482, 0.523]
    assert [row.paper.tu_berlin for row in PARTS.rows] == [0.244, 0.299, 0.318, 0.331, 0.342, 0.364, 0.391, 0.424]
    assert [row.paper.sketchy for row in SEMANTICS.rows] == [0.459, 0.465, 0.489, 0.502, 0.509, 0.518, 0.508, 0.523]
    assert [row.paper.tu_berlin for row in SEMANTICS.rows] == [0.367, 0.371, 0.384, 0.385, 0.401, 0.408, 0.424, 0.411]


def test_each_row_of_the_recipe_lacks_one_part_of_the_whole() -> None:
    base = build_config(preset=RECIPE.preset)
    whole, *others = RECIPE.rows
    assert with_options(base, whole) == base
    for row in others:
        assert row.below == whole.name and not row.above
        assert with_options(base, row) != base
        assert sum(len(values) for values in row.options.values()) == 1


def test_a_table_is_found_by_its_name() -> None:
    assert {name: table.name for name, table in TABLES.items()} == {name: name for name in TABLES}


def test_seeds_are_a_list_with_commas() -> None:
    assert seeds_from("0,1,2") == (0, 1, 2)
    assert seeds_from("7") == (7,)
    for wrong in ("", "1,", "0,0", "-1", "one"):
        with pytest.raises(ConfigError, match="--seeds must be different numbers >= 0"):
            seeds_from(wrong)
