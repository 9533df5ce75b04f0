"""Makes the packaged model `everyday` from public data; stops at any moment, and goes on from its state folder.

    python benchmarks/everyday_training.py --data ../shared/data --backbone ../shared/backbones/vit_tiny_patch16_224 \
        --state everyday-state --out src/pcmsn/encoders/everyday

It takes an hour and a half on one core: ten minutes for the photos' features, an hour for the network for drawings, and
the rest for what comes after. ``benchmarks/everyday.py`` reads the same state.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from pcmsn.encoders.kinds import Kind, read_kinds
from pcmsn.hashing.itq import ITQ
from pcmsn.training.everyday.drawing_training import (
    STATE_FILE,
    DrawingSettings,
    KindClassifier,
    drawing_features,
    train_on_drawings,
)
from pcmsn.training.everyday.drawings import Drawings, Sheets, Strokes, read_sheets, read_strokes
from pcmsn.training.everyday.exporting import export_encoder
from pcmsn.training.everyday.network import DrawingNetwork, PhotoNetwork, load_weights
from pcmsn.training.everyday.photos import Photos, content_groups, hold_out, list_photos, photo_features
from pcmsn.training.everyday.space import (
    Classes,
    Labelled,
    MadeUpPhotos,
    Space,
    SpaceSettings,
    balanced,
    class_table,
    make_up_photos,
    train_space,
)

SIZE = 128
PHOTO_VIEWS = 2
"""The whole photo, and one mirrored part."""
SHARES = {"quickdraw": 0.55, "tu_berlin": 0.32, "sketchy": 0.13}
"""How much of a batch of drawings comes from each source."""
VIEWS = {"quickdraw": 3, "tu_berlin": 1, "sketchy": 1}
"""Forms of each drawing from which the space is learned: varied ones; the last of several is the drawing as it is."""
HELD_OUT_PHOTOS = 0.2
"""Part of the photos, by content, that the packaged model does not learn from, so that it can be measured."""
SPACE = SpaceSettings()


@dataclass(frozen=True)
class Work:
    """The data, and what of the work is already done in the state folder."""

    data: Path
    backbone: Path
    state: Path

    @cached_property
    def kinds(self) -> list[Kind]:
        """What the model is taught."""
        return read_kinds()

    @cached_property
    def photos(self) -> Photos:
        """All photos."""
        folders = {
            "sketchy": self.data / "ZS-SBIR/Sketchy/extended_photo",
            "caltech101": self.data / "everyday/caltech101-photos",
        }
        return list_photos(folders, self.kinds)

    @cached_property
    def photo_views(self) -> list[NDArray[np.float32]]:
        """(n, 384) features of whole photos, and of parts of them."""
        return [self._photo_view(view) for view in range(PHOTO_VIEWS)]

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(n,) photos of the same content have the same number."""
        return content_groups(self.photo_views[0][:, :192])

    @cached_property
    def held_out_photos(self) -> NDArray[np.bool_]:
        """(n,) what the packaged model does not learn from."""
        return hold_out(self.groups, HELD_OUT_PHOTOS, np.random.default_rng(0))

    @cached_property
    def classes(self) -> Classes:
        """The kinds and ImageNet's other classes."""
        import pcmsn.training.everyday as package

        listed = Path(package.__file__).with_name("imagenet_synsets.txt").read_text(encoding="utf-8").split()
        return class_table(self.kinds, listed)

    def made_up(self, known: NDArray[np.bool_]) -> MadeUpPhotos:
        """Made-up photos of ImageNet's classes, by the photos that are known."""
        weights = load_file(self.backbone / "model.safetensors")["classifier.weight"].float().numpy()
        of_kinds = self.classes.of_imagenet[self.classes.of_imagenet < len(self.kinds)]
        counts = np.bincount(of_kinds, minlength=len(self.kinds))
        single = {
            int(kind): int(np.flatnonzero(self.classes.of_imagenet == kind)[0]) for kind in np.flatnonzero(counts == 1)
        }
        return make_up_photos([self.photo_views[0][known]], [weights], self.photos.kinds[known], single)

    def strokes(self, *, held_out: bool) -> Strokes:
        """Quick, Draw!'s drawings."""
        return read_strokes(self.data / "everyday/quickdraw", self.kinds, held_out=held_out)

    @cached_property
    def drawings(self) -> Drawings:
        """All drawings to learn from."""
        folders = {
            "tu_berlin": self.data / "everyday/tu-berlin-sketches",
            "sketchy": self.data / "ZS-SBIR/Sketchy/sketch/tx_000000000000",
        }
        sources: dict[str, Strokes | Sheets] = {"quickdraw": self.strokes(held_out=False)}
        for name, folder in folders.items():
            path = self.state / f"sheets_{name}.npz"
            if not path.is_file():
                read = read_sheets(folder, self.kinds, name, SIZE)
                np.savez_compressed(path, sheets=read.sheets, kinds=read.kinds, words=np.asarray(read.words))
            with np.load(path) as arrays:
                sources[name] = Sheets(arrays["sheets"], arrays["kinds"], tuple(arrays["words"].tolist()))
        return Drawings(sources, SHARES)

    def drawing_network(self) -> DrawingNetwork:
        """The network as the state holds it: the running mean of its weights."""
        model = KindClassifier(DrawingNetwork(SIZE), len(self.kinds))
        model.load_state_dict(torch.load(self.state / STATE_FILE, weights_only=True)["mean"])
        return model.eval().network

    @cached_property
    def drawn(self) -> Labelled:
        """Features of varied drawings to learn the space from; each source has its share."""
        path = self.state / "drawn.npz"
        if not path.is_file():
            generator = np.random.default_rng(1)
            network = self.drawing_network()
            parts, kinds, weights = [], [], []
            for name, source in self.drawings.sources.items():
                for view in range(VIEWS[name]):
                    vary = None if 0 < view == VIEWS[name] - 1 else generator
                    sheets = np.stack([source.sheet(row, SIZE, vary) for row in range(len(source.kinds))])
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        parts.append(drawing_features(network, sheets))
                    kinds.append(source.kinds)
                    weights.append(np.full(len(source.kinds), SHARES[name] / VIEWS[name] / len(source.kinds)))
                    tell(f"features of drawings: {name}")
            np.savez(path, features=np.concatenate(parts), kinds=np.concatenate(kinds), weights=np.concatenate(weights))
        with np.load(path) as arrays:
            return Labelled(arrays["features"], arrays["kinds"], arrays["weights"])

    def space(self, known: NDArray[np.bool_], settings: SpaceSettings = SPACE) -> Space:
        """Heads and class vectors, learned from all drawings and the known photos."""
        kinds = np.tile(self.photos.kinds[known], PHOTO_VIEWS)
        features = np.concatenate([view[known] for view in self.photo_views])
        photos = Labelled(features, kinds, balanced(kinds))
        return train_space(self.drawn, photos, self.made_up(known), self.classes, settings)

    def _photo_view(self, view: int) -> NDArray[np.float32]:
        path = self.state / f"photos_{view}.npy"
        if not path.is_file():
            network = PhotoNetwork()
            load_weights(network, self.backbone)
            features = photo_features(network, self.photos.paths, np.random.default_rng(view) if view else None)
            np.save(path, features.astype(np.float16))
            tell(f"wrote {path}")
        kept: NDArray[np.float32] = np.load(path).astype(np.float32)
        return kept


def tell(text: str) -> None:
    """A line of progress."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def work_options(description: str | None) -> argparse.ArgumentParser:
    """The options that say where data and state are."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with everyday/ and ZS-SBIR/Sketchy")
    parser.add_argument("--backbone", type=Path, required=True, help="folder of an ImageNet ViT-Tiny")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps what is done")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def main() -> None:
    """Does what is not done yet."""
    parser = work_options(__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the exported model")
    parser.add_argument("--minutes", type=float, default=60.0, help="of training on drawings")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.state.mkdir(parents=True, exist_ok=True)
    work = Work(options.data, options.backbone, options.state)
    tell(f"{len(work.photos.paths)} photos, {work.held_out_photos.sum()} of them held out; {len(work.kinds)} kinds")
    network = DrawingNetwork(SIZE)
    load_weights(network, work.backbone)
    train_on_drawings(
        KindClassifier(network, len(work.kinds)),
        work.drawings,
        DrawingSettings(minutes=options.minutes),
        work.state,
        on_report=lambda step, progress, loss: tell(f"step {step}: {progress:.1%}, loss {loss:.3f}"),
    )
    known = ~work.held_out_photos
    space = work.space(known)
    tell("learned the space")
    codes = ITQ.fit(
        space.embed_drawings(work.drawn.features[::4]),
        space.embed_photos(work.photo_views[0][known]),
        space.classes.shape[1],
        np.random.default_rng(0),
    )
    photo_network = PhotoNetwork()
    load_weights(photo_network, work.backbone)
    export_encoder(
        options.out,
        "everyday",
        drawings=work.drawing_network(),
        photos=photo_network.eval(),
        space=space,
        classes=work.classes,
        codes=codes,
    )
    tell(f"wrote {options.out}")


if __name__ == "__main__":
    main()
