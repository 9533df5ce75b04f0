"""The fine-tuning loop of one network: steps, evaluation of the averaged weights, the best epoch, a state to resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.data.records import Modality
from pcmsn.errors import TrainingError
from pcmsn.features.backbones.finetuned import NetworkName, TrainedOn, save_finetuned, update_finetuned
from pcmsn.features.forward import is_lack_of_memory
from pcmsn.progress import Progress, silent
from pcmsn.seeding import seeded_torch
from pcmsn.training.averaging import AverageWeights
from pcmsn.training.finetune.folder import FinetuneEpoch
from pcmsn.training.finetune.network import compute_attention_as_products, extractor_weights
from pcmsn.training.finetune.pictures import PictureStream, Portion, Source, decoding_threads
from pcmsn.training.finetune.preparation import Prepared
from pcmsn.training.finetune.processes import check_batch_size, number_format, rows_of_process, smaller_batch
from pcmsn.training.finetune.retrieval import ValidationRetrieval
from pcmsn.training.run_folder import load_strictly, tensors_under
from pcmsn.training.schedule import learning_rate_factor
from pcmsn.training.tensor_file import optimizer_tensors, restore_optimizer

if TYPE_CHECKING:
    from lightning_fabric import Fabric


OnEpoch = Callable[[NetworkName, FinetuneEpoch], None]
"""Told of each epoch, when it is saved."""


def show_nothing(network: NetworkName, epoch: FinetuneEpoch) -> None:
    """An ``OnEpoch`` that does nothing."""


class FinetuningRun:
    """The training of one network on one process: continued with ``restore``, driven by ``run``."""

    def __init__(
        self, prepared: Prepared, fabric: Fabric, progress: Progress = silent, on_epoch: OnEpoch = show_nothing
    ) -> None:
        self.job = prepared.job
        self.config = prepared.job.config
        self.prepared = prepared
        self.fabric = fabric
        self.progress, self.on_epoch = progress, on_epoch
        self.rows: list[FinetuneEpoch] = []
        self.unreadable: tuple[str, ...] = ()
        self.network = prepared.network
        device = fabric.device.type
        if device == "cpu" and number_format(self.config.schedule.precision, device) == "bf16-mixed":
            compute_attention_as_products(self.network)
        self.optimizer = torch.optim.AdamW(self.network.groups(self.config))
        self._module, self._stepper = fabric.setup(self.network, self.optimizer)
        self.average = AverageWeights(self.network, self.config.fitting.average_decay)
        self.streams = self._streams(prepared.sources)
        validation = self._streams(prepared.validation)
        self.retrieval = ValidationRetrieval(validation, fabric) if validation else None
        self.steps = max(-(-len(stream.source.split.training) // self._portion()) for stream in self.streams)

    def _portion(self) -> int:
        return self.config.schedule.batch_size // len(self.prepared.sources)

    def _streams(self, sources: Sequence[Source]) -> list[PictureStream]:
        schedule, fabric = self.config.schedule, self.fabric
        check_batch_size(schedule.batch_size, len(self.prepared.sources), fabric.world_size)
        size = self._portion()
        portion = Portion(size, rows_of_process(fabric, size), fabric.global_rank, fabric.world_size)
        return [
            PictureStream(source, portion, seed=schedule.seed, strength=schedule.augmentation, device=fabric.device)
            for source in sources
        ]

    def restore(self) -> None:
        """Continue after the last whole epoch; the epochs to come are those of an uninterrupted training."""
        stored = self.job.read_state()
        if stored is None:
            return
        tensors, facts = stored
        load_strictly(self.network, tensors_under("network.", tensors), self.job.path)
        restore_optimizer(self.optimizer, tensors_under("optimizer.", tensors))
        for name, value in tensors_under("average.", tensors).items():
            self.average.values[name].copy_(value)
        self.rows = [FinetuneEpoch.from_row(row, self.config.schedule.epochs) for row in facts["rows"]]
        for stream in self.streams:
            stream.reader.unreadable |= dict.fromkeys(facts["unreadable"][stream.modality], "unreadable")

    def run(self) -> None:
        """Train until the last epoch; every epoch is on disk before the next begins.

        Raises TrainingError for a loss that is not finite and where memory does not suffice, DataError for too many
        unreadable pictures.
        """
        try:
            with decoding_threads() as pool:
                while len(self.rows) < self.config.schedule.epochs:
                    epoch = self._epoch(len(self.rows) + 1, pool)
                    self._save(epoch)
                    self.on_epoch(self.job.network, epoch)
        except (RuntimeError, MemoryError) as error:
            if is_lack_of_memory(error):
                raise self._out_of_memory() from error
            raise
        self._finish()

    def _epoch(self, number: int, pool: ThreadPoolExecutor) -> FinetuneEpoch:
        start = time.perf_counter()
        schedule = self.config.schedule
        self._module.train()
        with seeded_torch(schedule.seed, "fine-tuning dropout", self.job.network, number, self.fabric.global_rank):
            loss, accuracy = self._train(number, pool)
        trained = time.perf_counter()
        self._module.eval()
        held_out = self._held_out_accuracy(pool)
        validation_map = None
        if self.retrieval is not None:
            validation_map = self.retrieval.measure(self.network, self.average.values, pool)
        epoch = FinetuneEpoch(
            number=number,
            epochs=schedule.epochs,
            loss=loss,
            accuracy=accuracy,
            held_out=held_out,
            validation_map=validation_map,
            best=False,
            learning_rate=float(self.optimizer.param_groups[0]["lr"]),
            pictures_per_second=self.steps * schedule.batch_size / (trained - start),
            seconds=time.perf_counter() - start,
        )
        return epoch.marked_best(self.rows)

    def _train(self, number: int, pool: ThreadPoolExecutor) -> tuple[float, float]:
        """The mean loss of an epoch's steps and the share of its pictures that were named rightly."""
        stage = f"fine-tuning {self.job.network}: epoch {number}/{self.config.schedule.epochs}"
        losses: list[float] = []
        right = torch.zeros((), device=self.fabric.device)
        for step, (pixels, labels) in enumerate(self._batches(number, pool), start=1):
            self._set_learning_rate((number - 1) * self.steps + step)
            logits = self._module(pixels).float()
            loss = F.cross_entropy(logits, labels, label_smoothing=self.config.fitting.label_smoothing)
            losses.append(self._checked(float(self._mean(loss.detach())), "loss", number, step))
            self.fabric.backward(loss)
            self._clip(number, step)
            self._stepper.step()
            self._stepper.zero_grad()
            self.average.update(self.network, (number - 1) * self.steps + step)
            right += (logits.argmax(dim=1) == labels).sum()
            self.progress(stage, step, self.steps, f"loss {losses[-1]:.3f}")
        pictures = self.steps * self.config.schedule.batch_size
        return sum(losses) / len(losses), float(self._sum(right)) / pictures

    def _batches(self, number: int, pool: ThreadPoolExecutor) -> Iterator[tuple[Tensor, Tensor]]:
        """This process's part of each batch, all modalities together."""
        parts = [stream.training(pool, number, self.steps) for stream in self.streams]
        for batch in zip(*parts, strict=True):
            yield torch.cat([pixels for pixels, _ in batch]), torch.cat([labels for _, labels in batch])

    def _set_learning_rate(self, step: int) -> None:
        total = self.steps * self.config.schedule.epochs
        factor = learning_rate_factor(step, total, self.config.fitting.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest_lr"] * factor

    def _clip(self, number: int, step: int) -> None:
        """Shorten the gradient. In ``16-mixed`` it may overflow: the scaler of the loss then skips the step."""
        longest = self.config.fitting.clip or math.inf
        norm = self.fabric.clip_gradients(self._module, self._stepper, max_norm=longest, error_if_nonfinite=False)
        if self.config.schedule.precision != "16-mixed" and norm is not None:
            self._checked(float(norm), "gradient", number, step)

    def _checked(self, value: float, what: str, number: int, step: int) -> float:
        """The value. Raises TrainingError unless it is finite; as it is the same on every process, all of them stop."""
        if math.isfinite(value):
            return value
        best = next((row.number for row in reversed(self.rows) if row.best), None)
        kept = f"the weights of epoch {best} stay in {self.job.path}"
        if best is None:
            kept = "no epoch was completed, nothing is kept"
        lower = self.config.fitting.learning_rate / 3
        raise TrainingError(
            f"{self.job.network}: the {what} is {value} in epoch {number}, step {step} of {self.steps}; {kept}. Train "
            f"again with a lower learning rate: --learning-rate {lower:.1g} --overwrite"
        )

    def _held_out_accuracy(self, pool: ThreadPoolExecutor) -> dict[Modality, float]:
        """Share of each modality's readable held-out pictures that the averaged weights name rightly."""
        found: dict[Modality, float] = {}
        for stream in self.streams:
            counts = torch.zeros(2, device=self.fabric.device)
            with torch.no_grad(), self.fabric.autocast():
                for pixels, positions in stream.held_out(pool):
                    labels = stream.labels_of(positions)
                    logits = torch.func.functional_call(self.network, self.average.values, (pixels,))
                    counts += torch.stack([(logits.argmax(dim=1) == labels).sum(), labels.new_tensor(len(labels))])
            right, all_of_them = self._sum(counts).tolist()
            if all_of_them:
                found[stream.modality] = right / all_of_them
        return found

    def _save(self, epoch: FinetuneEpoch) -> None:
        """Best network first, state last: a kill in between repeats the epoch and writes the same again."""
        self.rows.append(epoch)
        unreadable = self._unreadable()
        if self.fabric.is_global_zero:
            if epoch.best:
                with self.job.explaining_disk_errors():
                    self._save_network(epoch, unreadable)
            tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.values.items()}
            tensors |= optimizer_tensors("optimizer.", self.optimizer)
            self.job.write_state(tensors, {"rows": [row.as_row() for row in self.rows], "unreadable": unreadable})
        self.fabric.barrier()

    def _save_network(self, epoch: FinetuneEpoch, unreadable: dict[Modality, list[int]]) -> None:
        save_finetuned(
            self.job.path,
            self.network.trunk,
            extractor_weights(self.average.values),
            bottleneck=self.config.extractor.bottleneck,
            transforms={source.modality: source.transform for source in self.prepared.sources},
            trained_on=TrainedOn(
                dataset=self.prepared.dataset,
                split=self.prepared.split,
                classes=self.prepared.classes,
                pictures=sum(len(source.split.training) for source in self.prepared.sources),
                unreadable=sum(map(len, unreadable.values())),
                epochs=epoch.number,
                best_epoch=epoch.number,
                held_out_accuracy=epoch.held_out_accuracy,
                seed=self.config.schedule.seed,
            ),
            finished=False,
        )

    def _finish(self) -> None:
        unreadable = self._unreadable()
        self.unreadable = tuple(
            stream.reader.pictures.names[position]
            for stream in self.streams
            for position in unreadable[stream.modality]
        )
        if self.fabric.is_global_zero:
            with self.job.explaining_disk_errors():
                update_finetuned(self.job.path, epochs=len(self.rows), unreadable=len(self.unreadable))
            self.job.drop_state()
        self.fabric.barrier()

    def _unreadable(self) -> dict[Modality, list[int]]:
        """Positions of each modality's pictures that any process could not read so far."""
        found: dict[Modality, list[int]] = {}
        for stream in self.streams:
            flags = torch.zeros(len(stream.reader.pictures))
            flags[list(stream.reader.unreadable)] = 1
            found[stream.modality] = self._sum(flags.to(self.fabric.device)).nonzero().flatten().tolist()
        return found

    def _sum(self, values: Tensor) -> Tensor:
        return torch.as_tensor(self.fabric.all_reduce(values, reduce_op="sum"))

    def _mean(self, values: Tensor) -> Tensor:
        return torch.as_tensor(self.fabric.all_reduce(values, reduce_op="mean"))

    def _out_of_memory(self) -> TrainingError:
        size = self.config.schedule.batch_size
        smaller = smaller_batch(size, len(self.prepared.sources), self.fabric.world_size)
        proposal = f"--batch-size {smaller} --overwrite, or " if smaller else ""
        return TrainingError(
            f"{self.job.network}: the memory of {self.fabric.device} does not suffice for batches of {size}; try "
            f"{proposal}a smaller --input-size or --backbone"
        )
