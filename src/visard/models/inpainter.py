"""The shipped inpainter, read from its weights as ONNX: no torch, and no run without the card that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from visard.errors import ModelError
from visard.models.carded import WEIGHTS, carded
from visard.models.onnx import Graph
from visard.models.runtimes import OpenCvNet

Floats = NDArray[np.float32]

FORMAT = 1
"""Version of the file."""

SIDE, LIGHT = 128, 32
"""Sides in pixels of the square that the network sees, and of its map of light."""

EDGE = 4.0
"""Logit that an untaught network begins with: of the donor's weight, where it is drawn, and of the fill's around it."""

BRIGHT = 2.5
"""Logarithm of the gain by which the network may light a donor, at most, and darken it."""

SLOPE = 0.2
"""Of the network's rectifiers below zero."""

_HINT = "install visard again, or train it: `visard train inpaint`"
FILE = WEIGHTS / "inpaint.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What a scene tells of whom it surrounds, linearly: weight (F, 10), mean (F,), base (10,).

    The ten: attributes of the donors' bank (7), and skin tone in Lab (3).
    """

    weight: Floats
    mean: Floats
    base: Floats

    def __call__(self, seen: Floats) -> Floats:
        """Return (10,) for (F,) what `methods.scene.outlook` sees."""
        return np.asarray((seen - self.mean) @ self.weight + self.base, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Inpainter:
    """A network and its guess."""

    guess: Guess
    _net: OpenCvNet

    def __call__(self, inputs: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return light (32, 32, 3), paint (128, 128, 3), alpha and clear (128, 128): the `Maps` of `nets.inpaint`.

        inputs: (13, 128, 128), as `methods.scene.inputs` gives them.
        """
        half = SIDE // 2
        folded = inputs.reshape(-1, half, 2, half, 2).transpose(0, 2, 4, 1, 3).reshape(1, -1, half, half)
        light, brush = self._net(np.ascontiguousarray(folded))
        drawn = brush.reshape(5, 2, 2, half, half).transpose(3, 1, 4, 2, 0).reshape(SIDE, SIDE, 5)
        paint, alpha, clear = (np.ascontiguousarray(v) for v in (drawn[..., :3], drawn[..., 3], drawn[..., 4]))
        return np.ascontiguousarray(light[0].transpose(1, 2, 0)), paint, alpha, clear


@cache
def inpainter(file: Path = FILE) -> Inpainter:
    """Return the inpainter that visard ships; raises ModelError where it or its card is missing, broken or not
    each other's.
    """
    content = carded(file, _HINT)
    try:
        tensors = load(content)
        if tensors["format"].tolist() != [FORMAT]:
            raise ValueError("another version of visard made it")
        guess = Guess(*(tensors[f"guess.{part}"].astype(np.float32) for part in ("weight", "mean", "base")))
        network = to_onnx(tensors)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"the inpainter cannot be read: {error}", where=file.name, hint=_HINT) from error
    return Inpainter(guess, OpenCvNet("inpaint", outputs=network[1], content=network[0]))


def to_onnx(tensors: Mapping[str, NDArray[Any]]) -> tuple[bytes, tuple[str, str]]:
    """Return the network of `nets.inpaint` as an ONNX file, and the names of light (1, 3, 32, 32) and brush (1, 20, 64,
    64); its input is (1, 52, 64, 64), the square folded two by two. Raises KeyError for missing weights."""

    def conv(name: str, x: str, stride: int = 1) -> str:
        weight, bias = (tensors[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        return graph.conv(x, weight, bias, stride, padding=1)

    def block(name: str, x: str) -> str:
        y = conv(f"{name}.one", graph.leaky(x, SLOPE))
        return graph.add(x, conv(f"{name}.two", graph.leaky(y, SLOPE)))

    def blocks(name: str, x: str) -> str:
        for number in range(sum(key.startswith(f"{name}.") and key.endswith(".one.weight") for key in tensors)):
            x = block(f"{name}.{number}", x)
        return x

    graph = Graph("inpaint", {"scene": (1, tensors["stem.weight"].shape[1], SIDE // 2, SIDE // 2)})
    levels = sum(key.startswith("down.") and key.endswith(".weight") for key in tensors)
    x, seen, light = conv("stem", "scene"), [], ""
    for level in range(levels):
        seen.append(block(f"enter.{level}", x))
        x = conv(f"down.{level}", graph.leaky(seen[-1], SLOPE), stride=2)
    x = blocks("middle", x)
    for level in reversed(range(levels)):
        x = graph.double(conv(f"up.{level}", graph.leaky(x, SLOPE)))
        x = blocks(f"leave.{level}", graph.add(x, seen[level]))
        if level == 1:
            light = conv("lamp", graph.leaky(x, SLOPE))
    brush = conv("brush", graph.leaky(x, SLOPE))
    shapes = {light: (1, 3, LIGHT, LIGHT), brush: (1, 20, SIDE // 2, SIDE // 2)}
    return graph.to_bytes(shapes), (light, brush)
