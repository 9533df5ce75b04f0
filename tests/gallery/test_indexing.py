"""Indexing that is killed at any moment: the file opens again, what was committed is there, a second run completes."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from made_photos import write_photos
from PIL import Image
from stand_in_embedder import StandInEmbedder

from pcmsn.gallery.indexing import index_photos
from pcmsn.gallery.planning import fixed_label, plan
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import SearchSettings

KILLS = 20
PHOTOS = 1600
COMMITS_BEFORE_A_KILL = 5
SECONDS_AFTER_THEM = 0.02

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
todo = plan([Path(sys.argv[2])], store, label_of=fixed_label(None))
print("ready", flush=True)
indexing.index_photos(todo, store, embedder)
"""


def test_after_twenty_kills_in_the_middle_every_committed_photo_is_there_and_the_next_run_completes(
    tmp_path: Path,
) -> None:
    first, *_ = write_photos(tmp_path / "photos", PHOTOS)
    arguments = [str(tmp_path / "g"), str(tmp_path / "photos"), str(Path(__file__).parent)]
    query = StandInEmbedder().embed_sketches([Image.open(first)])
    generator = random.Random(0)
    committed: set[str] = set()
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", INDEXES, *arguments], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            told = [process.stdout.readline() for _ in range(generator.randrange(COMMITS_BEFORE_A_KILL))]
            time.sleep(generator.uniform(0, SECONDS_AFTER_THEM))
            process.kill()
            told += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        committed |= {photo_id for line in told for photo_id in json.loads(line)}
        with SqliteStore.open(str(tmp_path / "g")) as store:
            there = {file.photo_id for file in store.known_files()}
            assert committed <= there
            assert len(there) < PHOTOS, "the kill came too late to be in the middle; take more photos"
            (hits,) = store.search(query, SearchSettings(k=PHOTOS))
            assert {hit.photo.photo_id for hit in hits} == there
            assert all(store.thumbnail(photo_id) for photo_id in there)
    embedder = StandInEmbedder()
    with SqliteStore.open(str(tmp_path / "g"), identity=embedder.identity, writable=True) as store:
        report = index_photos(plan([tmp_path / "photos"], store, label_of=fixed_label(None)), store, embedder)
        assert report.added == PHOTOS - len(there) and report.unchanged == len(there)
        assert len(store) == PHOTOS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g", "photos"]
