"""A network on its device: chosen sizes, precision, compilation, and what is said when the memory does not suffice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pcmsn.data.records import Pictures
from pcmsn.errors import BackboneError, ConfigError
from pcmsn.features.backbones.tiny import TinyBackbone
from pcmsn.features.extraction import extract
from pcmsn.features.forward import Computation, Forward, suitable_precision
from pcmsn.features.store import FeatureCache

PIXELS = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_batches_are_sized_to_the_device_unless_they_are_given() -> None:
    sizes = {device: Computation(device=device).chosen_batch_size() for device in ("cpu", "cuda", "cuda:1", "mps")}
    assert sizes == {"cpu": 16, "cuda": 256, "cuda:1": 256, "mps": 64}
    assert Computation(device="cuda", batch_size=5).chosen_batch_size() == 5


@pytest.mark.parametrize(("batch_size", "workers"), [(0, None), (None, 0), (-1, 4)])
def test_a_batch_size_or_worker_count_below_one_is_refused(batch_size: int | None, workers: int | None) -> None:
    with pytest.raises(ConfigError, match=f"batch_size and workers must be at least 1, got {batch_size} and {workers}"):
        Computation(batch_size=batch_size, workers=workers)


def test_half_precision_is_for_cuda_and_bfloat16_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    assert suitable_precision("cpu") == suitable_precision("mps") == "32"
    for supported, expected in ((True, "bf16"), (False, "16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda supported=supported: supported)
        assert suitable_precision("cuda:0") == expected


def test_bfloat16_features_are_near_and_not_the_same(small_backbone: TinyBackbone) -> None:
    whole = Forward(small_backbone, Computation()).start(PIXELS)()
    half = Forward(small_backbone, Computation(precision="bf16")).start(PIXELS)()
    assert half.dtype == np.float32 and not np.array_equal(half, whole)
    np.testing.assert_allclose(half, whole, rtol=0.05, atol=0.02)


def test_features_of_another_precision_have_rows_of_their_own(
    draw: Callable[..., Pictures], small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    pictures, cache = draw("a.png"), FeatureCache(tmp_path)
    whole = extract(small_backbone, pictures, cache=cache)
    half = extract(small_backbone, pictures, cache=cache, computation=Computation(precision="bf16"))
    again = extract(small_backbone, pictures, cache=cache, computation=Computation(precision="bf16"))
    assert (half.from_cache, again.from_cache) == (0, 1)
    assert not np.array_equal(whole.values, half.values)
    np.testing.assert_array_equal(again.values, half.values)


@pytest.mark.parametrize("text", ["CUDA out of memory. Tried to", "DefaultCPUAllocator: can't allocate memory: you"])
def test_a_lack_of_memory_names_a_batch_size_to_try(small_backbone: TinyBackbone, text: str) -> None:
    forward = Forward(small_backbone, Computation())

    def full(pixels: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(text)

    forward._network = full
    with pytest.raises(BackboneError, match="not enough memory for 3 pictures at a time; .* --batch-size 1"):
        forward.start(PIXELS)


def test_any_other_failure_stays_as_it_is(small_backbone: TinyBackbone) -> None:
    forward = Forward(small_backbone, Computation())
    with pytest.raises(RuntimeError):
        forward.start(PIXELS[..., :2])


def test_a_compiled_network_sees_one_batch_size_and_gives_the_rows_that_were_asked_for(
    small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def compiled(network: TinyBackbone, **options: object) -> object:
        def run(pixels: torch.Tensor) -> torch.Tensor:
            sizes.append(len(pixels))
            return network(pixels)

        return run

    monkeypatch.setattr(torch, "compile", compiled)
    forward = Forward(small_backbone, Computation(batch_size=5, compiled=True))
    forward.compile()
    found = forward.start(PIXELS)()
    assert sizes == [5, 5] and found.shape == (3, 8)
    np.testing.assert_allclose(found, Forward(small_backbone, Computation()).start(PIXELS)(), atol=1e-5)


def test_a_compiler_that_is_missing_is_named(
    draw: Callable[..., Pictures], small_backbone: TinyBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(network: TinyBackbone, **options: object) -> object:
        def run(pixels: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nmany more lines")

        return run

    monkeypatch.setattr(torch, "compile", compiled)
    message = r"torch cannot compile tiny .* here \(InvalidCxxCompiler: No .* found\); it needs .* leave out --compile"
    with pytest.raises(BackboneError, match=message):
        extract(small_backbone, draw("a.png"), computation=Computation(compiled=True))
