"""The Python API: open, add, search, with the model loaded when it is needed and checked against the gallery."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_photos import write_photos
from PIL import Image
from stand_in_embedder import StandInEmbedder

from pcmsn import Gallery
from pcmsn.errors import GalleryError
from pcmsn.gallery import loading
from pcmsn.gallery.planning import label_from_folder


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> dict[str, StandInEmbedder]:
    """Embedders by run folder name; whatever is loaded comes from here."""
    embedders: dict[str, StandInEmbedder] = {}

    def load(run: Path, **_: object) -> StandInEmbedder:
        embedder = StandInEmbedder(fingerprint=("b" if run.name == "other" else "a") * 64)
        embedder.identity = replace(embedder.identity, run=str(run))
        return embedders.setdefault(run.name, embedder)

    monkeypatch.setattr(loading, "load_embedder", load)
    return embedders


def test_photos_are_added_found_and_removed(tmp_path: Path, loaded: dict[str, StandInEmbedder]) -> None:
    (tmp_path / "run").mkdir()
    tree, *others = write_photos(tmp_path / "photos" / "tree", 8)
    write_photos(tmp_path / "photos" / "house", 8, seed=1)
    with Gallery.open(tmp_path / "g", run=tmp_path / "run") as gallery:
        assert gallery.add(tmp_path / "photos", label_from_folder).added == 16
        assert len(gallery) == 16
    with Gallery.open(tmp_path / "g") as gallery:
        for sketch in (tree, str(tree), tree.read_bytes(), Image.open(tree)):
            hits = gallery.search(sketch, k=3)
            assert hits[0].photo.path == str(tree) and hits[0].distance == 0.0 and len(hits) == 3
        assert {hit.photo.label for hit in gallery.search(tree, label="house")} == {"house"}
        others[0].unlink()
        assert gallery.add([str(tmp_path / "photos")]).missing == 1
        assert gallery.add([str(tmp_path / "photos")], prune=True).removed == 1
        assert len(gallery.search(tree, k=100)) == 15
        assert gallery.store.labels() == {"house": 8, "tree": 7}


def test_a_tilde_stands_for_the_home_folder_wherever_a_path_is_passed(
    tmp_path: Path, loaded: dict[str, StandInEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "run").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(elsewhere)
    photo, *_ = write_photos(home / "Pictures", 3)
    with Gallery.open("~/g", run="~/run") as gallery:
        assert gallery.add("~/Pictures").added == 3
        assert gallery.add(["~/Pictures", Path("~/Pictures/0000.png")]).unchanged == 3
        assert gallery.search("~/Pictures/0000.png", k=1)[0].photo.path == str(photo)
    assert (home / "g").is_file() and not list(elsewhere.iterdir())


def test_the_model_is_loaded_when_it_is_first_needed_and_once(
    tmp_path: Path, loaded: dict[str, StandInEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    Gallery.open(tmp_path / "g", run=tmp_path / "run").close()
    loads = []
    load = loading.load_embedder
    monkeypatch.setattr(loading, "load_embedder", lambda run, **options: (loads.append(run), load(run, **options))[1])
    with Gallery.open(tmp_path / "g") as gallery:
        assert len(gallery) == 0 and loads == []
        assert gallery.embedder is gallery.embedder
    assert loads == [tmp_path / "run"]


def test_a_drawing_in_a_corner_is_found_with_its_ink_fitted(tmp_path: Path, loaded: dict[str, StandInEmbedder]) -> None:
    small = Image.new("RGB", (40, 40), "white")
    small.paste("black", (0, 0, 40, 10))
    small.paste("black", (0, 0, 10, 40))
    canvas = Image.new("RGB", (400, 400), "white")
    canvas.paste(small, (350, 350))
    framed = Image.new("RGB", (48, 48), "white")
    framed.paste(small, (4, 4))
    write_photos(tmp_path / "p", 5)
    framed.save(tmp_path / "p" / "framed.png")
    with Gallery.open(tmp_path / "g", run=tmp_path / "run") as gallery:
        gallery.add(tmp_path / "p")
        assert gallery.search(canvas, k=1, fit="ink")[0].distance == 0.0
        assert gallery.search(canvas, k=1)[0].distance > 0.1


def test_another_run_is_refused_and_a_gallery_is_not_made_where_none_was_asked_for(
    tmp_path: Path, loaded: dict[str, StandInEmbedder]
) -> None:
    with pytest.raises(GalleryError, match="no gallery at"):
        Gallery.open(tmp_path / "g", create=False)
    with pytest.raises(GalleryError, match="no gallery at"):
        Gallery.open(tmp_path / "g", run=tmp_path / "run", create=False)
    assert list(tmp_path.iterdir()) == []
    Gallery.open(tmp_path / "g", run=tmp_path / "run").close()
    with pytest.raises(GalleryError, match="was made by another model"):
        Gallery.open(tmp_path / "g", run=tmp_path / "other")


def test_a_new_gallery_takes_the_model_in_the_box_where_none_is_named(
    tmp_path: Path, loaded: dict[str, StandInEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery.open(tmp_path / "g") as gallery:
        assert len(gallery) == 0 and (tmp_path / "g").is_file()
    monkeypatch.setattr("pcmsn.gallery.gallery.packaged_encoders", list)
    with pytest.raises(GalleryError, match="no gallery at"):
        Gallery.open(tmp_path / "other")


def test_a_run_that_is_gone_or_was_trained_anew_is_an_error_that_says_so(
    tmp_path: Path, loaded: dict[str, StandInEmbedder]
) -> None:
    Gallery.open(tmp_path / "g", run=tmp_path / "run").close()
    with Gallery.open(tmp_path / "g") as gallery, pytest.raises(GalleryError, match="say where it is now: --run RUN"):
        gallery.search(Image.new("RGB", (8, 8)))
    (tmp_path / "run").mkdir()
    loaded["run"].identity = StandInEmbedder("c" * 64).identity
    with Gallery.open(tmp_path / "g") as gallery:
        sketch = write_photos(tmp_path / "p", 1)[0]
        with pytest.raises(GalleryError, match=r"the run at .*run is another model now \(cccccccccccc\)"):
            gallery.search(sketch)


def test_the_python_of_the_guide_runs(
    tmp_path: Path,
    loaded: dict[str, StandInEmbedder],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    guide = Path(__file__).parents[2] / "docs" / "gallery.md"
    (code,) = re.findall(r"```py\n(.*?)```", guide.read_text(encoding="utf-8"), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    photo, *_ = write_photos(tmp_path / "Pictures", 3)
    photo.rename(tmp_path / "sketch.png")
    exec(compile(code, guide.name, "exec"), {})
    added, *hits = capsys.readouterr().out.splitlines()
    assert added == "2 ()"
    found = sorted(line.split()[1:] for line in hits)
    assert found == [["Pictures", str(tmp_path / "Pictures" / name)] for name in ("0001.png", "0002.png")]


def test_importing_the_package_and_the_gallery_imports_neither_torch_nor_faiss() -> None:
    code = "import sys, pcmsn; pcmsn.Gallery; print({'torch', 'faiss', 'pymilvus'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    with pytest.raises(AttributeError, match="module 'pcmsn' has no attribute 'Galery'"):
        import pcmsn

        pcmsn.Galery  # noqa: B018
