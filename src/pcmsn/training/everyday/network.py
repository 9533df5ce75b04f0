"""ViT-Tiny for drawings and for photos: the same blocks on one grey channel at a small size, or on three at 224."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

PATCH = 16
WIDTH = 192
HEADS = 3

_NAMES = {
    "layernorm_before": "norm1",
    "attention.output.dense": "out",
    "layernorm_after": "norm2",
    "intermediate.dense": "up",
    "output.dense": "down",
}


class Block(nn.Module):
    """Attention and a two-layer network, each added to what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, 192) to the same shape."""
        batch, length, width = tokens.shape
        parts = self.qkv(self.norm1(tokens)).view(batch, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        tokens = tokens + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        result: Tensor = tokens + self.down(functional.gelu(self.up(self.norm2(tokens))))
        return result


class VisionTransformer(nn.Module):
    """ViT-Tiny without its classifier, on square pictures of grey values (one channel) or colours (three)."""

    def __init__(self, size: int, channels: int, blocks: int = 12) -> None:
        super().__init__()
        self.size = size
        self.patches = nn.Conv2d(channels, WIDTH, PATCH, PATCH)
        self.first = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.places = nn.Parameter(torch.zeros(1, 1 + (size // PATCH) ** 2, WIDTH))
        self.blocks = nn.ModuleList([Block() for _ in range(blocks)])
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, pictures: Tensor) -> Tensor:
        """(batch, channels, size, size) values in 0 to 255 to (batch, tokens, 192) after the last block."""
        patches = self.patches((pictures / 255 - 0.5) / 0.5).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(pictures.shape[0], -1, -1), patches], dim=1) + self.places
        for block in self.blocks:
            tokens = block(tokens)
        result: Tensor = self.norm(tokens)
        return result


class DrawingNetwork(VisionTransformer):
    """(batch, size, size) sheets, 0 (ink) to 255, to (batch, 192): the first token's feature."""

    def __init__(self, size: int = 128, blocks: int = 12) -> None:
        super().__init__(size, 1, blocks)

    def forward(self, sheets: Tensor) -> Tensor:
        """The first token after the last block."""
        return super().forward(sheets.unsqueeze(1))[:, 0]


class PhotoNetwork(VisionTransformer):
    """(batch, 3, 224, 224) photos, 0 to 255, to (batch, 384): the first token's feature, and the mean of the others."""

    def __init__(self, blocks: int = 12) -> None:
        super().__init__(224, 3, blocks)

    def forward(self, photos: Tensor) -> Tensor:
        """Both features after the last block."""
        tokens = super().forward(photos)
        return torch.cat([tokens[:, 0], tokens[:, 1:].mean(dim=1)], dim=1)


def load_weights(network: VisionTransformer, folder: Path) -> None:
    """Fills a network from an ImageNet ViT-Tiny in the Hugging Face form; places are resized, colours summed."""
    stored = load_file(folder / "model.safetensors")
    weights = {name.removeprefix("vit."): tensor.float() for name, tensor in stored.items()}
    colours = weights["embeddings.patch_embeddings.projection.weight"]
    places = weights["embeddings.position_embeddings"]
    old, new = int((places.shape[1] - 1) ** 0.5), network.size // PATCH
    grid = places[:, 1:].view(1, old, old, WIDTH).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, size=(new, new), mode="bicubic", align_corners=False) if new != old else grid
    state: dict[str, Tensor] = {
        "patches.weight": colours.sum(1, keepdim=True) if network.patches.in_channels == 1 else colours,
        "patches.bias": weights["embeddings.patch_embeddings.projection.bias"],
        "first": weights["embeddings.cls_token"],
        "places": torch.cat([places[:, :1], grid.flatten(2).transpose(1, 2)], dim=1),
        "norm.weight": weights["layernorm.weight"],
        "norm.bias": weights["layernorm.bias"],
    }
    for number in range(len(network.blocks)):
        theirs, ours = f"encoder.layer.{number}.", f"blocks.{number}."
        for part in ("weight", "bias"):
            for name, own in _NAMES.items():
                state[f"{ours}{own}.{part}"] = weights[f"{theirs}{name}.{part}"]
            attention = [f"{theirs}attention.attention.{name}.{part}" for name in ("query", "key", "value")]
            state[f"{ours}qkv.{part}"] = torch.cat([weights[name] for name in attention])
    network.load_state_dict(state)
