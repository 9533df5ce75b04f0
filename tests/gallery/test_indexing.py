"""Indexing that is killed at any moment: the file opens again, what was committed is there, a second run completes."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from made_photos import write_photos
from stand_in_embedder import StandInEmbedder

from pcmsn.gallery.indexing import index_photos
from pcmsn.gallery.planning import fixed_label, plan
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import SearchSettings

KILLS = 20
PHOTOS = 400

INDEXES = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from pcmsn.gallery import indexing
from pcmsn.gallery.planning import fixed_label, plan
from pcmsn.gallery.sqlite.store import SqliteStore
from stand_in_embedder import StandInEmbedder
indexing.PHOTOS_A_COMMIT = 8
embedder = StandInEmbedder()
store = SqliteStore.open(sys.argv[1], identity=embedder.identity, writable=True)
upsert = store.upsert
def told(photos):
    upsert(photos)
    print(json.dumps([photo.record.photo_id for photo in photos]), flush=True)
store.upsert = told
print("ready", flush=True)
indexing.index_photos(plan([Path(sys.argv[2])], store, label_of=fixed_label(None)), store, embedder)
"""


def test_after_a_kill_at_any_moment_every_committed_photo_is_there_and_the_next_run_completes(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", PHOTOS)
    arguments = [str(tmp_path / "g"), str(tmp_path / "photos"), str(Path(__file__).parent)]
    generator = random.Random(0)
    committed: set[str] = set()
    stopped_midway = 0
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", INDEXES, *arguments], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0, 0.06))
            process.kill()
            whole = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        committed |= {photo_id for line in whole for photo_id in json.loads(line)}
        with SqliteStore.open(str(tmp_path / "g")) as store:
            there = {file.photo_id for file in store.known_files()}
            assert committed <= there
            some = StandInEmbedder().embed_sketches([])
            assert store.search(some, SearchSettings()) == []
            assert all(store.thumbnail(photo_id) for photo_id in there)
        stopped_midway += len(there) < PHOTOS
    assert stopped_midway >= 3, "the kills came too late to try anything"
    embedder = StandInEmbedder()
    with SqliteStore.open(str(tmp_path / "g"), identity=embedder.identity, writable=True) as store:
        report = index_photos(plan([tmp_path / "photos"], store, label_of=fixed_label(None)), store, embedder)
        assert report.added == PHOTOS - len(there) and report.unchanged == len(there)
        assert len(store) == PHOTOS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g", "photos"]
