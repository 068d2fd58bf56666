"""The network that predicts backgrounds, read from its weights as ONNX: no torch, and no run without its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models.carded import WEIGHTS, carded
from visard.models.onnx import Graph
from visard.models.runtimes import OpenCvNet

Floats = NDArray[np.float32]

SIDE = 192
"""Side in pixels of the square that the network sees."""

SPREADS = (1, 2, 4, 8, 16, 1)
"""Dilations of the blocks in its middle, which carry the rim's colours and lines across a hole."""

_HINT = "use engine=patches, or train it: `visard train background`"
_FILE = WEIGHTS / "background.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The network."""

    _net: OpenCvNet

    def __call__(self, inputs: Floats) -> Floats:
        """Return (192, 192, 3), -1 to 1, for (4, 192, 192): colours, filled in, -1 to 1, and where they are known."""
        half = SIDE // 2
        folded = inputs.reshape(-1, half, 2, half, 2).transpose(0, 2, 4, 1, 3).reshape(1, -1, half, half)
        (drawn,) = self._net(np.ascontiguousarray(folded))
        change = drawn.reshape(3, 2, 2, half, half).transpose(3, 1, 4, 2, 0).reshape(SIDE, SIDE, 3)
        return np.ascontiguousarray(inputs[:3].transpose(1, 2, 0) + change)


def shipped() -> bool:
    """Return whether visard has weights of its own for backgrounds."""
    return _FILE.exists()


@cache
def background(file: Path = _FILE) -> Background:
    """Return the network; raises ModelError where it or its card is missing, broken or not each other's."""
    try:
        network, output = to_onnx(carded(file, _HINT))
    except KeyError as error:
        raise ModelError(f"the network lacks {error}", where=file.name, hint=_HINT) from error
    return Background(OpenCvNet("background", outputs=(output,), content=network))


def to_onnx(tensors: Mapping[str, NDArray[Any]]) -> tuple[bytes, str]:
    """Return the network of `nets.background` as an ONNX file, and the name of its output (1, 12, 96, 96).

    Its input is (1, 16, 96, 96), the square folded two by two. Raises KeyError for missing weights.
    """

    def gated(name: str, x: str, stride: int = 1, spread: int = 1) -> str:
        weight, bias = (tensors[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        half = len(weight) // 2
        what, gate = (
            graph.conv(x, weight[part], bias[part], stride, padding=spread, spread=spread)
            for part in (slice(0, half), slice(half, None))
        )
        return graph.times(graph.elu(what), graph.sigmoid(gate))

    graph = Graph("background", {"scene": (1, 16, SIDE // 2, SIDE // 2)})
    x = gated("stem.conv", "scene")
    seen = []
    for level in range(2):
        seen.append(x)
        x = gated(f"down.{level}.conv", x, stride=2)
    for number, spread in enumerate(SPREADS):
        x = graph.add(x, gated(f"middle.{number}.conv", x, spread=spread))
    for level in reversed(range(2)):
        x = graph.add(gated(f"up.{level}.conv", graph.double(x)), seen[level])
        x = graph.add(x, gated(f"leave.{level}.conv", x))
    weight, bias = (tensors[f"brush.{part}"].astype(np.float32) for part in ("weight", "bias"))
    output = graph.conv(x, weight, bias, padding=1)
    return graph.to_bytes({output: (1, 12, SIDE // 2, SIDE // 2)}), output
