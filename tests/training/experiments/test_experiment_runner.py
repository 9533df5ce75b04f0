"""Jobs in processes of their own; the functions at the top are what those processes import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pcmsn.errors import ConfigError, PcmsnError
from pcmsn.evaluation.threads import available_cores
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Report, run_jobs

HERE = Path(__file__).parent


def square(job: Job) -> dict[str, Any]:
    """Notes that it was computed, so that a test can count; does what its settings say."""
    with Path(job.settings["log"]).open("a") as log:
        log.write(f"{job.name}\n")
    what = job.settings.get("what")
    if what == "our error":
        raise PcmsnError("the loss is no longer a finite number")
    if what == "bug":
        raise ZeroDivisionError("division by zero")
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "not plain":
        return {"value": object()}
    if what == "sleeps":
        time.sleep(60)
    return {
        "value": job.settings["x"] ** 2,
        "seed": job.seed,
        "threads": os.environ["OMP_NUM_THREADS"],
        "process": os.getpid(),
    }


def cube(job: Job) -> dict[str, Any]:
    return {"value": job.settings["x"] ** 3}


def make(tmp_path: Path, x: int, what: str = "", name: str = "") -> Job:
    return Job(name=name or f"job {x}", settings={"x": x, "what": what, "log": tmp_path / "log"}, seed=x)


def computed(tmp_path: Path) -> list[str]:
    return sorted((tmp_path / "log").read_text().splitlines()) if (tmp_path / "log").exists() else []


def test_every_job_is_computed_once_and_results_stand_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    jobs = [make(tmp_path, x) for x in (3, 1, 2)]
    reports: list[Report] = []
    outcome = run_jobs(jobs, square, folder=tmp_path, processes=2, progress=reports.append)
    assert {name: result["value"] for name, result in outcome.results.items()} == {"job 3": 9, "job 1": 1, "job 2": 4}
    assert list(outcome.results) == ["job 3", "job 1", "job 2"]
    assert [result["seed"] for result in outcome.results.values()] == [3, 1, 2]
    assert computed(tmp_path) == ["job 1", "job 2", "job 3"]
    assert [(report.finished, report.total, report.outcome) for report in reports] == [
        (1, 3, "done"),
        (2, 3, "done"),
        (3, 3, "done"),
    ]
    assert os.getpid() not in {result["process"] for result in outcome.results.values()}


def test_what_is_on_disk_is_not_computed_again(tmp_path: Path) -> None:
    first = run_jobs([make(tmp_path, 1)], square, folder=tmp_path, inputs="data", processes=1)
    reports: list[Report] = []
    both = run_jobs(
        [make(tmp_path, 1), make(tmp_path, 2)], square, folder=tmp_path, inputs="data", progress=reports.append
    )
    assert both.results["job 1"] == first.results["job 1"]
    assert computed(tmp_path) == ["job 1", "job 2"]
    assert [(report.job.name, report.outcome) for report in reports] == [("job 1", "stored"), ("job 2", "done")]
    run_jobs([make(tmp_path, 1)], square, folder=tmp_path, inputs="other data", processes=1)
    assert computed(tmp_path) == ["job 1", "job 1", "job 2"]
    assert run_jobs([make(tmp_path, 1)], cube, folder=tmp_path, inputs="data").results["job 1"] == {"value": 1}


def test_a_job_that_fails_leaves_the_others_and_is_tried_again(tmp_path: Path) -> None:
    failing = ("our error", "bug", "killed", "not plain")
    jobs = [make(tmp_path, 7), *(make(tmp_path, 10 + i, what) for i, what in enumerate(failing)), make(tmp_path, 8)]
    outcome = run_jobs(jobs, square, folder=tmp_path, processes=1)
    assert list(outcome.results) == ["job 7", "job 8"]
    assert list(outcome.failures) == ["job 10", "job 11", "job 12", "job 13"]
    assert outcome.failures["job 10"] == "the loss is no longer a finite number"
    assert "Traceback" in outcome.failures["job 11"] and "ZeroDivisionError" in outcome.failures["job 11"]
    assert "ended by signal 9; signal 9 is often a lack of memory" in outcome.failures["job 12"]
    assert "TypeError" in outcome.failures["job 13"]
    again = run_jobs(jobs, square, folder=tmp_path, processes=1)
    assert list(again.failures) == list(outcome.failures)
    assert computed(tmp_path).count("job 7") == 1
    assert computed(tmp_path).count("job 10") == 2


def test_the_processes_share_the_cores_and_leave_the_environment_as_it_was(tmp_path: Path) -> None:
    before = os.environ["OMP_NUM_THREADS"]
    alone = run_jobs([make(tmp_path, 1)], square, folder=tmp_path, processes=1).results["job 1"]
    assert alone["threads"] == str(available_cores())
    many = run_jobs([make(tmp_path, 2)], square, folder=tmp_path, processes=2 * available_cores()).results["job 2"]
    assert many["threads"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == before


def test_a_worker_takes_one_job_after_the_other(tmp_path: Path) -> None:
    outcome = run_jobs([make(tmp_path, x) for x in range(4)], square, folder=tmp_path, processes=1)
    assert len({result["process"] for result in outcome.results.values()}) == 1


def test_no_jobs_are_no_results(tmp_path: Path) -> None:
    outcome = run_jobs([], square, folder=tmp_path)
    assert (outcome.results, outcome.failures) == ({}, {})


def test_names_must_be_unique_and_processes_at_least_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="every job needs a name of its own, got 'job 1' more than once"):
        run_jobs([make(tmp_path, 1), make(tmp_path, 1)], square, folder=tmp_path)
    with pytest.raises(ConfigError, match="processes must be >= 1, got 0"):
        run_jobs([make(tmp_path, 1)], square, folder=tmp_path, processes=0)


SCRIPT = """
import signal
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_experiment_runner import make, square
from pcmsn.training.experiments.runner import run_jobs
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with Ctrl-C ignored
    folder = Path({folder!r})
    jobs = [make(folder, 1), make(folder, 2, "sleeps"), make(folder, 3, "sleeps")]
    run_jobs(jobs, square, folder=folder, processes=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_when_the_command_is_stopped_its_processes_end_and_finished_results_stay(
    tmp_path: Path, how: signal.Signals
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(here=str(HERE), folder=str(tmp_path)))
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: computed(tmp_path) == ["job 1", "job 2", "job 3"] and len(stored(tmp_path)) == 1)
        process.send_signal(how)
        process.wait(20)
        wait_until(lambda: not group_is_alive(process.pid))
    finally:
        if group_is_alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()  # type: ignore[union-attr]
    assert process.returncode != 0
    assert run_jobs([make(tmp_path, 1)], square, folder=tmp_path).results["job 1"]["value"] == 1
    assert computed(tmp_path) == ["job 1", "job 2", "job 3"]


def stored(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "results").glob("*.json"))


def group_is_alive(group: int) -> bool:
    """Whether any process of the group runs; those that ended and were not yet waited for do not count."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    states = [line.split() for line in listed.splitlines()]
    return any(int(pgid) == group and not state.startswith("Z") for pgid, state in states)


def wait_until(condition: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("waited in vain")
        time.sleep(0.05)


def test_the_runner_imports_no_torch() -> None:
    code = "import sys, pcmsn.training.experiments.runner; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
