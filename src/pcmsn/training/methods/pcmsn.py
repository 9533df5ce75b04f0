"""PCMSN itself, as ``pcmsn train`` trains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcmsn.errors import ConfigError
from pcmsn.training.methods.fitting.own_run import fit_run
from pcmsn.training.methods.fitting.task import Fitted, Task


@dataclass(frozen=True, kw_only=True)
class Pcmsn:
    """All settings are those of the run's configuration, which starts from preset ``paper``."""

    title: ClassVar[str] = "PCMSN"
    uses_class_vectors: ClassVar[bool] = True

    def fit(self, task: Task) -> Fitted:
        """A run with the comparison's configuration. Raises ConfigError where that is of another model."""
        if task.config.model.kind != "pcmsn":
            raise ConfigError(
                f"preset {task.config.preset!r} is not PCMSN; leave --preset out, and name it: --methods best"
            )
        return fit_run(task.config, task)


METHOD = Pcmsn()
