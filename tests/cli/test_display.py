import io
from dataclasses import replace
from typing import Any, Literal

import pytest
from rich.console import Console

from pcmsn.cli.display import Display, RunsDisplay, TrainingDisplay
from pcmsn.training.config import TrainingConfig
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Report
from pcmsn.training.history import Epoch
from pcmsn.training.step import LossTerms

TERMS = LossTerms(
    6.5,
    {"adversarial": 1.4, "reconstruction": 3.5, "classification": 2.1, "cross_modal": 1.3, "discriminator": 2.7},
)


def on_terminal(display: Display, *, terminal: bool) -> io.StringIO:
    """The display's output from now on."""
    text = io.StringIO()
    display.console = Console(file=text, force_terminal=terminal, width=60, highlight=False)
    display._bars.live.console = display.console
    return text


def test_an_epochs_line_is_whole_however_narrow_the_console() -> None:
    display = Display()
    text = on_terminal(display, terminal=False)
    epoch = Epoch(number=2, losses=TERMS, validation_map=0.3031, best=True, seconds=14.0)
    TrainingDisplay(display, TrainingConfig(epochs=5)).on_epoch(epoch)
    TrainingDisplay(display, TrainingConfig(epochs=5)).on_epoch(replace(epoch, number=5, best=False))
    first, last = text.getvalue().splitlines()
    assert first.startswith("training: epoch 2/5  loss 6.500 (adv 1.400, rec 3.500, cls 2.100, cmt 1.300, D 2.700)")
    assert first.endswith("val mAP 0.3031 *  14.0 s, at most 0:42 left")
    assert "0:00 left" in last and "*" not in last


def test_brackets_in_the_name_of_a_stage_are_shown_as_they_are() -> None:
    display = Display()
    text = on_terminal(display, terminal=True)
    display._bars.disable = False
    with display:
        display.stage("photos[/1].zip", 1, 3)
    assert "photos[/1].zip" in text.getvalue()


def outcome(number: int, kind: Literal["stored", "done", "failed"], result: dict[str, Any] | None = None) -> Report:
    return Report(Job(name=f"job {number}", settings=None), kind, number, 4, result)


def test_runs_that_were_on_disk_are_counted_and_the_others_get_a_line_each() -> None:
    display = Display()
    text = on_terminal(display, terminal=False)
    runs = RunsDisplay(display)
    runs.report(outcome(1, "stored"))
    assert text.getvalue() == "" and runs.finished == 1
    scores = {"val+test": {"real": {"mAP@all": 0.25}}}
    runs.report(outcome(2, "done", {"scores": scores, "best_epoch": 3, "epochs": 8}))
    runs.report(outcome(3, "done", {"scores": scores, "best_epoch": 0, "epochs": 0}))
    runs.report(outcome(4, "failed"))
    first, second, last = text.getvalue().splitlines()
    assert first == ("2 of 4: job 2, val+test mAP@all 0.2500 (best epoch 3 of 8); 0:00 so far, 0:00 left at this pace")
    assert second.startswith("3 of 4: job 3, val+test mAP@all 0.2500; 0:00 so far")
    assert last.startswith("4 of 4: job 4, failed; ")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_stage_has_one_bar_however_often_its_detail_changes(terminal: bool) -> None:
    display = Display()
    on_terminal(display, terminal=terminal)
    observer = TrainingDisplay(display, TrainingConfig(epochs=1, batches_per_epoch=3))
    for batch in (1, 2):
        observer.on_batch(1, batch, TERMS)
        assert len(display._bars.tasks) == 1
    observer.on_batch(1, 3, TERMS)
    assert not display._bars.tasks
