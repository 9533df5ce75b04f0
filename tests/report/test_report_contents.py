"""What is measured, chosen and left out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pcmsn.errors import CheckpointError, DataError, EvaluationError, ReportError
from pcmsn.evaluation.families import NEUTRAL, SAKE, SEM_PCYC, ZSE
from pcmsn.report.build import build_contents
from pcmsn.report.examples import chosen_queries
from pcmsn.report.figures.lines import value_axis
from pcmsn.report.opening import ReportRequest
from pcmsn.report.page.page import render
from pcmsn.report.projection import spread_over_classes
from pcmsn.report.rankings import Lists, confusions_of, curve_of
from pcmsn.report.scores import chance_scores, perfect_scores
from pcmsn.report.write import write_report
from pcmsn.training.run_folder import HISTORY, RunFolder

Requests = Callable[..., ReportRequest]


def test_a_report_without_pictures_says_so(trained_run: Path, request_for: Requests) -> None:
    contents = build_contents(request_for(trained_run, pictures=False))
    assert contents.measured is not None
    assert contents.measured.examples is None
    html = render(contents)
    assert "Left out with --no-pictures." in html
    assert "<img" not in html


def test_a_run_whose_pictures_are_gone_still_has_a_report(
    trained_run: Path, request_for: Requests, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "zoo")
    contents = build_contents(request_for(trained_run))
    assert contents.measured is None
    (note,) = contents.notes
    assert note.startswith("The pictures of this run cannot be read, so nothing was measured (")
    assert note.endswith("pass --data-root to say where the data set is now.")
    html = render(contents)
    assert "pass --data-root" in html
    assert 'id="training"' in html
    assert 'id="scores"' not in html
    assert 'href="#scores"' not in html
    with pytest.raises(DataError):
        build_contents(request_for(trained_run, data_root=str(tmp_path)))


def test_generalized_protocols_are_measured_too_in_their_larger_galleries(
    trained_run: Path, request_for: Requests
) -> None:
    forms = ("generalized-sem-pcyc", "generalized-pcmsn")
    contents = build_contents(request_for(trained_run, generalized=forms, families=("sake",), pictures=False))
    assert contents.measured is not None
    assert [each.protocol for each in contents.measured.protocols] == ["val+test", "test", *forms]
    assert [each.real["sake"].gallery for each in contents.measured.protocols] == [24, 12, 28, 48]
    assert [each.classes for each in contents.measured.protocols] == [4, 2, 4, 4]
    assert [list(each.binary) for each in contents.measured.protocols] == [["sake"]] * 4
    with pytest.raises(EvaluationError, match="no generalised protocol 'pcmsn'"):
        build_contents(request_for(trained_run, generalized=("pcmsn",)))


def test_what_is_no_finished_run_is_refused_or_noted(trained_run: Path, request_for: Requests, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"model_best.pth is a released checkpoint: .*pcmsn test --run "):
        build_contents(request_for(tmp_path / "model_best.pth"))
    with pytest.raises(CheckpointError, match=r"there is no run folder"):
        build_contents(request_for(tmp_path / "nothing"))
    folder = RunFolder(trained_run)
    folder.write_record(replace(folder.read_record(), finished=False, epochs_done=2))
    contents = build_contents(request_for(trained_run, pictures=False))
    assert contents.notes[0] == "Training is not finished: 2 of 3 epochs."


def test_history_may_be_missing_and_must_not_be_damaged(trained_run: Path, request_for: Requests) -> None:
    (trained_run / HISTORY).write_text("epoch,total\n1,much\n")
    with pytest.raises(ReportError, match=r"cannot be read as a table of numbers .*delete it"):
        build_contents(request_for(trained_run, pictures=False))
    (trained_run / HISTORY).write_text("total\n1\n")
    with pytest.raises(ReportError, match="has no column 'epoch'"):
        build_contents(request_for(trained_run, pictures=False))
    (trained_run / HISTORY).unlink()
    assert f"has no {HISTORY}." in render(build_contents(request_for(trained_run, pictures=False)))


def test_unknown_families_and_targets_that_can_not_be_written_are_refused(
    trained_run: Path, request_for: Requests, tmp_path: Path
) -> None:
    with pytest.raises(ReportError, match=r"no metric family 'sakee' \(did you mean 'sake'"):
        build_contents(request_for(trained_run, families=("sakee",)))
    with pytest.raises(ReportError, match="no metric family was named"):
        build_contents(request_for(trained_run, families=()))
    with pytest.raises(ReportError, match=r"is a folder; expected the name of a file to write, such as .*report.html"):
        write_report(request_for(trained_run), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"cannot be written .*name another file with --out"):
        write_report(request_for(trained_run, pictures=False), tmp_path / "file" / "report.html")


def test_classes_add_up_to_the_scores(trained_run: Path, request_for: Requests) -> None:
    measured = build_contents(request_for(trained_run)).measured
    assert measured is not None
    reported = measured.protocols[0]
    assert np.mean([each.real for each in measured.classes]) == pytest.approx(reported.real["sem-pcyc"].map_all)
    assert np.mean([each.binary for each in measured.classes]) == pytest.approx(reported.binary["sem-pcyc"].map_all)
    assert [each.real for each in measured.classes] == sorted((each.real for each in measured.classes), reverse=True)
    assert {each.name: each.part for each in measured.classes} == {
        "elk": "val",
        "fox": "val",
        "gnu": "test",
        "hen": "test",
    }
    assert measured.confusions.shares.sum(axis=1) == pytest.approx(1)


def test_curves_meet_the_neutral_scores_and_end_at_chance(trained_run: Path, request_for: Requests) -> None:
    measured = build_contents(request_for(trained_run)).measured
    assert measured is not None
    for results in measured.protocols:
        for curve, scores in zip(results.curves, (results.real, results.binary), strict=True):
            # The gallery is smaller than 100, so that P@100 is the last point, all photos.
            assert curve.precision_at_depth[-1] == pytest.approx(scores["neutral"].p_100)
            assert curve.precision_at_depth[-1] == pytest.approx(results.prior)
            assert (np.diff(curve.precision_at_recall) <= 1e-12).all()


def test_curves_of_very_many_queries_are_of_evenly_spaced_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.repeat(np.arange(3), 10)
    distance = (labels[:, None] != labels[None]).astype(float)
    lists = Lists(labels, labels, lambda queries: distance[queries])
    whole = curve_of(lists, "all")
    monkeypatch.setattr("pcmsn.report.rankings.MOST_PAIRS", 30 * 4)
    assert lists.chosen.tolist() == [0, 10, 19, 29]
    assert curve_of(lists, "some").precision_at_depth == pytest.approx(whole.precision_at_depth)
    assert confusions_of(lists, ("a", "b", "c")).shares == pytest.approx(np.eye(3))


def test_chance_is_the_mean_over_all_orders_and_perfect_counts_small_classes() -> None:
    """One query with one right photo of two: AP is 1 or 1/2, and P over the list of two is 1/2."""
    query, gallery = np.array([0]), np.array([0, 1])
    chance = chance_scores(query, gallery, [SEM_PCYC, NEUTRAL])
    assert chance["sem-pcyc"] == chance["neutral"] == pytest.approx((0.75, 0.75, 0.5, 0.5))
    photos = np.repeat([0, 1, 2], 200)
    about = chance_scores(np.repeat([0, 1, 2], 50), photos, [SAKE])["sake"]
    assert about[2] == pytest.approx(1 / 3, abs=0.05)
    perfect = perfect_scores(np.array([0, 1, 2]), np.repeat([0, 1], [50, 250]), [SEM_PCYC, ZSE])
    assert perfect["sem-pcyc"] == pytest.approx((2 / 3, 2 / 3, (0.5 + 1) / 3, (0.25 + 1) / 3))
    assert perfect["zse"] == pytest.approx((2 / 3,) * 4)


def test_examples_are_the_extremes_and_the_middle_of_different_classes() -> None:
    average_precision = np.array([0.9, 0.8, 0.1, 0.5, 0.45, 0.2])
    label = np.array([0, 0, 1, 1, 2, 2])
    chosen = chosen_queries(average_precision, label, 2)
    assert chosen["best"].tolist() == [0, 3]
    assert chosen["worst"].tolist() == [2, 5]
    assert chosen["median"].tolist() == [3, 4]
    assert len(chosen_queries(average_precision, label, 9)["best"]) == 3


def test_points_are_spread_over_classes_as_evenly_as_they_allow() -> None:
    label = np.repeat([0, 1, 2], [100, 3, 100])
    chosen = spread_over_classes(label, 43)
    assert np.bincount(label[chosen]).tolist() == [20, 3, 20]
    assert (np.diff(chosen) > 0).all()
    assert spread_over_classes(label, 1000).tolist() == list(range(203))
    assert spread_over_classes(np.zeros(0, np.int64), 5).tolist() == []


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.18, 0.29], ["0.15", "0.20", "0.25", "0.30"]),
        ([3, 11], ["2", "4", "6", "8", "10", "12"]),
        ([2.0, 2.0], ["1.50", "1.75", "2.00", "2.25", "2.50"]),
        ([float("nan"), 1.0, 5.0], ["1", "2", "3", "4", "5"]),
        ([1.0, 1.0], ["0.50", "0.75", "1.00", "1.25", "1.50"]),
    ],
)
def test_axes_have_round_ticks_around_all_values(values: list[float], ticks: list[str]) -> None:
    assert [text for _, text in value_axis("", values).ticks] == ticks


@pytest.mark.parametrize("low", [0.0, 0.003, 0.2, 0.97, 1.0])
@pytest.mark.parametrize("high", [0.0, 0.004, 0.31, 0.999, 1.0])
def test_the_axis_of_a_score_stays_within_0_and_1(low: float, high: float) -> None:
    axis = value_axis("", [low, high], within=(0, 1))
    assert axis.low >= 0
    assert axis.high <= 1 + 1e-9
    assert axis.low <= min(low, high) + 1e-9
    assert axis.high >= max(low, high) - 1e-9
    assert len(axis.ticks) > 1


def test_the_notes_of_all_families_are_one_sentence_a_protocol(trained_run: Path, request_for: Requests) -> None:
    contents = build_contents(request_for(trained_run, pictures=False))
    assert contents.notes == ()
    divisor = "in zse by min(k, R) (R: photos of the query's class)."
    assert contents.all_notes == tuple(
        f"{protocol}: the gallery has {size} photos, fewer than k = 100 and 200: mAP@200 is mAP@all, and P@100 and "
        f"P@200 divide by {size}, {divisor}"
        for protocol, size in (("val+test", 24), ("test", 12))
    )
