"""The benchmarks as downloaded, drawn small: every class, every quirk of the distributions, one or two pictures each.

The distributed names are written here by hand or by the distributions' own habits, not by way of the code under test.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import py7zr
from PIL import Image

from pcmsn.data.splits import published_split

SKETCHY_CLASSES = published_split("Sketchy", "sem-pcyc").classes
TU_BERLIN_CLASSES = published_split("TU-Berlin", "sem-pcyc").classes
QUICKDRAW_CLASSES = published_split("QuickDraw", "quickdraw-30").classes

SKETCHY_VARIANTS = (
    "tx_000000000010",
    "tx_000000000110",
    "tx_000000001010",
    "tx_000000001110",
    "tx_000100000000",
)
WITH_HYPHENS = {  # TU-Berlin's sketch folders that have hyphens; all others have spaces
    "beer-mug",
    "computer-mouse",
    "frying-pan",
    "head-phones",
    "hot-dog",
    "human-skeleton",
    "ice-cream-cone",
    "speed-boat",
    "t-shirt",
    "teddy-bear",
    "tennis-racket",
    "wine-bottle",
    "wrist-watch",
}
PHOTO_SPELLINGS = {  # TU-Berlin's photo folders whose letters differ
    "giraffe": "griaffe",
    "chandelier": "chandeler",
    "trombone": "tromobone",
    "diamond": "diamod",
    "spider": "spidar",
    "space_shuttle": "spacesshuttle",
    "wrist_watch": "wristwatching",
    "mouse_(animal)": "mouse",
    "pipe_(for_smoking)": "pipe",
}


def picture(number: int, kind: str = "PNG") -> bytes:
    """A tiny picture; other numbers give other bytes."""
    buffer = BytesIO()
    Image.new("RGB", (4, 4), (number % 251, number // 251 % 251, number // 63001 % 251)).save(buffer, kind)
    return buffer.getvalue() + number.to_bytes(4, "big")  # JPEG rounds colours away; a tail keeps the bytes apart


class Numbered:
    """Writes pictures that differ from each other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.number = 0

    def write(self, name: str) -> bytes:
        self.number += 1
        content = picture(self.number, "PNG" if name.endswith(".png") else "JPEG")
        write(self.root / name, content)
        return content


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def sketchy_folder(name: str) -> str:
    return {"hot_air_balloon": "hot-air_balloon", "jack_o_lantern": "jack-o-lantern"}.get(name, name)


def tu_berlin_sketch_folder(name: str) -> str:
    hyphens = name.replace("_", "-")
    return hyphens if hyphens in WITH_HYPHENS else name.replace("_", " ")


def tu_berlin_photo_folder(name: str) -> str:
    return PHOTO_SPELLINGS.get(name, name.replace("_", "").replace("(", "").replace(")", ""))


def sketchy_downloads(root: Path, classes: Sequence[str] = SKETCHY_CLASSES) -> Path:
    """``256x256/`` and ``EXTEND_image_sketchy/``: 2 sketches, 1 original and 2 extension photos a class."""
    pictures = Numbered(root)
    for name in classes:
        folder = sketchy_folder(name)
        for sketch in (1, 2):
            pictures.write(f"256x256/sketch/tx_000000000000/{folder}/n01_{name[:3]}-{sketch}.png")
        original = pictures.write(f"256x256/photo/tx_000000000000/{folder}/n01_{name[:3]}.jpg")
        write(root / f"EXTEND_image_sketchy/{folder}/n01_{name[:3]}.jpg", original)
        pictures.write(f"EXTEND_image_sketchy/{folder}/ext_1.jpg")
    for name in classes[:3]:
        for variant in SKETCHY_VARIANTS:
            pictures.write(f"256x256/sketch/{variant}/{sketchy_folder(name)}/n01_{name[:3]}-1.png")
        pictures.write(f"256x256/photo/tx_000100000000/{sketchy_folder(name)}/n01_{name[:3]}.jpg")
    return root


def tu_berlin_downloads(root: Path, classes: Sequence[str] = TU_BERLIN_CLASSES) -> Path:
    """``png/`` and ``ImageResized/``: 2 sketches and 2 photos (one ``.JPEG``) a class."""
    pictures = Numbered(root)
    for index, name in enumerate(classes):
        for sketch in (1, 2):
            pictures.write(f"png/{tu_berlin_sketch_folder(name)}/{80 * index + sketch}.png")
        folder = tu_berlin_photo_folder(name)
        pictures.write(f"ImageResized/{folder}/n0{index}_1.JPEG")
        pictures.write(f"ImageResized/{folder}/{folder}_2.jpg")
    write(root / "png/filelist.txt", b"airplane/1.png\n")
    return root


def quickdraw_downloads(root: Path) -> Path:
    """``QuickDraw_sketches_final/`` and ``QuickDraw_images_final/``: one picture a class each."""
    pictures = Numbered(root)
    for name in QUICKDRAW_CLASSES:
        folder = "hot-air_balloon" if name == "hot_air_balloon" else name.replace("_", " ")
        pictures.write(f"QuickDraw_sketches_final/{folder}/{name}_1.png")
        pictures.write(f"QuickDraw_images_final/{folder}/{name}_1.jpg")
    return root


def add_dirt(photos: Path, first: str, second: str) -> dict[str, int]:
    """Everything that goes wrong in a folder of class folders, put into two of them; how much of it there is."""
    jpeg = picture(900_001, "JPEG")
    write(photos / first / "dup_a.jpg", jpeg)
    write(photos / first / "dup_b.JPEG", jpeg)
    write(photos / first / "dup_c.jpg", jpeg)
    write(photos / first / "same.jpeg", picture(900_002, "JPEG"))
    write(photos / first / "same.jpg", picture(900_003, "JPEG"))
    write(photos / second / "empty.jpg", b"")
    write(photos / second / "damaged.jpg", b"no picture at all")
    write(photos / second / "notes.txt", b"text")
    write(photos / second / ".DS_Store", b"x")
    write(photos / second / "Thumbs.db", b"x")
    write(photos / second / ".ipynb_checkpoints" / "a-checkpoint.jpg", jpeg)
    write(photos / "__MACOSX" / "._a.jpg", jpeg)
    write(photos / ".ipynb_checkpoints" / "b.jpg", jpeg)
    write(photos / "zeppelinn" / "1.jpg", picture(900_004, "JPEG"))
    write(photos / "zeppelinn" / "2.jpg", picture(900_005, "JPEG"))
    return {"kept": 3, "duplicates": 2, "conflicts": 1, "empty": 1, "unreadable": 1, "not pictures": 1, "unknown": 2}


def zipped(folder: Path, archive: Path, top: str | None = None) -> Path:
    """A ``.zip`` of a folder, its name (or ``top``) being the first part of every member's path."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, f"{folder.name if top is None else top}/{path.relative_to(folder)}".lstrip("/"))
    return archive


def tarred(folder: Path, archive: Path) -> Path:
    """A ``.tar.gz`` of a folder."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as file:
        file.add(folder, folder.name)
    return archive


def seven_zipped(folder: Path, archive: Path, top: str | None = None) -> Path:
    """A ``.7z`` of a folder."""
    with py7zr.SevenZipFile(archive, "w", filters=[{"id": py7zr.FILTER_COPY}]) as file:
        file.writeall(folder, top or folder.name)
    return archive


def tree(root: Path) -> dict[str, bytes]:
    """All files below ``root`` with their contents."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
