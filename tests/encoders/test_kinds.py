"""The table of kinds: every class once, every synset in WordNet."""

from pathlib import Path

import pytest

from pcmsn.encoders.kinds import SOURCES, kind_of_class, read_kinds
from pcmsn.errors import DataError
from pcmsn.semantics.wordnet import open_wordnet

HEADER = "\t".join(("kind", "synset", *SOURCES))


def test_every_kind_means_something_in_wordnet() -> None:
    wordnet = open_wordnet()
    kinds = read_kinds()
    assert len({kind.name for kind in kinds}) == len(kinds) > 400
    for kind in kinds:
        assert wordnet.synset(kind.synset)
        for synset in kind.classes["imagenet"]:
            assert wordnet.canonical_name(synset) == synset
        assert any(kind.classes.values()), kind.name


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"quickdraw": "cell phone", "tu_berlin": "cell_phone", "caltech101": "cellphone"}, "cell phone"),
        ({"quickdraw": "motorbike", "sketchy": "motorcycle", "caltech101": "motorbikes".capitalize()}, "motorcycle"),
        ({"quickdraw": "car", "tu_berlin": "car_(sedan)", "caltech101": "car_side"}, "car"),
        ({"quickdraw": "pants", "tu_berlin": "trousers"}, "trousers"),
        ({"quickdraw": "airplane", "caltech101": "airplanes"}, "airplane"),
    ],
)
def test_names_of_one_thing_come_together(names: dict[str, str], kind: str) -> None:
    kinds = read_kinds()
    for source, name in names.items():
        rows = {key.lower(): row for key, row in kind_of_class(kinds, source).items()}
        assert kinds[rows[name.lower()]].name == kind


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["kind\tsynset"], "expected the columns kind, synset, quickdraw"),
        ([HEADER, "cat\tcat.n.01\tcat"], "'cat' has 3 columns, not 7"),
        ([HEADER, "a\ta.n.01\tcat\t\t\t\t", "b\tb.n.01\tdog + cat\t\t\t\t"], "'cat' belongs to 'a' and 'b'"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "kinds.tsv"
    path.write_text("# a remark\n" + "\n".join(lines))
    with pytest.raises(DataError, match=message):
        read_kinds(path)
