"""Networks that only look: features of MobileNetV2 and of dlib's recogniser, open to gradients, never taught here."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.dlib_resnet import BLOCKS, MEAN, SIDE, read_layers
from visard.models.store import read

_HALVING = (2, 4, 7, 14)
"""Blocks of MobileNetV2 that halve the picture (Sandler et al. 2018, table 2)."""

_BLOCKS = 17

_LOOKED_AT = (1, 3, 6, 10)
"""Blocks whose results are compared: at 64, 32, 16 and 8 pixels of a picture of 128."""


def differ(ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
    """Return the squared distance of features at the same places, added up over the levels of two lists of them."""
    return torch.stack([(a - b).float().square().sum(1).mean() for a, b in zip(ours, theirs, strict=True)]).sum()


class MobileNetV2(nn.Module):
    """ImageNet's MobileNetV2 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        # A pickle, but only the bytes that the catalogue names get here, and weights_only lets it make tensors alone.
        weights = torch.load(io.BytesIO(read("mobilenetv2")), map_location="cpu", weights_only=True)
        self._layer(weights, "0", "features.0.0", "features.0.1")
        for block in range(1, _BLOCKS + 1):
            head, inner = f"features.{block}.conv", int(block > 1)
            if inner:
                self._layer(weights, f"{block}wide", f"{head}.0.0", f"{head}.0.1")
            self._layer(weights, f"{block}deep", f"{head}.{inner}.0", f"{head}.{inner}.1")
            self._layer(weights, f"{block}flat", f"{head}.{inner + 1}", f"{head}.{inner + 2}")
        self._layer(weights, "last", "features.18.0", "features.18.1")
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return features (n, c, h, w), of length 1 at each place, of (n, 3, H, W) pictures from -1 to 1."""
        found = self.blocks(pictures, _LOOKED_AT[-1])
        return [functional.normalize(found[block], dim=1) for block in _LOOKED_AT]

    def blocks(self, pictures: Tensor, last: int = _BLOCKS) -> list[Tensor]:
        """Return what the first convolution (0) and each block up to the last give of (n, 3, H, W), -1 to 1."""
        found = [self._convolve(((pictures + 1) / 2 - self.mean) / self.spread, "0", 2)]
        for block in range(1, last + 1):
            found.append(self._block(found[-1], block))
        return found

    def pooled(self, pictures: Tensor) -> Tensor:
        """Return (n, 1280) features of whole (n, 3, H, W) pictures from -1 to 1."""
        return self._convolve(self.blocks(pictures)[-1], "last").mean((2, 3))

    def _block(self, x: Tensor, block: int) -> Tensor:
        """Expand, filter each channel, and project; the first block does not expand."""
        y = self._convolve(x, f"{block}wide") if block > 1 else x
        y = self._convolve(y, f"{block}deep", 2 if block in _HALVING else 1)
        y = self._convolve(y, f"{block}flat", bend=False)
        return x + y if x.shape == y.shape else y

    def _layer(self, weights: dict[str, Any], name: str, layer: str, norm: str) -> None:
        """Keep a convolution with its normalisation folded in."""
        gain = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + 1e-5).sqrt()
        kernel = weights[f"{layer}.weight"] * gain[:, None, None, None]
        self.register_buffer(f"w{name}", kernel.contiguous(memory_format=torch.channels_last))
        self.register_buffer(f"b{name}", weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain)

    def _convolve(self, x: Tensor, name: str, stride: int = 1, bend: bool = True) -> Tensor:
        kernel, bias = getattr(self, f"w{name}"), getattr(self, f"b{name}")
        groups = x.shape[1] // kernel.shape[1]
        y = functional.conv2d(x, kernel, bias, stride, kernel.shape[2] // 2, groups=groups)
        return functional.relu6(y, inplace=True) if bend else y


class DlibResNet(nn.Module):
    """dlib's recogniser: white box in the judge's table, and so allowed here; held-out ones never are."""

    def __init__(self) -> None:
        super().__init__()
        for number, layer in enumerate(read_layers(read("dlib_resnet"))):
            self.register_buffer(f"w{number}", torch.from_numpy(layer.weight.copy()))
            self.register_buffer(f"b{number}", torch.from_numpy(layer.bias.copy()))
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])

    def forward(self, faces: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return features at three depths, and (n, 128) who it is, of (n, 3, 150, 150) aligned faces from -1 to 1."""
        x = ((faces + 1) * 127.5 - self.mean) / 256
        x = functional.max_pool2d(functional.relu(self._convolve(x, 0, 2, 0)), 3, 2)
        number, found = 1, []
        for width, stride in BLOCKS:
            if stride == 2:
                found.append(x)
            x = self._block(x, number, width, stride)
            number += 2
        return found[:3], self._convolve(x.mean((2, 3), keepdim=True), number, 1, 0).flatten(1)

    def _block(self, x: Tensor, number: int, width: int, stride: int) -> Tensor:
        y = functional.relu(self._convolve(x, number, stride, 1 if stride == 1 else 0))
        y = self._convolve(y, number + 1, 1, 1)
        if stride == 2:
            # dlib adds what differs in size as if filled up with zeros at the end.
            x = functional.avg_pool2d(x, 2)
            y = functional.pad(y, (0, x.shape[3] - y.shape[3], 0, x.shape[2] - y.shape[2]))
            x = functional.pad(x, (0, 0, 0, 0, 0, width - x.shape[1]))
        return functional.relu(x + y)

    def _convolve(self, x: Tensor, number: int, stride: int, padding: int) -> Tensor:
        return functional.conv2d(x, getattr(self, f"w{number}"), getattr(self, f"b{number}"), stride, padding)


def chips(pictures: Tensor, places: Tensor) -> Tensor:
    """Return (n, 3, 150, 150) aligned faces of (n, 3, S, S) pictures; places: (n, 2, 3) as `affine_grid` takes them."""
    grid = functional.affine_grid(places, [len(pictures), 3, SIDE, SIDE], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
