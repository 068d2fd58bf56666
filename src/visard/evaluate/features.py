"""Features of pictures for Frechet distances: MobileNetV2's, which are named so, because they are not Inception's."""

from __future__ import annotations

import io
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.attack.recognisers.tfjs import inference, need_torch
from visard.models.store import read
from visard.types import Pixels

_SIDE = 224
_HALVING = (2, 4, 7, 14)
"""Blocks that halve the picture (Sandler et al. 2018, "MobileNetV2", table 2)."""

_SCALES = (1, 3, 6, 13, 17)
"""The last block of each scale."""

_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


class Network(Protocol):
    """Features for a Frechet distance, which is called `name`; model: the network in the catalogue."""

    name: ClassVar[str]
    model: ClassVar[str]

    def __init__(self) -> None: ...

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return the (D,) float32 features of one (H, W, 3) uint8 RGB picture."""
        ...


class MobileNetV2:
    """1280 features a picture, pooled from the last layer before the classifier (needs torch)."""

    name: ClassVar[str] = "fd_mobilenetv2"
    model: ClassVar[str] = "mobilenetv2"

    def __init__(self) -> None:
        self._torch = need_torch("fd_mobilenetv2")
        # A pickle, but only the bytes that the catalogue names get here, and weights_only lets it make tensors alone.
        self._weights: dict[str, Any] = self._torch.load(
            io.BytesIO(read(self.model)), map_location="cpu", weights_only=True
        )

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return (1280,) float32 features of one (H, W, 3) uint8 RGB picture, scaled to 224 x 224."""
        small = np.asarray(cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        with inference(self._torch):
            x = self._convolve(self._blocks(small)[-1], "features.18.0", "features.18.1", 1)
            features: NDArray[np.float32] = x.mean((2, 3))[0].numpy()
        return features

    def maps(self, pixels: Pixels) -> list[Any]:
        """Return the features of one (H, W, 3) uint8 RGB picture in its own size, on five scales, finest first.

        Tensors (1, C, h, w): what each scale's last block gives.
        """
        with inference(self._torch):
            found = self._blocks(pixels)
        return [found[block] for block in _SCALES]

    def _blocks(self, pixels: Pixels) -> list[Any]:
        x = ((pixels.astype(np.float32) / 255 - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        found = [self._convolve(self._torch.from_numpy(x.copy()), "features.0.0", "features.0.1", 2)]
        for block in range(1, 18):
            found.append(self._block(found[-1], block))
        return found

    def _block(self, x: Any, block: int) -> Any:
        """Expand, filter each channel, and project; the first block does not expand."""
        head, stride = f"features.{block}.conv", 2 if block in _HALVING else 1
        inner, y = (0, x) if block == 1 else (1, self._convolve(x, f"{head}.0.0", f"{head}.0.1", 1))
        y = self._convolve(y, f"{head}.{inner}.0", f"{head}.{inner}.1", stride)
        y = self._convolve(y, f"{head}.{inner + 1}", f"{head}.{inner + 2}", 1, bend=False)
        return x + y if x.shape == y.shape else y

    def _convolve(self, x: Any, layer: str, norm: str, stride: int, bend: bool = True) -> Any:
        functional, w = self._torch.nn.functional, self._weights
        kernel = w[f"{layer}.weight"]
        y = functional.conv2d(
            x, kernel, stride=stride, padding=kernel.shape[2] // 2, groups=x.shape[1] // kernel.shape[1]
        )
        moments = w[f"{norm}.running_mean"], w[f"{norm}.running_var"]
        y = functional.batch_norm(y, *moments, w[f"{norm}.weight"], w[f"{norm}.bias"])
        return y.clamp(0, 6) if bend else y
