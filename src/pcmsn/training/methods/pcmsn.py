"""PCMSN itself, trained by its own loop into a run folder that every other command reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcmsn.training.loop import TrainingRun, embed
from pcmsn.training.methods.fitting.task import Fitted, Task
from pcmsn.training.run_folder import HISTORY, MODEL, RECORD, STATE, RunFolder


@dataclass(frozen=True, kw_only=True)
class Pcmsn:
    """All settings are those of the run's configuration, which starts from preset ``paper``."""

    title: ClassVar[str] = "PCMSN"
    uses_class_vectors: ClassVar[bool] = True

    def fit(self, task: Task) -> Fitted:
        """What ``pcmsn train`` trains on the same features; the run stays in the task's folder."""
        for name in (RECORD, MODEL, STATE, HISTORY):  # of an earlier run
            (task.folder / name).unlink(missing_ok=True)
        folder = RunFolder(task.folder)
        folder.write_config(task.config)
        record = TrainingRun(task.config, task.data, folder, task.record, device=task.device).run()
        model = folder.load_trained().model.to(task.device)
        return Fitted(lambda tables: embed(model, tables), record.best_score, record.best_epoch, record.epochs_done)


METHOD = Pcmsn()
