"""What is read from the cache is what was written for the same network, transform and content, or nothing."""

import errno
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from pcmsn.errors import CacheError, PcmsnWarning
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone
from pcmsn.features.store import FeatureCache, FeatureRows, content_hash

DIM = 8
A, B, C = (content_hash(name) for name in (b"a", b"b", b"c"))


def values(*firsts: float) -> NDArray[np.float32]:
    return np.array([[first] + [0.5] * (DIM - 1) for first in firsts], dtype=np.float32)


def read_all(rows: FeatureRows, contents: list[bytes]) -> dict[bytes, float]:
    """First value of each feature."""
    found = {}
    for block_contents, features in rows.read(contents):
        assert features.shape == (len(block_contents), DIM) and features.dtype == np.float32
        found.update(zip(block_contents, features[:, 0].tolist(), strict=True))
    return found


def blocks(root: Path) -> list[Path]:
    return sorted(root.rglob("*.safetensors"))


def test_rows_come_back_under_their_contents(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    FeatureCache(tmp_path).open(small_backbone).append([A, B], values(1, 2))
    FeatureCache(tmp_path).open(small_backbone).append([C], values(3))
    rows = FeatureCache(tmp_path).open(small_backbone)
    assert len(rows) == 3 and A in rows and content_hash(b"d") not in rows
    assert read_all(rows, [C, A]) == {C: 3.0, A: 1.0}


def test_rows_can_be_read_right_after_they_were_written(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    rows.append([A], values(1))
    assert read_all(rows, [A]) == {A: 1.0}


def test_an_empty_cache_reads_nothing_and_makes_no_folder(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    rows = FeatureCache(tmp_path / "cache").open(small_backbone)
    rows.append([], values())
    assert len(rows) == 0 and read_all(rows, []) == {}
    assert not (tmp_path / "cache").exists()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 30), unique=True, max_size=6), max_size=6))
def test_any_sequence_of_writes_reads_like_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, small_backbone: TinyBackbone, batches: list[list[int]]
) -> None:
    root = tmp_path_factory.mktemp("cache")
    expected = {}
    for batch in batches:
        names = [content_hash(str(number).encode()) for number in batch]
        FeatureCache(root).open(small_backbone).append(names, values(*batch))
        expected.update(zip(names, map(float, batch), strict=True))
    assert read_all(FeatureCache(root).open(small_backbone), list(expected)) == expected


def test_another_network_has_rows_of_its_own(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    FeatureCache(tmp_path).open(small_backbone).append([A], values(1))
    other = TinyBackbone.untrained(1, small_backbone.network.architecture)
    assert A not in FeatureCache(tmp_path).open(other)
    larger = TinyBackbone(small_backbone.network)
    larger.transform = TinyArchitecture(input_size=32).transform
    assert A not in FeatureCache(tmp_path).open(larger)


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "empty":
        content = bytearray()
    elif how == "truncated":
        del content[-5:]
    elif how == "one bit":
        content[-3] ^= 1
    elif how == "header":
        content[3] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["empty", "truncated", "one bit", "header"])
def test_a_damaged_block_is_set_aside_and_its_rows_are_missing(
    tmp_path: Path, small_backbone: TinyBackbone, how: str
) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    rows.append([A], values(1))
    [damaged] = blocks(tmp_path)
    rows.append([B], values(2))
    damage(damaged, how)
    with pytest.warns(PcmsnWarning, match=r"1 damaged files in the feature cache .* set aside .* computed again"):
        rows = FeatureCache(tmp_path).open(small_backbone)
    assert rows.damaged_blocks == 1 and A not in rows and read_all(rows, [B]) == {B: 2.0}
    assert not damaged.exists() and damaged.with_suffix(".damaged").exists()
    rows.append([A], values(1))
    assert read_all(FeatureCache(tmp_path).open(small_backbone), [A]) == {A: 1.0}


@pytest.mark.parametrize("field", ["version", "fingerprint", "transform"])
def test_a_block_of_another_kind_is_refused(tmp_path: Path, small_backbone: TinyBackbone, field: str) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    rows.append([A], values(1))
    [path] = blocks(tmp_path)
    kind = {"version": "1", "fingerprint": small_backbone.fingerprint, "transform": small_backbone.transform.key}
    save_file(load_file(path), path, {**kind, field: "99"})
    with pytest.raises(
        CacheError, match=rf"not of this cache: its {field} is 99, expected .*; remove .* --cache FOLDER"
    ):
        FeatureCache(tmp_path).open(small_backbone)


def test_features_of_another_length_are_refused(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    with pytest.raises(CacheError, match=r"1 rows of 8 float32 values were expected, got \(1, 9\)"):
        rows.append([A], np.zeros((1, 9), dtype=np.float32))
    rows.feature_dim = 9
    rows.append([A], np.zeros((1, 9), dtype=np.float32))
    with pytest.raises(CacheError, match=r"holds features of shape \(1, 9\), expected \(1, 8\); remove the folder"):
        FeatureCache(tmp_path).open(small_backbone)


def test_a_full_disk_says_how_much_was_needed_and_leaves_nothing(
    tmp_path: Path, small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    rows = FeatureCache(tmp_path).open(small_backbone)
    monkeypatch.setattr("pcmsn.data.atomic.os.fsync", full)
    message = rf"could not write [\d,]+ bytes to {tmp_path}.*No space left on device; free .* --cache FOLDER"
    with pytest.raises(CacheError, match=message):
        rows.append([A], values(1))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert A not in rows


def test_a_root_that_is_a_file_is_refused(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(CacheError, match=r"could not write .* bytes to .*cache"):
        FeatureCache(tmp_path / "cache").open(small_backbone).append([A], values(1))


def test_half_written_files_are_never_read_and_go_when_they_are_old(
    tmp_path: Path, small_backbone: TinyBackbone
) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    rows.append([A], values(1))
    young, old = rows.folder / "young.partial", rows.folder / "old.partial"
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assert len(FeatureCache(tmp_path).open(small_backbone)) == 1
    assert young.exists() and not old.exists()


def test_a_block_that_vanishes_is_an_error_of_ours(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    rows = FeatureCache(tmp_path).open(small_backbone)
    rows.append([A], values(1))
    blocks(tmp_path)[0].unlink()
    with pytest.raises(CacheError, match=r"cannot be read any more: .*; start the command again"):
        read_all(rows, [A])


def _write_many(root: Path, numbers: range) -> None:
    torch.set_num_threads(1)
    backbone = TinyBackbone.untrained(0, TinyArchitecture(input_size=16, widths=(4, 8)))
    rows = FeatureCache(root).open(backbone)
    for number in numbers:
        rows.append([content_hash(str(number).encode())], values(number))


def test_processes_that_write_at_once_do_no_damage(tmp_path: Path, small_backbone: TinyBackbone) -> None:
    context = multiprocessing.get_context("fork")
    ranges = (range(0, 30), range(15, 45))  # they share half of their rows
    processes = [context.Process(target=_write_many, args=(tmp_path, numbers)) for numbers in ranges]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    rows = FeatureCache(tmp_path).open(small_backbone)
    expected = {content_hash(str(number).encode()): float(number) for number in range(45)}
    assert read_all(rows, list(expected)) == expected
    assert not list(tmp_path.rglob("*.partial"))
