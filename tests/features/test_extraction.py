"""Every picture gets its own feature, once, whatever else is in the list and whatever is in the cache."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pcmsn.data.picture_files import PictureFile, files_of
from pcmsn.data.records import Pictures
from pcmsn.errors import BackboneError, CacheError, DataError
from pcmsn.features import extraction
from pcmsn.features.backbones.tiny import TinyBackbone
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.extraction import extract
from pcmsn.features.forward import Computation, Forward
from pcmsn.features.store import FeatureCache, FeatureRows
from pcmsn.in_order import in_order

Draw = Callable[..., Pictures]
MANY = [f"{number:03}.png" for number in range(41)]


def test_features_are_those_of_one_picture_at_a_time(draw: Draw, small_backbone: TinyBackbone) -> None:
    pictures = draw(*MANY[:7])
    features = extract(small_backbone, pictures, computation=Computation(batch_size=3))
    for index in range(7):
        pixels = torch.from_numpy(small_backbone.transform.decode(pictures.path(index)))[None]
        expected = small_backbone(small_backbone.transform.normalise(pixels))[0].numpy()
        np.testing.assert_allclose(features.values[index], expected, atol=1e-5)
    assert features.values.dtype == np.float32 and features.kept.tolist() == list(range(7))
    assert (features.computed, features.from_cache, features.unreadable) == (7, 0, ())


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (7, 3), (64, 2)])
def test_order_and_batches_do_not_matter(
    draw: Draw, small_backbone: TinyBackbone, batch_size: int, workers: int
) -> None:
    pictures = draw(*MANY)
    expected = extract(small_backbone, pictures).values
    order = np.random.default_rng(0).permutation(len(MANY))
    shuffled = extract(
        small_backbone, pictures.select(order), computation=Computation(batch_size=batch_size, workers=workers)
    ).values
    np.testing.assert_allclose(shuffled, expected[order], atol=1e-5)


def test_no_pictures_give_no_rows(draw: Draw, small_backbone: TinyBackbone, tmp_path: Path) -> None:
    features = extract(small_backbone, draw(), cache=FeatureCache(tmp_path / "cache"))
    assert features.values.shape == (0, small_backbone.feature_dim) and features.kept.shape == (0,)
    assert not (tmp_path / "cache").exists()


def test_the_second_time_everything_comes_from_the_cache(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    pictures, cache = draw(*MANY), FeatureCache(tmp_path / "cache")
    first = extract(small_backbone, pictures, cache=cache)
    second = extract(small_backbone, pictures, cache=cache)
    np.testing.assert_array_equal(first.values, second.values)
    assert (first.computed, first.from_cache) == (41, 0)
    assert (second.computed, second.from_cache) == (0, 41)


def test_a_changed_file_is_computed_again_and_a_moved_one_is_not(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    pictures, cache = draw("a.png", "b.png", "c.png"), FeatureCache(tmp_path / "cache")
    before = extract(small_backbone, pictures, cache=cache).values
    pictures.path(0).rename(pictures.folder / "moved.png")
    Image.new("RGB", (5, 5), "red").save(pictures.path(1))
    moved = Pictures("photo", pictures.folder, ("moved.png", "b.png", "c.png"), pictures.labels, pictures.classes)
    after = extract(small_backbone, moved, cache=cache)
    assert (after.computed, after.from_cache) == (1, 2)
    np.testing.assert_array_equal(after.values[[0, 2]], before[[0, 2]])
    assert not np.allclose(after.values[1], before[1])


def test_copies_of_a_file_are_computed_once(draw: Draw, small_backbone: TinyBackbone, tmp_path: Path) -> None:
    pictures = draw("a.png", "b.png", "c.png")
    pictures.path(2).write_bytes(pictures.path(0).read_bytes())
    for cache in (None, FeatureCache(tmp_path / "cache")):
        features = extract(small_backbone, pictures, cache=cache)
        assert features.computed == 2
        np.testing.assert_array_equal(features.values[0], features.values[2])
    assert extract(small_backbone, pictures, cache=cache).from_cache == 3


def test_unreadable_pictures_are_skipped_counted_and_listed(draw: Draw, small_backbone: TinyBackbone) -> None:
    pictures = draw(*MANY)
    pictures.path(3).write_text("no picture")
    pictures.path(40).unlink()
    features = extract(small_backbone, pictures, computation=Computation(batch_size=4))
    assert features.unreadable == (
        ("003.png", "not a picture in any format that Pillow reads"),
        ("040.png", "No such file or directory"),
    )
    assert features.kept.tolist() == [i for i in range(41) if i not in (3, 40)]
    np.testing.assert_allclose(
        features.values, extract(small_backbone, pictures.select(features.kept)).values, atol=1e-5
    )
    assert features.computed == 39


def test_too_many_unreadable_pictures_stop_the_run(draw: Draw, small_backbone: TinyBackbone, tmp_path: Path) -> None:
    pictures, cache = draw(*MANY), FeatureCache(tmp_path / "cache")
    for index in (30, 35, 38):
        pictures.path(index).write_bytes(b"" if index == 30 else bytes([index]))
    message = (
        r"at least 3 of 41 photo pictures in .* are unreadable, more than 5%: 030.png \(the file is empty\); 035.png "
        r"\(not a picture.*; repair or remove"
    )
    with pytest.raises(DataError, match=message):
        extract(small_backbone, pictures, cache=cache, computation=Computation(batch_size=8))
    assert len(cache.open(small_backbone)) >= 24  # what was computed before is kept


def test_every_copy_of_an_unreadable_file_is_listed(draw: Draw, small_backbone: TinyBackbone) -> None:
    pictures = draw(*MANY)
    for index in (1, 2):
        pictures.path(index).write_bytes(b"broken")
    assert [name for name, _ in extract(small_backbone, pictures).unreadable] == ["001.png", "002.png"]


def test_progress_rises_to_the_number_of_pictures(draw: Draw, small_backbone: TinyBackbone, tmp_path: Path) -> None:
    pictures, cache, calls = draw(*MANY), FeatureCache(tmp_path / "cache"), []
    extract(small_backbone, pictures.select(range(10)), cache=cache)
    pictures.path(20).write_bytes(b"broken")
    pictures.path(30).write_bytes(pictures.path(31).read_bytes())
    extract(
        small_backbone,
        pictures,
        cache=cache,
        computation=Computation(batch_size=8),
        progress=lambda stage, done, total, detail="": calls.append((done, total)),
    )
    assert calls[0] == (0, 41) and calls[-1] == (41, 41)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_rows_are_written_while_the_extraction_runs(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    append = FeatureRows.append

    def counting(rows: FeatureRows, contents: list[bytes], values: np.ndarray) -> None:
        sizes.append(len(contents))
        append(rows, contents, values)

    monkeypatch.setattr(FeatureRows, "append", counting)
    monkeypatch.setattr(extraction, "ROWS_PER_BLOCK", 16)
    extract(small_backbone, draw(*MANY), cache=FeatureCache(tmp_path / "cache"), computation=Computation(batch_size=8))
    assert sizes == [16, 16, 9]


def test_an_interruption_keeps_what_was_computed(draw: Draw, small_backbone: TinyBackbone, tmp_path: Path) -> None:
    pictures, cache = draw(*MANY), FeatureCache(tmp_path / "cache")

    def interrupt(stage: str, done: int, *_: object) -> None:
        if done >= 24:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(small_backbone, pictures, cache=cache, computation=Computation(batch_size=8), progress=interrupt)
    assert extract(small_backbone, pictures, cache=cache).from_cache == 24
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("extraction")]


def test_a_cache_that_can_not_be_written_stops_the_run(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CacheError, match="--cache FOLDER"):
        extract(small_backbone, draw("a.png"), cache=FeatureCache(tmp_path / "cache"))


def test_a_feature_is_stored_under_the_content_that_it_was_computed_from(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is read once: a change while an extraction runs cannot put one picture's feature under another's name."""
    pictures, cache = draw("a.png", "b.png"), FeatureCache(tmp_path / "cache")
    expected = extract(small_backbone, pictures).values
    plain, reads = Path.read_bytes, []

    def changing(path: Path) -> bytes:
        content = plain(path)
        if path.parent == pictures.folder:
            reads.append(path.name)
            path.write_bytes(b"changed")
        return content

    monkeypatch.setattr(Path, "read_bytes", changing)
    np.testing.assert_array_equal(extract(small_backbone, pictures, cache=cache).values, expected)
    assert sorted(reads) == ["a.png", "b.png"]


def test_a_worker_holds_the_pixels_of_one_batch_only(
    draw: Draw, small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, used, waiting = [], [], []
    decode, normalise = Transform.decode_bytes, Transform.normalise

    def counting_decode(self: Transform, content: bytes, path: Path) -> np.ndarray:
        decoded.append(path)
        return decode(self, content, path)

    def counting_normalise(self: Transform, pixels: torch.Tensor) -> torch.Tensor:
        waiting.append(len(decoded) - len(used))
        used.extend(range(len(pixels)))
        return normalise(self, pixels)

    monkeypatch.setattr(Transform, "decode_bytes", counting_decode)
    monkeypatch.setattr(Transform, "normalise", counting_normalise)
    extract(small_backbone, draw(*MANY), computation=Computation(batch_size=4, workers=2))
    assert max(waiting) <= 2 * 4


def test_torchs_number_of_threads_is_as_it_was(draw: Draw, small_backbone: TinyBackbone) -> None:
    before = torch.get_num_threads()
    extract(small_backbone, draw(*MANY[:8]), computation=Computation(batch_size=2, workers=3))
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *seen] == [before, before]


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_order_however_long_they_take(workers: int) -> None:
    running: list[int] = []
    most: list[int] = []

    def job(number: int) -> int:
        running.append(number)
        most.append(len(running))
        time.sleep(0.002 * (number % 3))
        running.remove(number)
        return number

    with ThreadPoolExecutor(workers) as pool:
        jobs = (partial(job, number) for number in range(20))
        assert list(in_order(pool, jobs, ahead=5)) == list(range(20))
        assert list(in_order(pool, iter(()), ahead=5)) == []
    assert max(most) <= workers


def test_features_that_are_not_finite_are_refused_and_not_cached(draw: Draw, tmp_path: Path) -> None:
    broken = TinyBackbone.untrained(0)
    broken.network.mixing[3].bias.data.fill_(float("nan"))
    cache = FeatureCache(tmp_path / "cache")
    with pytest.raises(BackboneError, match="features that are not finite; its weights are damaged"):
        extract(broken, draw("a.png"), cache=cache)
    assert len(cache.open(broken)) == 0


@pytest.fixture
def as_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding workers feed one thread, as where the network does not share the cores; the device is the CPU still."""
    monkeypatch.setattr(Computation, "on_cpu", property(lambda self: False))


@pytest.mark.usefixtures("as_on_a_device")
@pytest.mark.parametrize(("batch_size", "workers"), [(1, 3), (7, 2), (64, 1)])
def test_a_feeding_thread_gives_the_same_features_in_the_same_order(
    draw: Draw, small_backbone: TinyBackbone, tmp_path: Path, batch_size: int, workers: int
) -> None:
    pictures, cache = draw(*MANY), FeatureCache(tmp_path / "cache")
    expected = np.stack([extract(small_backbone, pictures.select([index])).values[0] for index in range(41)])
    pictures.path(3).write_bytes(b"broken")
    computation = Computation(batch_size=batch_size, workers=workers)
    for computed in (40, 0):
        found = extract(small_backbone, pictures, cache=cache, computation=computation)
        assert (found.computed, found.from_cache) == (computed, 40 - computed)
        assert [name for name, _ in found.unreadable] == ["003.png"]
        np.testing.assert_allclose(found.values, np.delete(expected, 3, axis=0), atol=1e-5)


@pytest.mark.usefixtures("as_on_a_device")
def test_the_network_runs_in_one_thread_while_others_decode(
    draw: Draw, small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[str]] = {"forward": set(), "decode": set()}
    start, decode = Forward.start, Transform.decode_bytes

    def started(self: Forward, pixels: torch.Tensor) -> object:
        threads["forward"].add(threading.current_thread().name)
        return start(self, pixels)

    def decoded(self: Transform, content: bytes, path: Path) -> np.ndarray:
        threads["decode"].add(threading.current_thread().name)
        time.sleep(0.001)
        return decode(self, content, path)

    monkeypatch.setattr(Forward, "start", started)
    monkeypatch.setattr(Transform, "decode_bytes", decoded)
    extract(small_backbone, draw(*MANY), computation=Computation(batch_size=2, workers=3))
    assert threads["forward"] == {"feeding_0"}
    assert len(threads["decode"]) > 1 and all(name.startswith("extraction") for name in threads["decode"])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("extraction", "feeding"))]


@pytest.mark.usefixtures("as_on_a_device")
def test_an_error_of_the_feeding_thread_reaches_the_caller(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = TinyBackbone.untrained(0)
    broken.network.mixing[3].bias.data.fill_(float("nan"))
    with pytest.raises(BackboneError, match="not finite"):
        extract(broken, draw(*MANY), computation=Computation(batch_size=2, workers=2))
    monkeypatch.setattr(Forward, "start", lambda self, pixels: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        extract(TinyBackbone.untrained(0), draw(*MANY), computation=Computation(batch_size=2, workers=2))


@pytest.mark.parametrize("device", ["cpu", "elsewhere"])
def test_a_stream_is_taken_only_as_fast_as_it_is_worked_through(
    draw: Draw, small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    """Then only a few batches are in memory, whatever the number of files."""
    if device == "elsewhere":
        monkeypatch.setattr(Computation, "on_cpu", property(lambda self: False))
    pictures = draw(*MANY)
    asked: list[int] = []

    def batches() -> Iterator[list[PictureFile]]:
        for number, file in enumerate(files_of(pictures)):
            asked.append(number)
            yield [file]

    taken = 0
    stream = extraction.stream_features(small_backbone, batches(), computation=Computation(batch_size=1, workers=2))
    for batch in stream:
        assert [file.name for file in batch.files] == [MANY[taken]]
        taken += 1
        time.sleep(0.001)
        assert len(asked) <= taken + 8
    assert taken == 41


def test_a_name_that_no_file_can_have_is_an_unreadable_picture(small_backbone: TinyBackbone) -> None:
    batches = [[PictureFile("odd", Path("a\0b"))]]
    [batch] = extraction.stream_features(small_backbone, batches)
    assert batch.values.shape == (0, 8) and [position for position, _ in batch.unreadable] == [0]
