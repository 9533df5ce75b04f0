"""How training went."""

from __future__ import annotations

from pcmsn.report.contents import Contents, Training
from pcmsn.report.figures.lines import NO_LIMITS, Line, Mark, line_chart, value_axis, whole_axis
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import counted, data, figure, folded, section, table
from pcmsn.training.run_folder import HISTORY

NAMES = {
    "validation_mAP@all": "Validation mAP@all",
    "total": "Weighted sum of losses",
    "adversarial": "Adversarial loss",
    "reconstruction": "Reconstruction loss",
    "classification": "Classification loss",
    "cross_modal": "Cross-modal loss",
    "discriminator": "Discriminator's loss",
    "contrastive": "Contrastive loss",
    "prototype": "Prototype loss",
}


def training_section(contents: Contents) -> Markup:
    """Small pictures of the validation score and every loss, and the rows that they are drawn from."""
    training, record = contents.training, contents.record
    if not training.rows:
        return section("training", tag("p", f"{contents.run} has no {HISTORY}.", class_="quiet"))
    shown = [name for name in NAMES if name in training.rows[0]]
    lead = (
        f"The model is that of epoch {record.best_epoch}, the best on the "
        f"{counted(len(record.split.val), 'validation class', 'validation classes')} "
        f"(mAP@all {record.best_score:.3f}). The test classes decide nothing."
    )
    stop = contents.config.training.early_stop
    ends = f"Training stops after {stop} epochs without a better one." if stop else "Training does not stop early."
    against = "and the discriminator works against the generators, " if "discriminator" in shown else ""
    reading = (
        "A ring marks the epoch that was taken. Losses are unweighted means over the epoch's batches; only their "
        f"weighted sum is minimised, {against}so single losses may rise. {ends}"
    )
    return section(
        "training",
        tag(
            "div",
            *(_curve(training, name) for name in shown[:1]),
            tag("p", reading, class_="quiet"),
            class_="multiples",
        ),
        tag("div", *(_curve(training, name) for name in shown[1:]), class_="multiples small"),
        folded("Numbers", _numbers(training)),
        lead=lead,
    )


def _curve(training: Training, name: str) -> Markup:
    epochs = tuple(row["epoch"] for row in training.rows)
    values = tuple(row[name] for row in training.rows)
    best = next((row for row in training.rows if row["epoch"] == training.best_epoch), None)
    is_score = name.startswith("validation")
    mark = Mark(best["epoch"], best[name], f"{best[name]:.3f}") if best else None
    picture = line_chart(
        [Line(NAMES[name], epochs, values, "main" if is_score else "second")],
        whole_axis("epoch", int(max(epochs))),
        value_axis("", values, within=(0, 1) if is_score else NO_LIMITS),
        title=f"{NAMES[name]} by epoch",
        description=f"From {values[0]:.3f} in the first epoch to {values[-1]:.3f} in the last"
        + (f"; {best[name]:.3f} in the best, {training.best_epoch}." if best else "."),
        mark=mark,
    )
    return figure(picture, "", title=NAMES[name])


def _numbers(training: Training) -> Markup:
    columns = [name for name in training.rows[0] if name not in ("epoch", "best")]
    rows = []
    for row in training.rows:
        best = row["epoch"] == training.best_epoch
        label = tag("strong", f"{row['epoch']:.0f}, best") if best else f"{row['epoch']:.0f}"
        rows.append([label, *(data(row[name], digits=1 if name == "seconds" else 4) for name in columns)])
    return table(["epoch", *(name.replace("_", " ") for name in columns)], rows)
