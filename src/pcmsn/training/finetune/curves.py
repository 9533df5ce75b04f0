"""The learning curves of a folder's networks as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcmsn.data.atomic import atomic_path
from pcmsn.training.finetune.folder import VALIDATION_MAP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_INK, _QUIET, _GRID = "#1f2328", "#6b7280", "#e5e7eb"
_COLOURS = {"sketch": "#0b7285", "photo": "#c2410c", "shared": "#5b21b6"}
_TRAINING: dict[str, Any] = {"linestyle": (0, (1, 1.5)), "linewidth": 1.4, "marker": ".", "markersize": 4}
_TAKEN: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 10, "markerfacecolor": "none"}
_DOTS_PER_INCH = 150
_PANEL = (4.5, 3.9)
"""Width and height of a panel in inches."""

Rows = Sequence[Mapping[str, str]]


def write_curves(histories: Mapping[str, Rows], path: Path) -> Path:
    """A PNG of the rows of each network's ``history.csv``: loss, accuracy on seen classes and, if measured, retrieval.

    One colour a network; a circle marks the epoch that was taken. Networks without rows are left out.
    """
    from matplotlib.figure import Figure

    drawn = {network: rows for network, rows in histories.items() if rows}
    columns = ["loss", "held_out_accuracy"]
    if any(row.get(VALIDATION_MAP) for rows in drawn.values() for row in rows):
        columns.append(VALIDATION_MAP)
    figure = Figure(figsize=(_PANEL[0] * len(columns), _PANEL[1]), layout="constrained")
    panels = dict(zip(columns, figure.subplots(1, len(columns)), strict=True))
    for network, rows in drawn.items():
        _draw_line(panels["loss"], network, rows, "loss", **_TRAINING)
        _draw_line(panels["held_out_accuracy"], network, rows, "accuracy", **_TRAINING)
        for column in columns[1:]:
            _draw_line(panels[column], network, rows, column, marker=".")
            _draw_line(panels[column], network, [row for row in rows if int(row["best"])][-1:], column, **_TAKEN)
    last = max((int(row["epoch"]) for rows in drawn.values() for row in rows), default=1)
    for axes in panels.values():
        axes.set_xlim(0.5, last + 0.5)
    _finish(panels["loss"], "Loss", "cross-entropy, label smoothing included")
    _finish(panels["held_out_accuracy"], "Accuracy on seen classes", "share of pictures named rightly")
    panels["held_out_accuracy"].set_ylim(0, 1.03)
    if VALIDATION_MAP in panels:
        asked = "sketch to photo" if "shared" in drawn else "within the modality"
        _finish(panels[VALIDATION_MAP], "Retrieval of validation classes", f"mAP@all by cosine, {asked}")
    _explain(figure, list(drawn))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DOTS_PER_INCH)
    return path


def _draw_line(axes: Axes, network: str, rows: Rows, column: str, **style: Any) -> None:
    """One column by epoch, of the rows that have it."""
    told = [row for row in rows if row.get(column)]
    epochs, values = [int(row["epoch"]) for row in told], [float(row[column]) for row in told]
    axes.plot(epochs, values, color=_COLOURS[network], **style)


def _finish(axes: Axes, title: str, meaning: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left", color=_INK, fontsize=11)
    axes.set_xlabel("epoch", color=_QUIET)
    axes.set_ylabel(meaning, color=_QUIET, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color=_GRID)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_QUIET, length=0)
    axes.spines[:].set_visible(False)


def _explain(figure: Figure, networks: Sequence[str]) -> None:
    """One legend below all panels, where it hides no line."""
    from matplotlib.lines import Line2D

    def line(label: str, **style: Any) -> Line2D:
        return Line2D([], [], label=label, **style)

    handles = [line(network, color=_COLOURS[network], linewidth=3) for network in networks]
    handles += [
        line("training pictures, changed", color=_QUIET, **_TRAINING),
        line("other pictures, averaged weights", color=_QUIET, marker="."),
        line("epoch taken", color=_QUIET, **_TAKEN),
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9, labelcolor=_INK
    )
