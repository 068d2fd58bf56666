"""Inception-v3 for Frechet distances: the official network of FID, or one that was trained further on other pictures.

Source: Szegedy et al. 2016, "Rethinking the Inception Architecture", table 1 and figures 5 to 7; Heusel et al. 2017,
"GANs Trained by a Two Time-Scale Update Rule", who introduced FID.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.attack.recognisers.tfjs import inference
from visard.errors import ModelError
from visard.models.runtimes import need_torch
from visard.models.store import absent, read, remedy
from visard.types import Pixels

SIDE, FEATURES = 299, 2048

_EPSILON = 1e-3

_FILES = ("inception_nsfw", *(f"inception_nsfw_{i}" for i in range(1, 7)))
"""Of nsfwjs: names, shapes and ranges, then the weights in six parts."""

_BRANCHES = {
    "A": ("1x1", "5x5_1", "5x5_2", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3", "_pool"),
    "B": ("3x3", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3"),
    "C": ("1x1", *(f"7x7_{i}" for i in range(1, 4)), *(f"7x7dbl_{i}" for i in range(1, 6)), "_pool"),
    "D": ("3x3_1", "3x3_2", *(f"7x7x3_{i}" for i in range(1, 5))),
    "E": ("1x1", "3x3_1", "3x3_2a", "3x3_2b", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3a", "3x3dbl_3b", "_pool"),
}
"""Kind of block -> its convolutions, in the order in which every release counts them."""

_BLOCKS = {"5b": "A", "5c": "A", "5d": "A", "6a": "B", "6b": "C", "6c": "C", "6d": "C", "6e": "C", "7a": "D",
           "7b": "E", "7c": "E"}  # fmt: skip

_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")

NAMES = (*_STEM, *(f"Mixed_{at}.branch{each}" for at, kind in _BLOCKS.items() for each in _BRANCHES[kind]))
"""The 94 convolutions in their order, by the official release's names."""


class Layer(NamedTuple):
    """A convolution with its normalisation folded in: weight (out, in, high, wide) and bias (out,), torch tensors."""

    weight: Any
    bias: Any


def features(torch: Any, layers: Sequence[Layer], pictures: Any, last_pool: str) -> Any:
    """Return (N, 2048) features of a (N, 3, 299, 299) tensor; last_pool: `max` in the official network, else `mean`."""
    functional, left = torch.nn.functional, iter(layers)

    def step(x: Any, stride: int = 1, valid: bool = False) -> Any:
        weight, bias = next(left)
        padding = (0, 0) if valid else (weight.shape[2] // 2, weight.shape[3] // 2)
        return functional.relu(functional.conv2d(x, weight, bias, stride, padding))

    def steps(x: Any, count: int) -> Any:
        for _ in range(count):
            x = step(x)
        return x

    def pooled(x: Any, kind: str = "mean") -> Any:
        if kind == "max":
            return functional.max_pool2d(x, 3, 1, 1)
        return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def block(x: Any, kind: str, pool: str) -> Any:
        if kind == "A":
            parts = [step(x), steps(x, 2), steps(x, 3), step(pooled(x))]
        elif kind == "B":
            parts = [step(x, 2, True), step(steps(x, 2), 2, True), functional.max_pool2d(x, 3, 2)]
        elif kind == "C":
            parts = [step(x), steps(x, 3), steps(x, 5), step(pooled(x))]
        elif kind == "D":
            parts = [step(step(x), 2, True), step(steps(x, 3), 2, True), functional.max_pool2d(x, 3, 2)]
        else:
            parts = [step(x)]
            for depth in (1, 2):
                stem = steps(x, depth)
                parts += [step(stem), step(stem)]
            parts.append(step(pooled(x, pool)))
        return torch.cat(parts, 1)

    x = step(step(step(pictures, 2, True), valid=True))
    x = step(step(functional.max_pool2d(x, 3, 2), valid=True), valid=True)
    x = functional.max_pool2d(x, 3, 2)
    for at, kind in _BLOCKS.items():
        x = block(x, kind, last_pool if at == "7c" else "mean")
    return x.mean((2, 3))


class Inception:
    """The official features of FID, on pictures resized as clean-fid does it (needs torch and `inception`)."""

    name: ClassVar[str] = "fid"
    model: ClassVar[str] = "inception"

    def __init__(self) -> None:
        self._torch = need_torch(self.name)
        # A pickle, but only the bytes that the catalogue names get here, and weights_only lets it make tensors alone.
        weights = self._torch.load(io.BytesIO(read(self.model)), map_location="cpu", weights_only=True)
        self._layers = [_folded(self._torch, weights, name) for name in NAMES]

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return (2048,) float32 features of one (H, W, 3) uint8 RGB picture."""
        with inference(self._torch):
            x = self._torch.from_numpy((_resized(pixels, Image.Resampling.BICUBIC) - 128) / 128)
            found: NDArray[np.float32] = features(self._torch, self._layers, x, "max")[0].numpy()
        return found


class InceptionNsfw:
    """Features of an Inception-v3 that was trained further on indecent and decent pictures: not FID's."""

    name: ClassVar[str] = "fd_inception_nsfw"
    model: ClassVar[str] = "inception_nsfw"

    def __init__(self) -> None:
        self._torch = need_torch(self.name)
        if missing := absent(_FILES):
            raise ModelError(f"the network {self.model} is not here", hint=remedy(missing))
        arrays = dict(_unpacked())
        self._layers = [_normalised(self._torch, arrays, i) for i in range(1, len(NAMES) + 1)]

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return (2048,) float32 features of one (H, W, 3) uint8 RGB picture."""
        with inference(self._torch):
            x = self._torch.from_numpy(_resized(pixels, Image.Resampling.BILINEAR) / 255)
            found: NDArray[np.float32] = features(self._torch, self._layers, x, "mean")[0].numpy()
        return found


def _resized(pixels: Pixels, how: Image.Resampling) -> NDArray[np.float32]:
    """Return (1, 3, 299, 299) floats from 0 to 255, each channel resized without rounding (Parmar et al. 2022)."""
    channels = [Image.fromarray(np.asarray(pixels[..., i], np.float32)).resize((SIDE, SIDE), how) for i in range(3)]
    return np.clip(np.stack([np.asarray(channel, np.float32) for channel in channels]), 0, 255)[None]


def _folded(torch: Any, weights: dict[str, Any], name: str) -> Layer:
    moments = weights[f"{name}.bn.running_mean"], weights[f"{name}.bn.running_var"]
    scale = weights[f"{name}.bn.weight"] / torch.sqrt(moments[1] + _EPSILON)
    bias = weights[f"{name}.bn.bias"] - moments[0] * scale
    return Layer(weights[f"{name}.conv.weight"] * scale[:, None, None, None], bias)


def _normalised(torch: Any, arrays: dict[str, NDArray[np.float32]], number: int) -> Layer:
    norm = f"batch_normalization_{number}"
    # Eight bits let the smallest variances round to a little below nothing.
    scale = 1 / np.sqrt(np.maximum(arrays[f"{norm}/moving_variance"], 0) + _EPSILON)
    weight = arrays[f"conv2d_{number}/kernel"].transpose(3, 2, 0, 1) * scale[:, None, None, None]
    bias = arrays[f"{norm}/beta"] - arrays[f"{norm}/moving_mean"] * scale
    return Layer(*(torch.from_numpy(np.ascontiguousarray(part, np.float32)) for part in (weight, bias)))


def _unpacked() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the arrays of nsfwjs: names, shapes and ranges in a script, bytes in six, as text in base 64."""
    shards = [_text(read(shard), r'"([A-Za-z0-9+/]{1000,}=*)"')[0][0] for shard in _FILES[1:]]
    content, at = b"".join(base64.b64decode(shard) for shard in shards), 0
    pattern = r'(name):"([^"]+)",shape:\[([\d,]+)\],dtype:"float32",quantization:\{min:([-.\de]+),scale:([.\de-]+),'
    for _, name, shape, low, scale in _text(read(_FILES[0]), pattern):
        sides = [int(side) for side in shape.split(",")]
        flat = np.frombuffer(content, np.uint8, int(np.prod(sides)), at)
        at += flat.size
        yield name, (flat.reshape(sides) * np.float32(scale) + np.float32(low)).astype(np.float32)


def _text(script: bytes, pattern: str) -> list[tuple[str, ...]]:
    found = [match if isinstance(match, tuple) else (match,) for match in re.findall(pattern, script.decode())]
    if not found:
        raise ModelError("the scripts of inception_nsfw hold no weights")
    return found
