from pcmsn.errors import closest, did_you_mean, enumerate_names


def test_the_nearest_names_come_first_whatever_their_case() -> None:
    assert closest("sketchi", ["TU-Berlin", "Sketchy"]) == ["Sketchy"]
    assert did_you_mean("epoch", ["epochs", "seed"]) == " (did you mean 'epochs'?)"


def test_nothing_is_proposed_where_nothing_is_near() -> None:
    assert did_you_mean("quaternion", ["epochs", "seed"]) == ""


def test_long_lists_are_cut_with_a_count() -> None:
    assert enumerate_names(["a", "b", "c"], limit=2) == "'a', 'b' and 1 more"
    assert enumerate_names([]) == ""
