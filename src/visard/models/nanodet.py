"""NanoDet as an ONNX file, from the TensorFlow.js form in which it is published.

The network of RangiLyu's NanoDet-g: a stem, four stages of densely joined convolutions, a pyramid whose levels are
added downwards and upwards, and one head for each level. Convolutions are told by their order; no other order fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models import store
from visard.models.onnx import Graph
from visard.models.tfjs import unpack

STRIDES = (8, 16, 32)
"""Picture pixels between neighbouring places of each output."""

CLASSES, BINS = 80, 11
"""Channels of an output: logits of COCO's classes, then for each side of a box those of its distance in strides."""

_SLOPE = 0.1
_STAGES = ((1, 1), (2, 2), (2, 2), (2, 3))
"""Stride of a stage, and how many pairs of convolutions it has."""

Floats = NDArray[np.float32]


class _Writer:
    """A graph, and the convolutions that are still to come."""

    def __init__(self, layers: Iterator[tuple[Floats, Floats]]) -> None:
        self.graph = Graph("nanodet", {"picture": (1, 3, 0, 0)})
        self._layers = layers

    def conv(self, x: str, stride: int = 1, bent: bool = True) -> str:
        """Add the next convolution, which keeps the size but for its stride."""
        weight, bias = next(self._layers)
        x = self.graph.conv(x, weight, bias, stride, padding=weight.shape[2] // 2)
        return self.graph.leaky(x, _SLOPE) if bent else x

    def stage(self, x: str, stride: int, pairs: int) -> str:
        """Add a stage; its first convolution's result is joined to its last one's."""
        first = x = self.conv(x, stride)
        for _ in range(pairs):
            one = self.conv(x)
            x = self.graph.concat(self.conv(one), one)
        return self.graph.concat(self.conv(x), first)


def to_onnx(content: bytes) -> bytes:
    """Return the network as an ONNX file: input (1, 3, h, w), sides multiples of 32, and one output a stride.

    Raises ModelError.
    """
    net = _Writer(_layers(content))
    graph = net.graph
    try:
        x = graph.max_pool(net.conv("picture", stride=2), size=3, stride=2, padding=1)
        stages = []
        for stride, pairs in _STAGES:
            x = net.stage(x, stride, pairs)
            stages.append(x)
        fine, middle, coarse = (net.conv(stage, bent=False) for stage in stages[1:])
        middle = graph.add(middle, graph.enlarge(coarse))
        fine = graph.add(fine, graph.enlarge(middle))
        # Drawn linearly at half the size: the mean of four.
        middle = graph.add(middle, graph.mean_pool(fine, size=2, stride=2))
        coarse = graph.add(coarse, graph.mean_pool(middle, size=2, stride=2))
        heads = [net.conv(net.conv(level), bent=False) for level in (fine, middle, coarse)]
    except StopIteration:
        raise ModelError("the model nanodet has fewer layers than are due") from None
    return graph.to_bytes(dict.fromkeys(heads, (1, CLASSES + 4 * BINS, 0, 0)))


def _layers(content: bytes) -> Iterator[tuple[Floats, Floats]]:
    """Yield the weights (out, in, height, width) and biases of the convolutions, in the order of their numbers."""
    described = json.loads(store.read("nanodet_graph"))
    manifest = [weight for group in described["weightsManifest"] for weight in group["weights"]]
    known = {name.rpartition("/")[2]: array for name, array in unpack(manifest, content).items()}
    floats = {name: array for name, array in known.items() if array.dtype == np.float32}
    for kernel, bias in zip(_sorted(floats, "split"), _sorted(floats, "unknown"), strict=True):
        yield kernel.transpose(3, 2, 0, 1), bias


def _sorted(arrays: dict[str, Floats], word: str) -> list[Floats]:
    numbered = {int(name[len(word) + 1 :] or 0): array for name, array in arrays.items() if name.startswith(word)}
    return [numbered[number] for number in sorted(numbered)]
