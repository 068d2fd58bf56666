"""Features of pictures for Frechet distances: MobileNetV2's, which are named so, because they are not Inception's."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.attack.recognisers.tfjs import inference
from visard.models.runtimes import need_torch
from visard.types import Pixels

_SIDE = 224
_SCALES = (1, 3, 6, 13, 17)
"""The last block of each scale."""


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
        from visard.nets.features import MobileNetV2 as Net

        self._net: Any = Net()

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return (1280,) float32 features of one (H, W, 3) uint8 RGB picture, scaled to 224 x 224."""
        small = np.asarray(cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        with inference(self._torch):
            features: NDArray[np.float32] = self._net.pooled(self._seen(small))[0].numpy()
        return features

    def maps(self, pixels: Pixels) -> list[Any]:
        """Return the features of one (H, W, 3) uint8 RGB picture in its own size, on five scales, finest first.

        Tensors (1, C, h, w): what each scale's last block gives.
        """
        with inference(self._torch):
            found = self._net.blocks(self._seen(pixels))
        return [found[block] for block in _SCALES]

    def _seen(self, pixels: Pixels) -> Any:
        x = pixels.astype(np.float32) / np.float32(127.5) - 1
        # A view of rows of pixels: channels lie side by side, in which layout the convolutions are quickest.
        return self._torch.from_numpy(x).permute(2, 0, 1)[None]
