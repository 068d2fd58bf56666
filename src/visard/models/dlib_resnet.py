"""dlib's face recogniser, read from its own file: a ResNet of 29 convolutions for aligned faces of 150 x 150.

dlib computes it on one core and holds Python's lock meanwhile, which stops every other room; as ONNX it takes a
third of the time on two cores, and its weights are open to attacks that need gradients.
Source: the layers as in dlib's dnn_face_recognition_ex.cpp (King 2017); He et al. 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models.onnx import Graph

Floats = NDArray[np.float32]

SIDE = 150
"""Side in pixels of the aligned face that the network takes."""

MEAN = (122.782, 117.001, 104.298)
"""Subtracted from RGB pixels 0..255, which are then divided by 256."""

BLOCKS = (
    *(3 * [(32, 1)]),
    (64, 2),
    *(3 * [(64, 1)]),
    (128, 2),
    *(2 * [(128, 1)]),
    (256, 2),
    *(2 * [(256, 1)]),
    (256, 2),
)
"""(channels, stride) of the residual blocks, from the input on; two convolutions of 3 x 3 each."""


_NEAR = 40
"""Bytes after its name within which a layer's parameters begin."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One convolution with its affine layer folded in; weight: (out, in, height, width), bias: (out,)."""

    weight: Floats
    bias: Floats


def read_layers(content: bytes) -> Iterator[Layer]:
    """Yield the 29 convolutions and, last, the projection to 128 numbers, from the bytes of dlib's file.

    Raises ModelError where the bytes are no such file.
    """
    reader = _Reader(content)
    yield reader.convolution(3, 32, 7)
    before = 32
    for channels, _ in BLOCKS:
        yield reader.convolution(before, channels, 3)
        yield reader.convolution(channels, channels, 3)
        before = channels
    yield reader.projection(before, 128)


def to_onnx(content: bytes) -> bytes:
    """Return the network as an ONNX file: input (n, 3, 150, 150), output (n, 128, 1, 1); raises ModelError."""
    layers = read_layers(content)
    graph = Graph("dlib_resnet", {"face": (0, 3, SIDE, SIDE)})
    first = next(layers)
    x = graph.max_pool(graph.relu(graph.conv("face", first.weight, first.bias, stride=2)), size=3, stride=2)
    side, channels = 35, 32
    for wide, stride in BLOCKS:
        x = _block(graph, x, layers, side, channels, wide, stride)
        side, channels = -(-side // stride) if side < 10 else side // stride, wide
    last = next(layers)
    return graph.to_bytes({graph.conv(graph.mean(x), last.weight, last.bias): (0, len(last.bias), 1, 1)})


def _block(graph: Graph, x: str, layers: Iterator[Layer], side: int, channels: int, wide: int, stride: int) -> str:
    one, two = next(layers), next(layers)
    new = graph.relu(graph.conv(x, one.weight, one.bias, stride, padding=1 if stride == 1 else 0))
    new = graph.conv(new, two.weight, two.bias, padding=1)
    if stride == 2:
        # dlib adds what differs in size as if filled up with zeros at the end.
        x = graph.mean_pool(x, size=2, stride=2)
        short = side // 2 - (side - 1) // 2
        new = graph.pad(new, rows=short, columns=short) if short else new
        x = graph.pad(x, channels=wide - channels) if wide > channels else x
    return graph.relu(graph.add(new, x))


class _Reader:
    """Walks through dlib's serialisation: each layer writes its name and then its parameters as one tensor."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def convolution(self, channels: int, filters: int, side: int) -> Layer:
        """Read a convolution and the affine layer that follows it."""
        size = filters * channels * side * side
        params = self._tensor(b"con_4", size + filters)
        affine = self._tensor(b"affine_", 2 * filters)
        gain, shift = affine[:filters], affine[filters:]
        weight = (params[:size].reshape(filters, -1) * gain[:, None]).reshape(filters, channels, side, side)
        return Layer(weight, params[size:] * gain + shift)

    def projection(self, channels: int, size: int) -> Layer:
        """Read the last layer, which has no bias."""
        weight = self._tensor(b"fc_", channels, size).reshape(channels, size).T
        return Layer(np.ascontiguousarray(weight)[:, :, None, None], np.zeros(size, np.float32))

    def _tensor(self, name: bytes, rows: int, columns: int = 1) -> Floats:
        at = self._content.find(name, self._at)
        head = b"\x01\x02" + b"".join(map(_integer, (rows, columns, 1, 1)))
        start = self._content.find(head, at) + len(head)
        end = start + 4 * rows * columns
        if at < 0 or not 0 <= start - len(head) - at < _NEAR or end > len(self._content):
            raise ModelError(f"the model dlib_resnet has no {name.decode()} of {rows} x {columns} where one is due")
        self._at = end
        return np.frombuffer(self._content, "<f4", rows * columns, start)


def _integer(value: int) -> bytes:
    """Return dlib's form of a number: how many bytes, then those, least first."""
    digits = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "little")
    return bytes([len(digits)]) + digits
