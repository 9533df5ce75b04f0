"""Methods that are runs of ``pcmsn train``: trained by its loop into a run folder that every other command reads."""

from __future__ import annotations

from pcmsn.training.config import RunConfig
from pcmsn.training.loop import TrainingRun, embed
from pcmsn.training.methods.fitting.task import Fitted, Task
from pcmsn.training.run_folder import HISTORY, MODEL, RECORD, STATE, RunFolder


def fit_run(config: RunConfig, task: Task) -> Fitted:
    """What ``pcmsn train`` trains with a configuration on the task's features; the run stays in the task's folder."""
    for name in (RECORD, MODEL, STATE, HISTORY):  # of an earlier run
        (task.folder / name).unlink(missing_ok=True)
    folder = RunFolder(task.folder)
    folder.write_config(config)
    record = TrainingRun(config, task.data, folder, task.record, device=task.device).run()
    model = folder.load_trained().model.to(task.device)
    return Fitted(lambda tables: embed(model, tables), record.best_score, record.best_epoch, record.epochs_done)
