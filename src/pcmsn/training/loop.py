"""The training loop: epochs of pairs, the best one by validation, a state from which any epoch can be continued."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.evaluation.scoring import mean_average_precision
from pcmsn.features.tables import FeatureTables
from pcmsn.hashing.itq import ITQ
from pcmsn.model.build import build_model
from pcmsn.model.config import FeatureDims
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.seeding import derive_seed, numpy_generator, seeded_torch
from pcmsn.training.averaging import AverageWeights
from pcmsn.training.config import RunConfig
from pcmsn.training.history import Epoch, Observer, Silent, log_epoch, tensorboard_log
from pcmsn.training.pairs import PairSampler
from pcmsn.training.run_folder import STATE, TENSORBOARD, RunFolder, RunRecord, load_strictly, tensors_under
from pcmsn.training.schedule import learning_rate_factor
from pcmsn.training.step import LossTerms
from pcmsn.training.steps import make_step
from pcmsn.training.tensor_file import optimizer_tensors, restore_optimizer

Number = TypeVar("Number", bound=np.generic)

ITQ_ROWS = 10_000
"""Embeddings of each modality that ITQ learns from: its 64 x 64 rotation needs no more, and takes under a second."""
COMPLETING_ROWS = 10_000
"""Training features of each modality that a model is completed from: enough for a few hundred principal directions."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What training may look at: seen classes to learn from, validation classes to choose the best epoch on."""

    train: FeatureTables
    val: FeatureTables
    semantic: NDArray[np.float32]
    """(seen classes, semantic_dim) class vectors, in the order of ``train.classes``."""

    def dims(self) -> FeatureDims:
        """The sizes of a model for this data."""
        return FeatureDims(
            sketch=self.train.sketches.features.shape[1],
            photo=self.train.photos.features.shape[1],
            semantic=self.semantic.shape[1],
            classes=len(self.train.classes),
        )


@dataclass(eq=False)
class _Standing:
    """Where a run stands after its last whole epoch."""

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -1.0

    @property
    def epochs_done(self) -> int:
        return len(self.rows)

    @property
    def epochs_since_best(self) -> int:
        return self.epochs_done - self.best_epoch


class Training:
    """Trains a model on features in memory: made from its configuration and data, driven by ``fit``."""

    def __init__(
        self, config: RunConfig, data: TrainingData, *, device: str = "cpu", observer: Observer | None = None
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        self.observer = observer or Silent()
        self.data = data
        self.standing = _Standing()
        self.model = self._new_model()
        self.soft_labels = torch.Generator()
        self.sampler = PairSampler(data.train.sketches.labels, data.train.photos.labels, len(data.train.classes))
        self._tables = {
            "sketches": torch.from_numpy(data.train.sketches.features).to(self.device),
            "photos": torch.from_numpy(data.train.photos.features).to(self.device),
            "semantic": torch.from_numpy(data.semantic).to(self.device),
        }
        self.step = make_step(self.model, config, self.soft_labels, semantic=self._tables["semantic"])
        decay = config.optimisation.average_decay
        self.average = AverageWeights(self.model, decay) if decay else None

    def _new_model(self) -> RetrievalModel:
        with seeded_torch(self.config.training.seed, "initial weights"):
            model = build_model(self.data.dims(), self.config.model)
        if self.config.backbone.standardise == "each-modality":
            model.sketch_standardisation.set_statistics(torch.from_numpy(self.data.train.sketches.features))
            model.photo_standardisation.set_statistics(torch.from_numpy(self.data.train.photos.features))
        return model.to(self.device)

    def fit(self) -> tuple[RetrievalModel, ITQ]:
        """The model of the best epoch, in evaluation mode, with its codes; nothing is written to disk.

        Raises TrainingError for a loss that is not a finite number.
        """
        best: tuple[RetrievalModel, ITQ] | None = None
        while not self._is_over():
            epoch, model = self._epoch(self.standing.epochs_done + 1)
            if codes := self._took_best(epoch, model):
                best = copy.deepcopy(model).eval(), codes
            self.standing.rows.append(epoch.as_row())
            self.observer.on_epoch(epoch)
        assert best is not None  # the first epoch is better than none
        return best

    def _took_best(self, epoch: Epoch, model: RetrievalModel) -> ITQ | None:
        """Take note of an epoch; the codes of its training embeddings where it is the best one yet."""
        if not epoch.best:
            return None
        self.standing.best_epoch, self.standing.best_score = epoch.number, epoch.validation_map
        generator = numpy_generator(self.config.training.seed, "itq")
        return fit_itq(embed(model, self.data.train), model.config.dim, generator)

    def _is_over(self) -> bool:
        patience = self.config.training.early_stop
        stopped = bool(patience) and self.standing.epochs_since_best >= patience
        return stopped or self.standing.epochs_done >= self.config.training.epochs

    def _epoch(self, number: int) -> tuple[Epoch, RetrievalModel]:
        """Train and validate an epoch; gives its result and the model that was measured."""
        start = time.perf_counter()
        seed = self.config.training.seed
        self.soft_labels.manual_seed(derive_seed(seed, "soft labels", number))
        with seeded_torch(seed, "dropout and noise", number):
            losses = LossTerms.mean(list(self._train(number)))
        model = self._completed()
        score = self._validate(model)
        epoch = Epoch(
            number=number,
            losses=losses,
            validation_map=score,
            best=score > self.standing.best_score or self._cannot_choose,
            seconds=time.perf_counter() - start,
        )
        return epoch, model

    @property
    def _cannot_choose(self) -> bool:
        """Whether every epoch scores 1, as with one validation class: then the last one is kept, as trained longest."""
        return len(self.data.val.classes) == 1

    def _train(self, number: int) -> Iterator[LossTerms]:
        training = self.config.training
        self.model.train()
        pairs = numpy_generator(training.seed, "pairs", number)
        batches = self.sampler.batches(training.batches_per_epoch, training.batch_size, pairs, training.pairs_per_class)
        for count, batch in enumerate(batches, start=1):
            number_of_step = (number - 1) * training.batches_per_epoch + count
            self._set_learning_rate(number_of_step)
            labels = torch.from_numpy(batch.labels).to(self.device)
            terms = self.step(
                self._tables["sketches"][torch.from_numpy(batch.sketches).to(self.device)],
                self._tables["photos"][torch.from_numpy(batch.photos).to(self.device)],
                self._tables["semantic"][labels],
                labels,
            )
            if self.average:
                self.average.update(self.model, number_of_step)
            self.observer.on_batch(number, count, terms)
            yield terms

    def _set_learning_rate(self, step: int) -> None:
        training, optimisation = self.config.training, self.config.optimisation
        if optimisation.schedule == "constant":
            return
        factor = learning_rate_factor(step, training.epochs * training.batches_per_epoch, optimisation.warm_up)
        for optimizer in self.step.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = optimisation.learning_rate * factor

    def _completed(self) -> RetrievalModel:
        """The completed model of the averaged weights, or of the last ones where there is no average."""
        model = self.model
        if self.average:
            model = copy.deepcopy(self.model)
            model.load_state_dict(self.average.values)
        sketches, sketch_labels = self._few_rows("sketches", self.data.train.sketches.labels)
        photos, photo_labels = self._few_rows("photos", self.data.train.photos.labels)
        model.complete(sketches, sketch_labels, photos, photo_labels)
        return model

    def _few_rows(self, table: str, labels: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The (n, D) features and (n,) labels of at most ``COMPLETING_ROWS`` random rows of a table."""
        generator = numpy_generator(self.config.training.seed, "completion")
        chosen = _at_most(np.arange(len(labels)), COMPLETING_ROWS, generator)
        rows = torch.from_numpy(chosen).to(self.device)
        return self._tables[table][rows], torch.from_numpy(labels[chosen]).to(self.device)

    def _validate(self, model: RetrievalModel) -> float:
        """mAP@all with the validation classes' sketches as queries and their photos as gallery."""
        val = self.data.val
        sketches, photos = embed(model, val)
        return mean_average_precision(sketches, val.sketches.labels, photos, val.photos.labels)


class TrainingRun(Training):
    """A training whose every epoch is on disk before the next begins; continued with ``restore``, driven by ``run``."""

    def __init__(
        self,
        config: RunConfig,
        data: TrainingData,
        folder: RunFolder,
        record: RunRecord,
        *,
        device: str = "cpu",
        observer: Observer | None = None,
    ) -> None:
        super().__init__(config, data, device=device, observer=observer)
        self.folder, self.record = folder, record

    def restore(self) -> None:
        """Continue from the folder's state; the epochs to come are those of an uninterrupted run."""
        if not self.folder.has_state():
            return
        tensors, facts = self.folder.read_state()
        path = self.folder.path / STATE
        load_strictly(self.model, tensors_under("model.", tensors), path)
        for name, optimizer in self.step.optimizers.items():
            restore_optimizer(optimizer, tensors_under(f"{name}.", tensors))
        if self.average:
            for name, value in tensors_under("average.", tensors).items():
                self.average.values[name].copy_(value)
        self.standing = _Standing(rows=facts["rows"], best_epoch=facts["best_epoch"], best_score=facts["best_score"])

    def run(self) -> RunRecord:
        """Train until the last epoch or the early stop; every epoch is on disk before the next begins.

        Raises TrainingError for a loss that is not a finite number, CheckpointError where the disk cannot be written.
        """
        with tensorboard_log(self.folder.path / TENSORBOARD, self.standing.epochs_done + 1) as log:
            while not self._is_over():
                epoch, model = self._epoch(self.standing.epochs_done + 1)
                self._save(epoch, model)
                log_epoch(log, epoch)
                self.observer.on_epoch(epoch)
        self._write_record(finished=True)
        return self.record

    def _save(self, epoch: Epoch, model: RetrievalModel) -> None:
        """Best weights first, state last: a kill in between repeats the epoch and writes the same again."""
        if codes := self._took_best(epoch, model):
            self.folder.write_model(model, codes, epoch.number)
        self.standing.rows.append(epoch.as_row())
        self.folder.write_state(self._state(), self._facts())
        self.folder.write_history(self.standing.rows)
        self._write_record(finished=False)

    def _state(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, optimizer in self.step.optimizers.items():
            tensors |= optimizer_tensors(f"{name}.", optimizer)
        if self.average:
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.values.items()}
        return tensors

    def _facts(self) -> dict[str, Any]:
        standing = self.standing
        return {"rows": standing.rows, "best_epoch": standing.best_epoch, "best_score": standing.best_score}

    def _write_record(self, *, finished: bool) -> None:
        self.record = replace(
            self.record,
            best_epoch=self.standing.best_epoch,
            best_score=self.standing.best_score,
            epochs_done=self.standing.epochs_done,
            finished=finished,
        )
        self.folder.write_record(self.record)


def embed(
    model: RetrievalModel, tables: FeatureTables, rows: int = 4096
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(Q, dim) sketch and (N, dim) photo embeddings of feature tables, computed ``rows`` rows at a time."""
    device = next(model.parameters()).device

    def in_blocks(network: Callable[[Tensor], Tensor], features: NDArray[np.float32]) -> NDArray[np.float32]:
        blocks = [
            network(torch.from_numpy(features[start : start + rows]).to(device)).cpu().numpy()
            for start in range(0, len(features), rows)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, model.config.dim), np.float32)

    return (
        in_blocks(model.embed_sketches, tables.sketches.features),
        in_blocks(model.embed_photos, tables.photos.features),
    )


def fit_itq(
    embeddings: tuple[NDArray[np.float32], NDArray[np.float32]], bits: int, generator: np.random.Generator
) -> ITQ:
    """ITQ of ``bits`` bits, learned from the (Q, D) sketch and (N, D) photo embeddings of the training classes.

    Of more than ``ITQ_ROWS`` embeddings of a modality, so many random ones are used.
    """
    sketches, photos = (_at_most(rows, ITQ_ROWS, generator) for rows in embeddings)
    return ITQ.fit(sketches, photos, bits, generator)


def _at_most(rows: NDArray[Number], count: int, generator: np.random.Generator) -> NDArray[Number]:
    """The rows, or so many random ones of them in their order."""
    if len(rows) <= count:
        return rows
    return rows[np.sort(generator.choice(len(rows), count, replace=False))]
