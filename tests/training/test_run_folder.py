import errno
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pcmsn.errors import CheckpointError
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import MODEL, RECORD, STATE, RunFolder
from pcmsn.training.session import train_run


@pytest.fixture
def run(small_config: RunConfig, tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    train_run(small_config, folder, cache=tmp_path / "cache", device="cpu")
    return folder


def test_a_trained_model_is_read_back_with_its_statistics_and_codes(run: RunFolder) -> None:
    trained = run.load_trained()
    assert not trained.model.training
    assert trained.itq.bits == 8
    assert trained.model.sketch_standardisation.mean.abs().sum() > 0
    assert trained.record.split.test == ("gnu", "hen")


def test_another_version_is_refused(run: RunFolder) -> None:
    content = json.loads((run.path / RECORD).read_text())
    (run.path / RECORD).write_text(json.dumps(content | {"format_version": 99}))
    with pytest.raises(CheckpointError, match="has the format version 99, this pcmsn .* reads 1"):
        run.read_record()


def test_weights_that_do_not_fit_are_named(run: RunFolder) -> None:
    tensors = load_file(run.path / MODEL)
    metadata = {"format_version": "1", "facts": "{}"}
    renamed = {name.replace("classifier.bias", "classifier.offset"): tensor for name, tensor in tensors.items()}
    save_file(renamed, run.path / MODEL, metadata)
    with pytest.raises(CheckpointError, match="classifier.bias is missing; classifier.offset is unknown"):
        run.load_trained()
    save_file(tensors | {"model.classifier.bias": torch.zeros(9)}, run.path / MODEL, metadata)
    with pytest.raises(CheckpointError, match=r"classifier.bias has the shape \(9,\), expected \(4,\)"):
        run.load_trained()


def test_a_cut_file_is_an_error_of_ours(run: RunFolder) -> None:
    content = (run.path / MODEL).read_bytes()
    (run.path / MODEL).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        run.load_trained()


def test_a_damaged_record_is_an_error_of_ours(run: RunFolder) -> None:
    content = json.loads((run.path / RECORD).read_text())
    del content["split"]
    (run.path / RECORD).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=r"run\.json is damaged: KeyError 'split'"):
        run.read_record()
    (run.path / RECORD).write_text("{")
    with pytest.raises(CheckpointError, match=r"run\.json cannot be read"):
        run.read_record()
    (run.path / RECORD).write_text("[]")
    with pytest.raises(CheckpointError, match=r"run\.json is damaged: it holds list, expected an object"):
        run.read_record()


def test_a_folder_without_a_run_says_what_was_expected_and_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    with pytest.raises(
        CheckpointError, match=r"zoo is no run folder: it lacks run\.json; expected .* train wrote\."
    ) as e:
        RunFolder(tmp_path / "zoo").load_trained()
    assert "stopped before its first epoch, give the same pcmsn train command again" in str(e.value)
    (tmp_path / "photos.gallery").write_text("")
    with pytest.raises(CheckpointError, match=r"photos\.gallery is no run folder: it is a file; expected the folder"):
        RunFolder(tmp_path / "photos.gallery").load_trained()


def test_a_folder_that_does_not_exist_is_told_from_one_without_a_run_and_the_runs_beside_it_are_named(
    run: RunFolder, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"there is no run folder \S+/rum; runs here: \S+/run$"):
        RunFolder(tmp_path / "rum").load_trained()
    with pytest.raises(CheckpointError, match="there is no run folder .*/rum; runs here"):
        RunFolder(tmp_path / "rum").read_config()
    nowhere = tmp_path / "nowhere" / "run"
    with pytest.raises(CheckpointError, match=r"there is no run folder \S+nowhere/run; make one: pcmsn train --out "):
        RunFolder(nowhere).load_trained()


def test_the_weights_of_a_run_can_be_read_by_whom_the_umask_lets_read(run: RunFolder) -> None:
    modes = {(run.path / name).stat().st_mode & 0o777 for name in (MODEL, STATE, RECORD)}
    assert len(modes) == 1


def test_a_run_without_an_epoch_can_not_be_tested(run: RunFolder) -> None:
    (run.path / MODEL).unlink()
    with pytest.raises(
        CheckpointError, match=r"stopped before its first epoch .* Continue with pcmsn train --resume --out"
    ):
        run.load_trained()


def test_a_full_disk_keeps_what_was_there_and_says_how_to_go_on(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, small_config: RunConfig
) -> None:
    before = (run.path / "state.safetensors").read_bytes()

    def full(tensors: object, path: Path, metadata: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pcmsn.training.tensor_file.save_file", full)
    with pytest.raises(CheckpointError, match="no space is left on the disk. The last whole epoch is kept"):
        run.write_state({"x": torch.zeros(2)}, {})
    assert (run.path / "state.safetensors").read_bytes() == before
    assert not list(run.path.glob(".*partial"))


def test_no_file_of_a_run_is_a_pickle(run: RunFolder) -> None:
    files: list[Path] = [path for path in run.path.rglob("*") if path.is_file() and "tensorboard" not in path.parts]
    assert {path.suffix for path in files} == {".toml", ".json", ".safetensors", ".csv"}
