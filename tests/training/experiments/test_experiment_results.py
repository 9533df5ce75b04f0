from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pcmsn.errors import ConfigError
from pcmsn.training.config import RunConfig
from pcmsn.training.experiments import results
from pcmsn.training.experiments.results import Job, ResultFiles, plain_values


@dataclass(frozen=True)
class First:
    rate: float = 0.1


@dataclass(frozen=True)
class Second:
    rate: float = 0.1


def compute(job: Job) -> dict[str, Any]:
    return {}


def other(job: Job) -> dict[str, Any]:
    return {}


def files(folder: Path, inputs: str = "data") -> ResultFiles:
    return ResultFiles(folder, compute, inputs)


def test_everything_that_decides_a_result_changes_the_key(tmp_path: Path) -> None:
    job = Job(name="a", settings={"config": RunConfig(), "method": First()}, seed=1)
    config = replace(RunConfig(), model=replace(RunConfig().model, dropout=0.4))
    keys = [
        files(tmp_path).key(job),
        files(tmp_path).key(replace(job, seed=2)),
        files(tmp_path).key(replace(job, settings={"config": config, "method": First()})),
        files(tmp_path).key(replace(job, settings={"config": RunConfig(), "method": First(0.2)})),
        files(tmp_path).key(replace(job, settings={"config": RunConfig(), "method": Second()})),
        files(tmp_path, "other data").key(job),
        ResultFiles(tmp_path, other, "data").key(job),
    ]
    assert len(set(keys)) == len(keys)


def test_changed_code_changes_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(name="a", settings=First())
    before = files(tmp_path).key(job)
    monkeypatch.setattr(results, "code_fingerprint", lambda: "other code")
    assert files(tmp_path).key(job) != before


@pytest.mark.parametrize(
    ("name", "counts"),
    [("losses/adversarial.py", True), ("training/step.py", True), ("training/finetune/loop.py", False)],
)
def test_code_counts_where_it_decides_a_result_of_given_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    root = tmp_path / "pcmsn"
    for path in ("__init__.py", name):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("", encoding="utf-8")
    monkeypatch.setattr(results.pcmsn, "__file__", str(root / "__init__.py"))
    before = results.code_fingerprint.__wrapped__()
    (root / name).write_text("changed = True\n", encoding="utf-8")
    assert (results.code_fingerprint.__wrapped__() != before) == counts


def test_neither_its_name_nor_the_place_of_its_inputs_changes_the_key(tmp_path: Path) -> None:
    job = Job(name="a", settings=First())
    assert files(tmp_path).key(job) == files(tmp_path).key(replace(job, name="b", folder=Path("elsewhere")))
    files(tmp_path).write(job, '{"score": 0.5}')
    assert files(tmp_path).read(replace(job, name="b / 2")) == {"score": 0.5}


def test_a_result_is_read_as_it_was_written_and_only_for_its_own_job(tmp_path: Path) -> None:
    job = Job(name="shared + L_cmt, seed 0", settings=First())
    stored = files(tmp_path)
    assert stored.read(job) is None
    stored.write(job, '{"score": 0.25}')
    assert stored.read(job) == {"score": 0.25}
    assert stored.read(replace(job, seed=1)) is None
    assert stored.path(job).name.startswith("shared-L-cmt-seed-0-")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "x", "result": {}}', '{"result": 5}'])
def test_a_damaged_result_counts_as_missing(tmp_path: Path, content: str) -> None:
    job = Job(name="a", settings=First())
    files(tmp_path).write(job, "{}")
    files(tmp_path).path(job).write_text(content)
    assert files(tmp_path).read(job) is None


def test_settings_that_have_no_plain_form_are_refused() -> None:
    assert plain_values({"path": Path("a/b"), "numbers": (1, 2.5, None, True)}) == {
        "path": "a/b",
        "numbers": [1, 2.5, None, True],
    }
    with pytest.raises(ConfigError, match="dataclasses and plain values, got ndarray; pass arrays through the inputs"):
        plain_values({"features": np.zeros(3)})
