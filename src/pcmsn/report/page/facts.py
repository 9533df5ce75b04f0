"""What the numbers rest on: data, split, configuration, environment."""

from __future__ import annotations

import shlex

from pcmsn.report.contents import Contents
from pcmsn.report.markup import Markup, join, tag
from pcmsn.report.page.elements import count, counted, folded, listed, section, table
from pcmsn.training.configuration import config_to_toml
from pcmsn.training.run_folder import CONFIG

PART_NAMES = {
    "train": "seen classes, trained on",
    "val": "unseen, the best epoch was chosen on them",
    "test": "unseen, for testing only",
}


def data_section(contents: Contents) -> Markup:
    """Classes and pictures of every part of the split, and the class lists."""
    record = contents.record
    rows = [
        [
            tag("span", part.name, " ", tag("small", PART_NAMES[part.name])),
            count(len(part.classes)),
            _extent(part.sketches),
            _extent(part.photos),
            "–" if part.unreadable is None else count(part.unreadable),
        ]
        for part in contents.parts
    ]
    lists = [
        folded(counted(len(part.classes), f"{part.name} class", f"{part.name} classes"), listed(part.classes))
        for part in contents.parts
    ]
    if record.split.missing:
        lists.append(
            folded(
                f"{len(record.split.missing)} classes of the split that the data lacks", listed(record.split.missing)
            )
        )
    unreadable = counted(record.unreadable, "unreadable picture", "unreadable pictures")
    trained = f"Left out while training: {unreadable} of train and val."
    return section(
        "data",
        table(["part", "classes", "sketches", "photos", "unreadable now"], rows),
        tag("p", trained, class_="quiet"),
        *lists,
        lead=f"{record.dataset}, split {record.split.name}; its scores are reported on {record.split.reported}.",
    )


def run_section(contents: Contents) -> Markup:
    """The run's configuration and where this report was made."""
    made, record = contents.environment, contents.record
    extractors = [
        (
            f"{side} extractor",
            f"{extractor.name}, fingerprint {extractor.fingerprint[:12]}, pictures {extractor.transform[:12]}",
        )
        for side, extractor in (("sketch", record.sketch_extractor), ("photo", record.photo_extractor))
    ]
    dims = record.dims
    sizes = (
        f"sketch {dims.sketch}, photo {dims.photo}, class vector {dims.semantic}, retrieval {contents.config.model.dim}"
    )
    facts = [
        ("run folder", str(contents.run)),
        ("trained with", f"pcmsn {record.pcmsn_version}"),
        ("to train again", shlex.join(("pcmsn", "train", "--config", str(contents.run / CONFIG)))),
        *extractors,
        ("dimensions", sizes),
        ("report made", made.made),
        ("device", made.device),
        ("versions", ", ".join(f"{name} {number}" for name, number in made.versions)),
    ]
    if made.command:
        facts.append(("report command", made.command))
    return section(
        "run",
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts), class_="meanings"),
        folded("Configuration (TOML)", tag("pre", tag("code", config_to_toml(contents.config)), tabindex="0")),
    )


def _extent(counts: tuple[int, int, int] | None) -> str:
    """All pictures, and below them those of the smallest and of the largest class."""
    if counts is None:
        return "–"
    total, fewest, most = counts
    inside = f"{count(fewest)}" if fewest == most else f"{count(fewest)} to {count(most)}"
    return join(count(total), tag("small", f"{inside} a class"))
