"""The demo's gallery."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from made_photos import write_photos
from stand_in_embedder import StandInEmbedder

from pcmsn.data.splits import Split
from pcmsn.gallery import loading
from pcmsn.gallery.demonstration import demo_gallery
from pcmsn.gallery.gallery import Gallery
from pcmsn.training.run_folder import RunFolder


def test_the_demos_gallery_has_the_unseen_classes_only_and_belongs_to_the_newest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ant", "bee", "cow"):
        write_photos(tmp_path / "toyworld" / "photo" / name, 2)
    split = Split(name="toy", train=("ant",), val=("bee",), test=("cow",))
    monkeypatch.setattr(RunFolder, "read_record", lambda self: SimpleNamespace(split=split))
    for fingerprint in ("a" * 64, "b" * 64):
        embedder = StandInEmbedder(fingerprint)
        monkeypatch.setattr(loading, "load_embedder", lambda *_, embedder=embedder, **__: embedder)
        location = demo_gallery(tmp_path, tmp_path / "run")
        with Gallery.open(location) as gallery:
            assert gallery.store.labels() == {"bee": 2, "cow": 2}
            assert gallery.store.identity.fingerprint == fingerprint
