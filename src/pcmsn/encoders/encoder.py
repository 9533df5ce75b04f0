"""An exported model: sketches and photos to vectors and codes, with ONNX Runtime, NumPy and Pillow alone.

A folder holds ``encoder.json`` (what the model is and how it wants its pictures), ``sketch.onnx`` and ``photo.onnx``
((B, H, W, 3) uint8 pixels to (B, dim) float32 vectors), and ``codes.npz`` (the binary codes).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.data.strokes import fit_picture
from pcmsn.errors import CheckpointError, ConfigError, did_you_mean
from pcmsn.features.backbones.transform import Transform
from pcmsn.hashing.itq import ITQ

Modality = Literal["sketch", "photo"]

FORMAT = 1
DESCRIPTION, CODES = "encoder.json", "codes.npz"
ENCODER = "encoder"
"""The folder in a run that holds its exported model."""
WEIGHTS, CONFIG = "model.safetensors", "config.toml"
"""The files in a run that decide its vectors."""
PACKAGED = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Description:
    """What ``encoder.json`` says."""

    name: str
    """For people, for example ``Sketchy, preset best, seed 0, vit_tiny_patch16_224``."""
    fingerprint: str
    """64 hexadecimal digits of the model that was exported: its vectors can be compared with these."""
    dim: int
    """Length of a vector."""
    sketch: Transform
    """What makes the pixels of a sketch."""
    photo: Transform
    """What makes the pixels of a photo."""
    sketch_on_sheet: bool = False
    """Whether a sketch is first fitted to a sheet and drawn with lines of one width, as the model learned sketches."""
    run: str = ""
    """Absolute path of the run that was exported for its own galleries; empty for a model that is given to others."""
    weights: str = ""
    """SHA-256 of that run's weights, hexadecimal: another one means that the run was trained anew."""

    def write(self, folder: Path, codes: ITQ) -> None:
        """Write ``encoder.json`` and ``codes.npz`` beside the ONNX files."""
        with atomic_path(folder / CODES) as temporary, temporary.open("wb") as file:
            np.savez(file, **codes.to_arrays())  # type: ignore[arg-type]
        write_text_atomically(folder / DESCRIPTION, json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n")


class Encoder:
    """A model that is ready to embed. Safe to call from several threads."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """The model of a folder; ``load`` also knows packaged ones by name.

        ``threads`` is how many cores a picture may take; None takes all. Raises CheckpointError for a folder that
        holds no exported model, or a damaged one.
        """
        self.folder = folder
        self.description = read_description(folder)
        self.codes = _read_codes(folder / CODES)
        self._threads = threads or os.cpu_count() or 1
        self._sessions: dict[Modality, Any] = {}

    @classmethod
    def load(cls, name_or_folder: str | Path, *, threads: int | None = None) -> Encoder:
        """A packaged model by its name, such as ``everyday``, or the model in a folder. Raises CheckpointError."""
        return cls(find_encoder(name_or_folder), threads=threads)

    @property
    def place(self) -> str:
        """What ``load`` takes to find the model again: the name of a packaged one, or the folder."""
        return self.folder.name if self.folder.parent == PACKAGED.resolve() else str(self.folder)

    def embed_sketches(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(n, dim) vectors of RGB sketches, dark strokes on white."""
        return self.vectors("sketch", [self.pixels("sketch", picture) for picture in pictures])

    def embed_photos(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(n, dim) vectors of RGB photos."""
        return self.vectors("photo", [self.pixels("photo", picture) for picture in pictures])

    def pixels(self, modality: Modality, picture: Image.Image) -> NDArray[np.uint8]:
        """(H, W, 3) pixels of an RGB picture, as the network takes them."""
        if modality == "photo":
            return self.description.photo.apply(picture)
        if self.description.sketch_on_sheet:
            sheet = fit_picture(picture, self.description.sketch.height)
            return np.repeat(sheet[:, :, None], 3, axis=2)
        return self.description.sketch.apply(picture)

    def vectors(self, modality: Modality, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, dim) vectors of n pictures' pixels. Raises CheckpointError for vectors that are not finite."""
        if not len(pixels):
            return np.zeros((0, self.description.dim), np.float32)
        (found,) = self._session(modality).run(None, {"pixels": np.stack(pixels)})
        vectors: NDArray[np.float32] = np.ascontiguousarray(found, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise CheckpointError(f"{self.folder / modality}.onnx gives vectors that are not finite; export it again")
        return vectors

    def _session(self, modality: Modality) -> Any:
        """The network of a modality, loaded when it is first needed."""
        if modality not in self._sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.log_severity_level = 3
            # weights kept in 8 bits are widened once, when the network is loaded, not with every picture
            options.add_session_config_entry("session.disable_quant_qdq", "1")
            path = self.folder / f"{modality}.onnx"
            try:
                session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            except Exception as error:  # ONNX Runtime's own errors, by version and cause
                raise CheckpointError(
                    f"{path} cannot be loaded: {str(error).splitlines()[0]}; export it again"
                ) from error
            self._sessions[modality] = session
        return self._sessions[modality]


def find_encoder(name_or_folder: str | Path) -> Path:
    """The folder of a packaged model or of a folder's own. Raises CheckpointError."""
    folder = Path(name_or_folder).expanduser()
    if (folder / DESCRIPTION).is_file():
        return folder
    if isinstance(name_or_folder, str) and name_or_folder in packaged_encoders():
        return PACKAGED / name_or_folder
    names = packaged_encoders()
    raise CheckpointError(
        f"no model {str(name_or_folder)!r}{did_you_mean(str(name_or_folder), names)}: expected a folder that pcmsn "
        f"export wrote, or a packaged model ({', '.join(names) or 'there is none'})"
    )


def encoder_of_run(run: Path) -> Path | None:
    """The folder with a run's exported model; None where there is none, or the run has other weights by now."""
    folder = run / ENCODER
    try:
        description = read_description(folder)
    except CheckpointError:
        return None
    try:
        return folder if description.weights == weights_hash(run) else None
    except OSError:
        return None


def weights_hash(run: Path) -> str:
    """SHA-256 of a run's weights and configuration, hexadecimal. Raises OSError where the run is not there."""
    digest = hashlib.sha256()
    for name in (WEIGHTS, CONFIG):
        digest.update((run / name).read_bytes())
    return digest.hexdigest()


def packaged_encoders() -> list[str]:
    """The names of the models that come with the package."""
    return sorted(path.parent.name for path in PACKAGED.glob(f"*/{DESCRIPTION}"))


def read_description(folder: Path) -> Description:
    """What a folder's ``encoder.json`` says. Raises CheckpointError for one that is missing, damaged or too new."""
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); expected a folder that pcmsn export wrote") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise CheckpointError(f"{path} has format {found}, this version reads {FORMAT}; export the run again")
    try:
        given: dict[str, Any] = {key: value for key, value in values.items() if key != "format"}
        given |= {side: _transform(values[side]) for side in ("sketch", "photo")}
        return Description(**given)
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); export the run again") from error


def _transform(values: Mapping[str, Any]) -> Transform:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return Transform(**given)


def _read_codes(path: Path) -> ITQ:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return ITQ.from_arrays({name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); export the run again") from error
