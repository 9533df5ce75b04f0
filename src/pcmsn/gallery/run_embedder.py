"""A trained run as an embedder: its extractors and network in torch, without the data set that it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pcmsn.device import pick_device
from pcmsn.errors import GalleryError
from pcmsn.features.backbones.base import Extractors
from pcmsn.features.forward import Computation, Forward
from pcmsn.gallery.picture_embedder import PictureEmbedder
from pcmsn.gallery.records import ModelIdentity
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.training.trained_run import load_with_networks, model_fingerprint, model_name


class TorchNetwork:
    """A run's extractors and model on a device; a ``Network``."""

    def __init__(self, model: RetrievalModel, extractors: Extractors, computation: Computation) -> None:
        """``computation`` names the device."""
        self._model, self._device = model.to(computation.device), computation.device
        self._transforms = {"sketch": extractors.sketch.transform, "photo": extractors.photo.transform}
        self._forward = {
            "sketch": Forward(extractors.sketch, computation),
            "photo": Forward(extractors.photo, computation),
        }

    def pixels(self, modality: Literal["sketch", "photo"], picture: Image.Image) -> NDArray[np.uint8]:
        """(H, W, 3) pixels, as the extractor takes them."""
        return self._transforms[modality].apply(picture)

    def vectors(self, modality: Literal["sketch", "photo"], pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, dim) retrieval features of n pictures' pixels. Raises BackboneError as ``Forward`` does."""
        features = torch.from_numpy(self._forward[modality].start(torch.from_numpy(np.stack(pixels)))())
        embed = self._model.embed_sketches if modality == "sketch" else self._model.embed_photos
        vectors: NDArray[np.float32] = embed(features.to(self._device)).cpu().numpy()
        return vectors


def load_network(run: Path, *, device: str = "auto", backbone: str | None = None) -> TorchNetwork:
    """The network of a run folder, for pictures. Raises what ``load_with_networks`` raises."""
    trained, extractors = load_with_networks(run, backbone)
    return TorchNetwork(trained.model, extractors, Computation(device=pick_device(device)))


def run_embedder(run: Path, *, device: str = "auto", backbone: str | None = None) -> PictureEmbedder:
    """The embedder of a run folder; ``backbone`` says where the same extractors are now, where they were moved.

    Raises GalleryError for a released checkpoint, else what ``load_with_networks`` raises.
    """
    run = run.expanduser().resolve()
    if run.suffix == ".pth":
        raise GalleryError(f"{run} is a released checkpoint; galleries need a run folder that pcmsn train --out wrote")
    trained, extractors = load_with_networks(run, backbone)
    computation = Computation(device=pick_device(device))
    identity = ModelIdentity(
        fingerprint=model_fingerprint(trained, extractors),
        dim=trained.config.model.dim,
        bits=trained.itq.bits,
        name=model_name(trained, extractors),
        run=str(run),
    )
    network = TorchNetwork(trained.model, extractors, computation)
    return PictureEmbedder(network, trained.itq, identity, batch_size=computation.chosen_batch_size())
