"""The denoiser of faces with hair, read from its weights as ONNX: no torch, and no run without its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models.carded import WEIGHTS, carded
from visard.models.onnx import Graph
from visard.models.runtimes import OpenCvNet

Floats = NDArray[np.float32]

SIDE = 64
"""Side in pixels of the square."""

TOLD = 16
"""Numbers by which the network is told how noisy a picture is."""

SLOPE = 0.2
"""Of the network's rectifiers below zero."""

FILE = WEIGHTS / "denoiser.safetensors"
_HINT = "train it: `visard train denoiser`"


@dataclass(frozen=True, slots=True, eq=False)
class Denoiser:
    """The network, as `methods.diffusion` takes it."""

    _net: OpenCvNet

    def __call__(self, noisy: Floats, level: float) -> Floats:
        """Return the noise in (1, 3, 64, 64), of a level."""
        maps = np.broadcast_to(told(level)[None, :, None, None], (1, TOLD, SIDE, SIDE))
        return self._net(np.concatenate([noisy, maps], axis=1).astype(np.float32))[0]


def told(level: float) -> Floats:
    """Return (16,) what the network is told of a level: waves of the logarithm of picture over noise."""
    ratio = 0.5 * np.log(max(level, 1e-8) / max(1 - level, 1e-8))
    waves = ratio * 0.25 * 2.0 ** np.arange(TOLD // 2)
    return np.concatenate([np.sin(waves), np.cos(waves)]).astype(np.float32)


@lru_cache(maxsize=2)
def denoiser(file: Path = FILE) -> Denoiser:
    """Return the network; raises ModelError where it or its card is missing, broken or not each other's."""
    try:
        network, output = to_onnx(carded(file, _HINT))
    except KeyError as error:
        raise ModelError(f"the network lacks {error}", where=file.name, hint=_HINT) from error
    return Denoiser(OpenCvNet("denoiser", outputs=(output,), content=network))


def to_onnx(tensors: Mapping[str, NDArray[Any]]) -> tuple[bytes, str]:
    """Return the network of `nets.denoiser` as an ONNX file, and the name of its output (1, 3, 64, 64).

    Its input is (1, 19, 64, 64): the picture, and what it is told, everywhere. Raises KeyError for missing weights.
    """

    def conv(name: str, x: str, stride: int = 1) -> str:
        weight, bias = (tensors[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        return graph.conv(x, weight, bias, stride, padding=weight.shape[2] // 2)

    def block(name: str, x: str) -> str:
        # Rectifiers of slope 1 change nothing; without them OpenCV takes the sum for a convolution's short cut.
        parts = conv(f"{name}.one", graph.leaky(x, SLOPE)), conv(f"{name}.hear", level)
        y = graph.add(*(graph.leaky(part, 1.0) for part in parts))
        return graph.add(x, conv(f"{name}.two", graph.leaky(y, SLOPE)))

    def blocks(name: str, x: str) -> str:
        for number in range(sum(key.startswith(f"{name}.") and key.endswith(".one.weight") for key in tensors)):
            x = block(f"{name}.{number}", x)
        return x

    graph = Graph("denoiser", {"noisy": (1, 3 + TOLD, SIDE, SIDE)})
    # The level is the same everywhere, so that its mean is itself, and the picture's channels have no weight in it.
    whole = tensors["listen.weight"].astype(np.float32)
    whole = np.concatenate([np.zeros((len(whole), 3, 1, 1), np.float32), whole], axis=1)
    level = graph.leaky(graph.mean(graph.conv("noisy", whole, tensors["listen.bias"].astype(np.float32))), SLOPE)
    stem = tensors["stem.weight"].astype(np.float32)
    stem = np.concatenate([stem, np.zeros((len(stem), TOLD, 3, 3), np.float32)], axis=1)
    x = graph.conv("noisy", stem, tensors["stem.bias"].astype(np.float32), padding=1)
    seen, depth = [], sum(key.startswith("down.") and key.endswith(".weight") for key in tensors)
    for number in range(depth):
        x = blocks(f"enter.{number}", x)
        seen.append(x)
        x = conv(f"down.{number}", graph.leaky(x, SLOPE), stride=2)
    x = blocks("middle", x)
    for number in reversed(range(depth)):
        x = graph.double(conv(f"up.{number}", graph.leaky(x, SLOPE)))
        x = blocks(f"leave.{number}", graph.add(x, seen[number]))
    output = conv("say", graph.leaky(x, SLOPE))
    return graph.to_bytes({output: (1, 3, SIDE, SIDE)}), output
