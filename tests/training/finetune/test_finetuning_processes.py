"""Number formats and batch sizes by device."""

import ast
from pathlib import Path

import pytest
import torch

import pcmsn
from pcmsn.training.finetune.processes import number_format, smaller_batch


def test_mixed_bf16_is_for_cuda_devices_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for capability, expected in (((7, 5), "32-true"), ((8, 0), "bf16-mixed"), ((9, 0), "bf16-mixed")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda capability=capability: capability)
        assert number_format("auto", "cuda") == expected
    assert number_format("auto", "mps") == "32-true"
    assert [number_format(given, "cpu") for given in ("32", "bf16-mixed")] == ["32-true", "bf16-mixed"]


@pytest.mark.parametrize(
    ("avx512", "amx", "expected"),
    [(False, False, "32-true"), (True, False, "bf16-mixed"), (False, True, "bf16-mixed")],
)
def test_mixed_bf16_is_for_cpus_with_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    assert number_format("auto", "cpu") == expected


def test_a_torch_that_cannot_say_what_the_cpu_has_computes_in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert number_format("auto", "cpu") == "32-true"


@pytest.mark.parametrize(
    ("batch_size", "parts", "processes", "expected"),
    [(32, 1, 1, 16), (12, 2, 2, 4), (4, 2, 2, None), (3, 1, 1, 2), (2, 1, 1, None), (6, 1, 3, 3), (3, 1, 3, None)],
)
def test_a_smaller_batch_can_be_divided_too(batch_size: int, parts: int, processes: int, expected: int | None) -> None:
    assert smaller_batch(batch_size, parts, processes) == expected


def test_nothing_names_a_device_of_its_own() -> None:
    """The device is an argument: no tensor and no module is sent to CUDA by a method that can mean nothing else."""
    found = [
        f"{path}:{node.lineno}"
        for path in sorted(Path(pcmsn.__file__).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cuda"
    ]
    assert not found
