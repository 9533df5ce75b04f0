"""A byte order mark, which editors of Windows write, is never part of what a file says."""

import codecs
from pathlib import Path

import pcmsn
from pcmsn.data.splits import read_class_names, read_split
from pcmsn.files import read_text
from pcmsn.semantics.names_file import read_names_table
from pcmsn.semantics.word_vector_format import opened
from pcmsn.training.configuration import read_toml


def marked(path: Path, text: str) -> Path:
    path.write_bytes(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    return path


def test_text_lists_and_tables_are_read_as_if_it_were_not_there(tmp_path: Path) -> None:
    assert read_text(marked(tmp_path / "a.txt", "cat")) == "cat"
    assert read_class_names(marked(tmp_path / "unseen.txt", "cat\ndog\n")) == ("cat", "dog")
    assert read_toml(marked(tmp_path / "c.toml", "[training]\nepochs = 3\n")) == {"training": {"epochs": 3}}
    split = marked(tmp_path / "s.toml", 'train = ["a", "b"]\nval = ["c"]\ntest = ["d"]\n')
    assert read_split(split).train == ("a", "b")
    names = marked(tmp_path / "n.toml", '[synsets]\ncat = "cat.n.01"\n')
    assert read_names_table(names, "synsets", example="x") == {"cat": "cat.n.01"}


def test_word_vectors_begin_after_it(tmp_path: Path) -> None:
    rows = marked(tmp_path / "w.txt", "cat 1.0 2.0\ndog 3.0 4.0\n")
    with opened(rows) as (reader, layout):
        assert (layout.dim, layout.start) == (2, 3)
        assert reader.read(3) == b"cat"


def test_every_text_of_a_user_is_read_by_the_one_function() -> None:
    """Reads the source: ``read_text(encoding="utf-8")`` is for what the package brings along or wrote itself."""
    source = Path(pcmsn.__file__).parent
    for part in ("data", "semantics", "training/configuration.py"):
        place = source / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.name == "locations.py":  # the package's own list of downloads
                continue
            for line in path.read_text(encoding="utf-8").splitlines():
                assert 'read_text(encoding="utf-8")' not in line or "json.loads" in line, f"{path}: {line.strip()}"
