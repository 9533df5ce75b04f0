import io
from dataclasses import replace

import pytest
from rich.console import Console

from pcmsn.cli.display import Display, TrainingDisplay
from pcmsn.training.config import TrainingConfig
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
