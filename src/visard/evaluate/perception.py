"""Perceptual distances of two pictures by networks: LPIPS, its substitute, which is named so, and PieAPP (torch)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np

from visard.attack.cache import Array, Keep, forget
from visard.attack.recognisers.tfjs import inference
from visard.attack.score import Score, absent
from visard.errors import ModelError
from visard.evaluate.features import MobileNetV2
from visard.evaluate.interval import mean
from visard.models.runtimes import need_torch
from visard.models.store import entry, read
from visard.types import Pixels

_LARGEST = 512
"""Pixels of a side above which pictures are reduced first: these distances were made for small pictures."""

_SMALLEST = 64
"""Pixels of a side below which pictures are enlarged first: the deepest features need a few."""

_SHIFT, _SCALE = np.array([-0.030, -0.088, -0.188], np.float32), np.array([0.458, 0.448, 0.450], np.float32)
"""What LPIPS takes off a picture in [-1, 1], and divides it by."""

_ALEXNET = ((0, 4, 2, False), (3, 1, 2, True), (6, 1, 1, True), (8, 1, 1, False), (10, 1, 1, False))
"""Number, stride, padding of AlexNet's convolutions, and whether the picture is pooled before (Krizhevsky 2014)."""

_PATCH, _STEP = 64, 27
"""Side of PieAPP's patches, and the distance between them in its authors' sparse sampling."""

_PIEAPP_POOLED = (2, 4, 6, 8, 10)
"""PieAPP's convolutions that are followed by pooling; those after them are compared."""


class Distance(Protocol):
    """How different two pictures look: 0 for equal ones."""

    name: ClassVar[str]
    models: ClassVar[tuple[str, ...]]

    def __init__(self) -> None: ...

    def __call__(self, one: Pixels, other: Pixels) -> float:
        """Return the distance of two (H, W, 3) uint8 RGB pictures of one size."""
        ...


class Lpips:
    """LPIPS with AlexNet, version 0.1 (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features")."""

    name: ClassVar[str] = "LPIPS"
    models: ClassVar[tuple[str, ...]] = ("alexnet", "lpips_alex")

    def __init__(self) -> None:
        self._torch = need_torch(self.name)
        self._backbone, self._heads = (_weights(self._torch, model) for model in self.models)

    def __call__(self, one: Pixels, other: Pixels) -> float:
        """Return the distance of two (H, W, 3) uint8 RGB pictures of one size."""
        with inference(self._torch):
            pairs = zip(self._maps(one), self._maps(other), strict=True)
            parts = [
                self._torch.nn.functional.conv2d(_apart(*pair), self._heads[f"lin{i}.model.1.weight"]).mean()
                for i, pair in enumerate(pairs)
            ]
        return float(sum(parts))

    def _maps(self, pixels: Pixels) -> list[Any]:
        functional, maps = self._torch.nn.functional, []
        small = (_fitted(pixels) / np.float32(127.5) - 1 - _SHIFT) / _SCALE
        x = self._torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)[None]))
        for number, stride, padding, pool in _ALEXNET:
            x = functional.max_pool2d(x, 3, 2) if pool else x
            weight, bias = (self._backbone[f"features.{number}.{part}"] for part in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, weight, bias, stride, padding))
            maps.append(x)
        return maps


class MobileLpips:
    """LPIPS's distance on MobileNetV2's features, every channel weighing the same: nobody fitted it to opinions."""

    name: ClassVar[str] = "lpips_mobilenetv2"
    models: ClassVar[tuple[str, ...]] = ("mobilenetv2",)

    def __init__(self) -> None:
        self._network = MobileNetV2()

    def __call__(self, one: Pixels, other: Pixels) -> float:
        """Return the distance of two (H, W, 3) uint8 RGB pictures of one size, 0 to 4."""
        pairs = zip(self._network.maps(_fitted(one)), self._network.maps(_fitted(other)), strict=True)
        return float(np.mean([float(_apart(*pair).sum(1).mean()) for pair in pairs]))


class PieApp:
    """PieAPP, version 0.1 (Prashnani et al. 2018, "Perceptual Image-Error Assessment through Pairwise Preference")."""

    name: ClassVar[str] = "PieAPP"
    models: ClassVar[tuple[str, ...]] = ("pieapp",)

    def __init__(self) -> None:
        self._torch = need_torch(self.name)
        self._weights = _weights(self._torch, "pieapp")

    def __call__(self, one: Pixels, other: Pixels) -> float:
        """Return the error of the other picture against the first, the reference, by patches of 64 x 64 pixels.

        Channels are read as blue, green, red from 0 to 255, as in the authors' script.
        """
        torch, weights = self._torch, self._weights
        with inference(torch):
            score = weight = torch.zeros(())
            pairs = zip(_patches(_fitted(one)), _patches(_fitted(other)), strict=True)
            for patches in pairs:
                (wide, deep), (wide_seen, deep_seen) = (self._features(torch.from_numpy(each)) for each in patches)
                hidden = self._linear(torch.relu(self._linear(wide - wide_seen, "fc1_score")), "fc2_score")
                told = weights["ref_score_subtract.weight"].reshape(1, 1), weights["ref_score_subtract.bias"]
                scores = torch.nn.functional.linear(0.01 * hidden, *told)
                counts = self._linear(torch.relu(self._linear(deep - deep_seen, "fc1_weight")), "fc2_weight") + 1e-6
                score, weight = score + (scores * counts).sum(), weight + counts.sum()
        return float(score / weight)

    def _features(self, x: Any) -> tuple[Any, Any]:
        """Return the features of (N, 3, 64, 64) patches on all scales, and the coarsest alone, each flattened."""
        functional, kept = self._torch.nn.functional, []
        for number in range(1, 12):
            weight, bias = (self._weights[f"conv{number}.{part}"] for part in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            if number - 1 in _PIEAPP_POOLED:
                kept.append(x.flatten(1))
            x = functional.max_pool2d(x, 2) if number in _PIEAPP_POOLED else x
        return self._torch.cat(kept, 1), kept[-1]

    def _linear(self, x: Any, name: str) -> Any:
        return self._torch.nn.functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])


def perceived(
    kind: type[Distance], pairs: Sequence[tuple[Pixels, Pixels]], people: Sequence[str], keep: Keep = forget
) -> Score:
    """Return the mean distance of pairs of pictures, each of a person; absent where a network is not here."""
    try:
        distance, name = kind(), " ".join([kind.name, *(entry(model).sha256[:8] for model in kind.models)])
    except ModelError as error:
        return absent(kind.name, str(error))

    def ask(pair: tuple[Pixels, Pixels]) -> Array:
        return np.array([distance(*pair)], np.float32)

    def tell(pair: tuple[Pixels, Pixels]) -> float:
        return 0.0 if np.array_equal(*pair) else float(keep(name, np.stack(pair), partial(ask, pair))[0])

    return mean(kind.name, [tell(pair) for pair in pairs], people, "no picture")


def _weights(torch: Any, model: str) -> dict[str, Any]:
    # A pickle, but only the bytes that the catalogue names get here, and weights_only lets it make tensors alone.
    loaded: dict[str, Any] = torch.load(io.BytesIO(read(model)), map_location="cpu", weights_only=True)
    return loaded


def _apart(one: Any, other: Any) -> Any:
    """Return the squared differences of features (1, C, h, w) whose channels have length 1 at each place."""
    lengths = [(each * each).sum(1, keepdim=True).sqrt() + 1e-10 for each in (one, other)]
    return (one / lengths[0] - other / lengths[1]) ** 2


def _fitted(pixels: Pixels) -> Pixels:
    """Return the picture with no side over 512 pixels and none under 64."""
    factor = min(1.0, _LARGEST / max(pixels.shape[:2]))
    height, width = (max(_SMALLEST, round(side * factor)) for side in pixels.shape[:2])
    if (height, width) == pixels.shape[:2]:
        return pixels
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)


def _patches(pixels: Pixels) -> Sequence[Any]:
    """Return the patches of a picture, (n, 3, 64, 64) float32 a row of them, the last ones at its edges."""
    rows, columns = ([*range(0, side - _PATCH, _STEP), side - _PATCH] for side in pixels.shape[:2])
    bgr = pixels[..., ::-1].astype(np.float32).transpose(2, 0, 1)
    return [np.stack([bgr[:, y : y + _PATCH, x : x + _PATCH] for x in columns]) for y in rows]
