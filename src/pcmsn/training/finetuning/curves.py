"""The learning curves of a folder's networks as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pcmsn.data.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _QUIET, _GRID = "#1f2328", "#6b7280", "#e5e7eb"
_COLOURS = {"sketch": "#0b7285", "photo": "#c2410c", "shared": "#5b21b6"}
_DOTS_PER_INCH = 150

Rows = Sequence[Mapping[str, str]]


def write_curves(histories: Mapping[str, Rows], path: Path) -> Path:
    """A PNG of loss and accuracy by epoch, one colour a network, from the rows of each ``history.csv``.

    A circle marks the epoch that was taken. Networks without rows are left out.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for network, rows in histories.items():
        if rows:
            _draw(loss, accuracy, network, rows)
    _finish(loss, "Training loss", "cross-entropy, label smoothing included")
    _finish(accuracy, "Accuracy on seen classes", "share of pictures named rightly")
    accuracy.set_ylim(0, 1.03)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DOTS_PER_INCH)
    return path


def _draw(loss: Axes, accuracy: Axes, network: str, rows: Rows) -> None:
    colour = _COLOURS.get(network, _INK)
    epochs = [int(row["epoch"]) for row in rows]
    loss.plot(epochs, [float(row["loss"]) for row in rows], color=colour, label=network, marker=".")
    training = [float(row["accuracy"]) for row in rows]
    accuracy.plot(epochs, training, color=colour, linestyle=":", label=f"{network}, changed training pictures")
    told = [row for row in rows if row["held_out_accuracy"]]
    if told:
        places = [int(row["epoch"]) for row in told]
        shares = [float(row["held_out_accuracy"]) for row in told]
        accuracy.plot(places, shares, color=colour, label=f"{network}, held out", marker=".")
        best = max(place for place, row in enumerate(told) if int(row["best"]))
        accuracy.plot(places[best], shares[best], "o", markersize=10, markerfacecolor="none", color=colour)


def _finish(axes: Axes, title: str, meaning: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left", color=_INK, fontsize=11)
    axes.set_xlabel("epoch", color=_QUIET)
    axes.set_ylabel(meaning, color=_QUIET)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=_GRID)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_QUIET, length=0)
    axes.spines[:].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, labelcolor=_INK)
