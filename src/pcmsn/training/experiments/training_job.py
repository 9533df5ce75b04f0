"""The job of an ablation: train a model once on prepared inputs and score its best epoch on the unseen classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pcmsn.training.config import RunConfig
from pcmsn.training.experiments.inputs import open_inputs, read_semantic
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.scores import score_unseen
from pcmsn.training.history import Epoch, Silent
from pcmsn.training.loop import TrainingRun, embed
from pcmsn.training.run_folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What one training run depends on, beside its seed and inputs."""

    config: RunConfig
    """Its model, loss, optimisation, training and ``backbone.standardise`` count; its seed, data and places do not."""
    semantic: str
    """Fingerprint of the seen classes' vectors, which ``write_semantic`` gave."""
    family: str = "sem-pcyc"
    """The metric family that scores follow."""
    device: str = "cpu"


def train_and_score(job: Job) -> dict[str, Any]:
    """Scores by protocol, as ``score_unseen`` gives them, with the run's best epoch, validation scores and seconds.

    Nothing stays on disk: the run folder is a temporary one.
    """
    settings: TrainingSettings = job.settings
    inputs = open_inputs(job.folder)
    config = replace(settings.config, training=replace(settings.config.training, seed=job.seed))
    data = inputs.training_data(read_semantic(job.folder, settings.semantic))
    record = inputs.run_record(data, config.semantics.sources)
    epochs = _Epochs()
    with TemporaryDirectory(prefix="pcmsn-") as place:
        folder = RunFolder(Path(place))
        folder.write_config(config)
        record = TrainingRun(config, data, folder, record, device=settings.device, observer=epochs).run()
        trained = folder.load_trained()
    sketches, photos = embed(trained.model.to(settings.device), inputs.unseen)
    return {
        "scores": score_unseen(inputs, sketches, photos, family=settings.family, itq=trained.itq),
        "best_epoch": record.best_epoch,
        "epochs": record.epochs_done,
        "validation_mAP@all": [epoch.validation_map for epoch in epochs.seen],
        "seconds_per_epoch": sum(epoch.seconds for epoch in epochs.seen) / len(epochs.seen),
    }


class _Epochs(Silent):
    """Remembers every epoch."""

    def __init__(self) -> None:
        self.seen: list[Epoch] = []

    def on_epoch(self, epoch: Epoch) -> None:
        """Keep it."""
        self.seen.append(epoch)
