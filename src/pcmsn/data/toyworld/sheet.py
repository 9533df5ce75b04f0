"""A contact sheet of the toy world, to see at a glance what it draws."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from pcmsn.data.records import Modality
from pcmsn.data.toyworld.categories import CATEGORIES
from pcmsn.data.toyworld.world import ToyWorld, draw_picture

SKETCHES, PHOTOS = 3, 4
COLUMNS = 2
"""Classes side by side."""
LABEL, GAP, MARGIN = 18, 3, 14


def contact_sheet(config: ToyWorld, classes: Sequence[str] | None = None) -> Image.Image:
    """A picture with three sketches and four photos of each class (all by default) under its name.

    Its last line says that the pictures are drawn. Raises DataError for a category that the toy world does not have.
    """
    classes = tuple(CATEGORIES) if classes is None else tuple(classes)
    step = config.size + GAP
    wide, tall = (SKETCHES + PHOTOS) * step + MARGIN, step + LABEL + 4
    rows = -(-len(classes) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * wide + MARGIN, rows * tall + 2 * MARGIN + LABEL), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for position, category in enumerate(classes):
        left, top = MARGIN + position % COLUMNS * wide, MARGIN + position // COLUMNS * tall
        pen.text((left, top), category.replace("_", " "), fill="black", font=font)
        kinds: list[tuple[Modality, int]] = [("sketch", index) for index in range(SKETCHES)]
        kinds += [("photo", index) for index in range(PHOTOS)]
        for column, (modality, index) in enumerate(kinds):
            picture = draw_picture(config, category, modality, index)
            sheet.paste(picture.convert("RGB"), (left + column * step, top + LABEL))
    footer = f"drawn by pcmsn, not photographs (toy world, seed {config.seed})"
    pen.text((MARGIN, sheet.height - MARGIN - LABEL + 6), footer, fill="black", font=font)
    return sheet
