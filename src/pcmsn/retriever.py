"""The front door: a model that embeds sketches and photos, trained on arrays in memory or loaded from a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from pcmsn.data.pictures import load_picture
from pcmsn.encoders.encoder import Encoder
from pcmsn.errors import ConfigError, DataError
from pcmsn.gallery.loading import find_exported
from pcmsn.gallery.sketches import prepare_sketch, read_sketch
from pcmsn.hashing.itq import ITQ

if TYPE_CHECKING:
    from pcmsn.model.retrieval_model import RetrievalModel
    from pcmsn.training.config import RunConfig
    from pcmsn.training.run_folder import RunRecord

Modality = Literal["sketch", "photo"]
Picture = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""A file, a file's content, a Pillow picture, or (H, W, 3) pixels."""

ROWS = 4096
"""Features that are embedded at once."""
VALIDATION_SHARE, LEAST_CLASSES = 0.1, 4
"""Share of the classes that choose the best epoch where none are named, and the classes that it takes."""
BATCH = 32
"""Pictures that are embedded at once."""


class Retriever:
    """Sketches and photos to vectors of one space, in which what belongs together is near.

    Retriever("best").fit(...) trains on features in memory; Retriever.load(...) takes a run folder, an exported folder,
    or a packaged model by its name.
    """

    def __init__(
        self,
        preset: str = "best",
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        device: str = "auto",
    ) -> None:
        """An untrained retriever; ``settings`` holds tables as in TOML, such as ``{"training": {"epochs": 5}}``.

        Raises ConfigError for an unknown preset or setting.
        """
        from pcmsn.training.configuration import build_config

        self._start(device)
        self._config: RunConfig | None = build_config(preset=preset, overrides=settings)

    def _start(self, device: str) -> None:
        self._device = device
        self._config = None
        self._record: RunRecord | None = None
        self._model: RetrievalModel | None = None
        self._codes: ITQ | None = None
        self._folder: Path | None = None
        self._network: Any = None

    # ---- training

    def fit(
        self,
        sketch_features: ArrayLike,
        sketch_labels: ArrayLike,
        photo_features: ArrayLike,
        photo_labels: ArrayLike,
        class_vectors: Mapping[Any, ArrayLike] | ArrayLike,
        *,
        validation: Sequence[Any] | None = None,
    ) -> Retriever:
        """Train on (Q, D) sketch and (N, E) photo features with their (Q,) and (N,) labels; gives the retriever itself.

        Labels are integers or names. ``class_vectors`` maps each label to its (S,) vector, or is a (C, S) array whose
        rows follow the sorted labels. ``validation`` names the classes on which the best epoch is chosen and which are
        not trained on; without it a tenth of the classes, at least two, is drawn by the seed.
        Raises DataError for arrays that do not fit each other, TrainingError for a loss that is not finite.
        """
        from pcmsn.device import pick_device
        from pcmsn.training.loop import Training

        if self._config is None:
            raise ConfigError("a loaded retriever is trained already; make a new one: Retriever('best').fit(...)")
        data, record = _training_data(
            self._config, sketch_features, sketch_labels, photo_features, photo_labels, class_vectors, validation
        )
        training = Training(self._config, data, device=pick_device(self._device))
        self._model, self._codes = training.fit()
        standing = training.standing
        self._record = record(standing.best_epoch, standing.best_score, standing.epochs_done)
        return self

    # ---- saving and loading

    def save(self, folder: str | Path) -> Path:
        """Write what ``load`` reads; gives the folder. Raises CheckpointError where the disk cannot be written."""
        target = Path(folder).expanduser()
        if self._folder is not None:
            shutil.copytree(self._folder, target, dirs_exist_ok=True)
            return target
        from pcmsn.training.run_folder import RunFolder

        if self._model is None or self._codes is None or self._config is None or self._record is None:
            raise ConfigError("this retriever is not trained yet; call fit first")
        run = RunFolder(target)
        run.write_config(self._config)
        run.write_model(self._model, self._codes, self._record.best_epoch)
        run.write_record(self._record)
        return target

    @classmethod
    def load(cls, model: str | Path, *, device: str = "auto", backbone: str | None = None) -> Retriever:
        """The retriever of a run folder, an exported folder, or a packaged model by its name.

        What was exported needs no torch. ``backbone`` says where a run's extractor is now, if it was moved. Raises
        CheckpointError for what is no model.
        """
        retriever = cls.__new__(cls)
        retriever._start(device)
        exported = find_exported(Path(model)) if device in ("auto", "cpu") and backbone is None else None
        if exported is not None:
            encoder = Encoder(exported)
            retriever._network, retriever._codes, retriever._folder = encoder, encoder.codes, exported
            return retriever
        from pcmsn.gallery.run_embedder import load_network
        from pcmsn.training.run_folder import ARRAYS, RunFolder

        folder = Path(model).expanduser()
        trained = RunFolder(folder).load_trained()
        retriever._model, retriever._codes, retriever._folder = trained.model, trained.itq, folder
        if trained.record.photo_extractor != ARRAYS:
            retriever._network = load_network(folder, device=device, backbone=backbone)
        return retriever

    # ---- embedding

    def embed_sketches(self, sketches: ArrayLike | Sequence[Picture]) -> NDArray[np.float32]:
        """(n, dim) float32 vectors of n sketches: (n, D) features, or files, Pillow pictures and (H, W, 3) pixels.

        Pictures may be drawn with any pen on any ground. Raises ConfigError where the model knows features alone.
        """
        return self._embed("sketch", sketches)

    def embed_photos(self, photos: ArrayLike | Sequence[Picture]) -> NDArray[np.float32]:
        """(n, dim) float32 vectors of n photos: (n, D) features, or files, Pillow pictures and (H, W, 3) pixels.

        Raises ConfigError where the model knows features alone.
        """
        return self._embed("photo", photos)

    def encode_sketches(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(n, bits) binary codes of (n, dim) sketch vectors."""
        return self._itq.encode_sketches(vectors)

    def encode_photos(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(n, bits) binary codes of (n, dim) photo vectors."""
        return self._itq.encode_photos(vectors)

    @property
    def _itq(self) -> ITQ:
        if self._codes is None:
            raise ConfigError("this retriever is not trained yet; call fit first, or load one: Retriever.load(RUN)")
        return self._codes

    def _embed(self, modality: Modality, given: Any) -> NDArray[np.float32]:
        _ = self._itq  # an untrained one says so
        if isinstance(given, (str, bytes, Path, Image.Image)):
            given = [given]
        if len(getattr(given, "shape", ())) == 2:  # an array, or another library's tensor
            return self._embed_features(modality, np.asarray(given, np.float32))
        if self._network is None:
            raise ConfigError(
                "this retriever was trained on features, so it has no network for pictures; pass (n, D) features of "
                "the extractor that it was trained with"
            )
        pictures = [_picture_of(each, modality) for each in given]
        starts = range(0, len(pictures), BATCH)
        blocks = [
            self._network.vectors(modality, [self._network.pixels(modality, picture) for picture in block])
            for block in (pictures[start : start + BATCH] for start in starts)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self._itq.sketch_mean)), np.float32)

    def _embed_features(self, modality: Modality, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._model is None:
            raise ConfigError("an exported model takes pictures; features go through the run that it was made of")
        import torch

        device = next(self._model.parameters()).device
        embed = self._model.embed_sketches if modality == "sketch" else self._model.embed_photos
        starts = range(0, len(features), ROWS)
        blocks = [embed(torch.from_numpy(features[start : start + ROWS]).to(device)).cpu().numpy() for start in starts]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self._itq.sketch_mean)), np.float32)


def _picture_of(given: Any, modality: Modality) -> Image.Image:
    """The RGB picture of a file, a file's content, a Pillow picture or (H, W, 3) pixels."""
    if isinstance(given, np.ndarray):
        if given.ndim != 3 or given.shape[2] != 3 or given.dtype != np.uint8:
            raise DataError(f"a picture must be (H, W, 3) uint8 pixels, got {given.dtype} of shape {given.shape}")
        given = Image.fromarray(given)
    if modality == "photo" and isinstance(given, (str, Path)):
        return load_picture(Path(given).expanduser())
    picture = read_sketch(given)
    return prepare_sketch(picture, "whole") if modality == "sketch" else picture


def _training_data(
    config: RunConfig,
    sketch_features: ArrayLike,
    sketch_labels: ArrayLike,
    photo_features: ArrayLike,
    photo_labels: ArrayLike,
    class_vectors: Mapping[Any, ArrayLike] | ArrayLike,
    validation: Sequence[Any] | None,
) -> tuple[Any, Any]:
    """What ``Training`` takes, and a function of (best epoch, its score, epochs) that makes the record of it."""
    from pcmsn.data.splits import Split
    from pcmsn.features.tables import FeatureTable, FeatureTables
    from pcmsn.seeding import numpy_generator
    from pcmsn.training.loop import TrainingData
    from pcmsn.training.run_folder import ARRAYS, RunRecord

    sides = {"sketch": (sketch_features, sketch_labels), "photo": (photo_features, photo_labels)}
    arrays = {side: _checked(side, *given) for side, given in sides.items()}
    names = sorted(set(arrays["sketch"][1]) | set(arrays["photo"][1]), key=_as_number)
    for side, (_, labels) in arrays.items():
        lacking = [name for name in names if name not in set(labels)]
        if lacking:
            raise DataError(f"class {lacking[0]!r} has no {side}; every class needs sketches and photos")
    vectors = _vectors_of(names, class_vectors)
    held_out = _held_out(names, validation, numpy_generator(config.training.seed, "validation classes"))
    parts = {"train": [name for name in names if name not in held_out], "val": [n for n in names if n in held_out]}

    def tables(classes: Sequence[str]) -> FeatureTables:
        position = {name: place for place, name in enumerate(classes)}

        def table(side: str) -> FeatureTable:
            features, labels = arrays[side]
            rows = [row for row, label in enumerate(labels) if label in position]
            chosen = np.array([position[labels[row]] for row in rows], np.int64)
            return FeatureTable(features[rows], chosen, tuple(classes))

        return FeatureTables(table("sketch"), table("photo"))

    data = TrainingData(
        tables(parts["train"]), tables(parts["val"]), np.stack([vectors[name] for name in parts["train"]])
    )

    def record(best_epoch: int, best_score: float, epochs: int) -> RunRecord:
        return RunRecord(
            dataset="arrays",
            split=Split(name="arrays", train=tuple(parts["train"]), val=tuple(parts["val"]), test=(), reported="none"),
            dims=data.dims(),
            sketch_extractor=ARRAYS,
            photo_extractor=ARRAYS,
            semantic_sources=("arrays",),
            unreadable=0,
            best_epoch=best_epoch,
            best_score=best_score,
            epochs_done=epochs,
            finished=True,
        )

    return data, record


def _checked(side: str, features: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float32], list[str]]:
    """Finite (N, D) features and N labels as text."""
    values, given = np.asarray(features, dtype=np.float32), np.asarray(labels)
    if values.ndim != 2 or not len(values):
        raise DataError(f"{side} features must be a (rows, columns) array that is not empty, got {values.shape}")
    if given.shape != (len(values),):
        raise DataError(f"{len(values)} {side} rows need as many labels, got shape {given.shape}")
    if not np.isfinite(values).all():
        raise DataError(f"{side} features hold NaN or infinite values; look for an unreadable picture there")
    return values, [str(label) for label in given.tolist()]


def _vectors_of(names: Sequence[str], given: Mapping[Any, ArrayLike] | ArrayLike) -> dict[str, NDArray[np.float32]]:
    if isinstance(given, Mapping):
        vectors = {str(name): np.asarray(vector, np.float32) for name, vector in given.items()}
        lacking = [name for name in names if name not in vectors]
        if lacking:
            raise DataError(f"class_vectors has no vector for the class {lacking[0]!r}")
        return vectors
    rows = np.asarray(given, np.float32)
    if rows.ndim != 2 or len(rows) != len(names):
        raise DataError(
            f"class_vectors must have a row for each of the {len(names)} classes, in the order of their sorted labels; "
            f"got shape {rows.shape}"
        )
    return dict(zip(names, rows, strict=True))


def _as_number(name: str) -> tuple[int, int, str]:
    """Whole numbers by their value, names by their letters."""
    return (0, int(name), "") if name.lstrip("-").isdigit() else (1, 0, name)


def _held_out(names: Sequence[str], wanted: Sequence[Any] | None, generator: np.random.Generator) -> set[str]:
    if wanted is not None:
        chosen = {str(name) for name in wanted}
        unknown = sorted(chosen - set(names))
        if unknown or not chosen:
            raise DataError(f"validation names {unknown or 'no class'}; expected some of the {len(names)} classes")
    elif len(names) < LEAST_CLASSES:
        raise DataError(
            f"training needs at least {LEAST_CLASSES} classes, two of them for validation, got {len(names)}"
        )
    else:
        count = max(2, round(VALIDATION_SHARE * len(names)))
        chosen = {str(name) for name in generator.choice(np.array(names, dtype=object), count, replace=False)}
    if len(chosen) >= len(names):
        raise DataError("validation names every class; expected some to train on")
    return chosen
