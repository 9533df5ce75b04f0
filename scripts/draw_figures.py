"""Draw the figures of the docs: method.svg (PCMSN), recipe.svg (preset best) and imports.svg in docs/images.

python scripts/draw_figures.py
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import import_graph

IMAGES = Path(__file__).parents[1] / "docs" / "images"
STYLE = """
text { font: 15px system-ui, sans-serif; fill: #1f2430; text-anchor: middle; dominant-baseline: central }
.small { font-size: 12.5px; fill: #4b5163 } .left { text-anchor: start }
rect { stroke: #5b6480; stroke-width: 1.3; rx: 7px; fill: #eef1fb } .frozen { fill: #e6e8ec }
.loss { fill: #fff3dc; stroke: #b58a2f }
.result { fill: #dff3e4; stroke: #3f8a58 } .page { fill: #ffffff; stroke: none; rx: 0 }
path { stroke: #5b6480; stroke-width: 1.4; fill: none; marker-end: url(#head) } .dashed { stroke-dasharray: 5 4 }
marker path { fill: #5b6480; stroke: none; marker-end: none }
"""


@dataclass
class Figure:
    """Boxes and arrows on a page; a box is known by its name."""

    width: int
    """Of the page, in pixels, like all lengths here."""
    height: int
    title: str
    """What a screen reader says."""
    _parts: list[str] = field(default_factory=list, init=False)
    _boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict, init=False)

    def box(
        self, name: str, text: str, x: float, y: float, width: float = 128, height: float = 44, kind: str = ""
    ) -> None:
        """A box around its centre (x, y); a second line of ``text`` is smaller."""
        self._boxes[name] = (x, y, width, height)
        self._parts.append(
            f'<rect class="{kind}" x="{x - width / 2}" y="{y - height / 2}" width="{width}" height="{height}"/>'
        )
        first, _, second = text.partition("\n")
        self._parts.append(f'<text x="{x}" y="{y - (9 if second else 0)}">{escape(first)}</text>')
        if second:
            self._parts.append(f'<text class="small" x="{x}" y="{y + 10}">{escape(second)}</text>')

    def note(self, text: str, x: float, y: float, kind: str = "small") -> None:
        """Text without a box."""
        self._parts.append(f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>')

    def arrow(self, start: str, end: str, kind: str = "", *, upright: bool = False) -> None:
        """An arrow between two boxes, from side to side, or with ``upright`` from top to bottom."""
        (x1, y1, w1, h1), (x2, y2, w2, h2) = self._boxes[start], self._boxes[end]
        if abs(x2 - x1) >= (w1 + w2) / 2 and not upright:  # side by side
            side = 1 if x2 > x1 else -1
            a, b = (x1 + side * w1 / 2, y1), (x2 - side * (w2 / 2 + 3), y2)
            middle = (a[0] + b[0]) / 2
            way = f"C {middle} {a[1]}, {middle} {b[1]}, {b[0]} {b[1]}"
        else:
            side = 1 if y2 > y1 else -1
            a, b = (x1, y1 + side * h1 / 2), (x2, y2 - side * (h2 / 2 + 3))
            middle = (a[1] + b[1]) / 2
            way = f"C {a[0]} {middle}, {b[0]} {middle}, {b[0]} {b[1]}"
        self._parts.append(f'<path class="{kind}" d="M {a[0]} {a[1]} {way}"/>')

    def to_svg(self) -> str:
        """The whole file."""
        head = '<marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
            f'<defs>{head}<path d="M 0 0 L 8 4 L 0 8 z"/></marker></defs>\n'
            f'<rect class="page" width="{self.width}" height="{self.height}"/>\n'
            + "\n".join(self._parts)
            + "\n</svg>\n"
        )


def method() -> Figure:
    """PCMSN: from visual over semantic to retrieval features, its losses with the numbers of their equations."""
    figure = Figure(1000, 520, "PCMSN: visual features become semantic ones, then retrieval features of one space")
    for side, y, index in (("sketch", 130, "ske"), ("photo", 390, "img")):
        figure.box(side, side, 70, y, 90)
        figure.box(f"{side}-extractor", "extractor\nfrozen", 205, y, 120, kind="frozen")
        figure.box(f"{side}-generator", f"generator G\nx_{index} → z_{index}", 370, y)
        figure.arrow(side, f"{side}-extractor")
        figure.arrow(f"{side}-extractor", f"{side}-generator")
    figure.box("discriminator", "discriminator D\neq. 1", 524, 260, 126, kind="loss")
    figure.box("vectors", "class vectors s\ntext + hierarchy", 370, 260, kind="frozen")
    figure.arrow("vectors", "discriminator")
    figure.box("rebuild-sketch", "decoder R_ske\nrebuilds x_ske, eq. 2 to 8", 560, 50, 190, kind="loss")
    figure.box("rebuild-photo", "decoder R_img\nrebuilds x_img, eq. 2 to 8", 560, 470, 190, kind="loss")
    figure.box("decoder", "retrieval decoder\nshared, z → r", 745, 260, 140)
    for side in ("sketch", "photo"):
        figure.arrow(f"{side}-generator", "discriminator")
        figure.arrow(f"{side}-generator", "rebuild-sketch")
        figure.arrow(f"{side}-generator", "rebuild-photo")
        figure.arrow(f"{side}-generator", "decoder")
    figure.box("pairs", "|r_ske - r_img|²\neq. 12", 915, 150, 130, kind="loss")
    figure.box("retrieval", "r: 64 numbers\nor 64 bits", 915, 260, 130, kind="result")
    figure.box("classes", "classifier\nseen classes, eq. 9", 915, 370, 150, kind="loss")
    for name in ("pairs", "retrieval", "classes"):
        figure.arrow("decoder", name)
    figure.note("grey: fixed; yellow: a loss, in training only; green: what is searched with", 500, 508)
    return figure


def recipe() -> Figure:
    """Preset best: branches on several layers, folded into one feature."""
    figure = Figure(1000, 480, "Preset best: four branches a modality on several layers, folded into 64 numbers")
    figure.box("picture", "picture", 70, 200, 90)
    figure.box("extractor", "extractor\nseveral layers", 205, 200, 124, kind="frozen")
    figure.arrow("picture", "extractor")
    for branch in range(4):
        y = 80 + 80 * branch
        figure.box(f"branch {branch}", f"branch {branch + 1}\nin → 1024 → 64", 400, y, 140)
        figure.arrow("extractor", f"branch {branch}")
    figure.box("fold", "fold: 256 → 64\nprincipal directions", 620, 200, 170, kind="frozen")
    figure.box("retrieval", "r: 64 numbers\nlength 1, or 64 bits", 860, 200, 170, kind="result")
    for branch in range(4):
        figure.arrow(f"branch {branch}", "fold")
    figure.arrow("fold", "retrieval")
    for place, (name, text) in enumerate(
        {
            "contrastive": "contrastive\nits class in the batch",
            "prototype": "prototypes\nthe class vectors",
        }.items()
    ):
        figure.box(name, text, 322 + 155 * place, 405, 145, kind="loss")
        figure.arrow("branch 3", name, "dashed", upright=True)
    figure.note(
        "Sketches and photos have weights of their own. Each branch has both losses (yellow, in training only).",
        500,
        456,
    )
    return figure


def imports() -> Figure:
    """The packages, each above all that it imports; an import that leads over a third package is not drawn."""
    graph = {
        name: imported - {"errors", "version"}
        for name, imported in import_graph.package_graph(import_graph.module_graph()).items()
        if name not in ("__main__", "errors", "version")
    }
    rows: dict[int, list[str]] = {}
    for name in sorted(graph):
        rows.setdefault(_depth(graph, name), []).append(name)
    figure = Figure(1000, 60 + 92 * len(rows), "The packages of pcmsn: each imports only what stands below it")
    for depth, names in rows.items():
        for place, name in enumerate(names):
            x = 1000 * (place + 0.5) / len(names) + (30 if depth % 2 else -30) * (len(names) < 4)
            figure.box(name, name, x, 46 + 92 * (len(rows) - 1 - depth), 118, 40)
    for name, imported in import_graph.direct(graph).items():
        for other in sorted(imported):
            figure.arrow(name, other, upright=True)
    figure.note("errors and version, which everything may import, are not drawn", 500, 44 + 92 * len(rows))
    return figure


def _depth(graph: import_graph.Graph, name: str) -> int:
    """The row of a package, counted from below: one above the highest that it imports."""
    return 1 + max((_depth(graph, other) for other in graph[name]), default=-1)


def figures() -> dict[str, Figure]:
    """All figures, by the names of their files."""
    return {"method.svg": method(), "recipe.svg": recipe(), "imports.svg": imports()}


def main() -> None:
    """Write all files."""
    for name, figure in figures().items():
        (IMAGES / name).write_text(figure.to_svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
