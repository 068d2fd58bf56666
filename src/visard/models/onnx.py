"""Writes ONNX files: enough of the format for plain convolutional networks that come in formats of their own; and notes
facts in any.

Field numbers are those of the published schema (onnx.proto, IR version 8, operator set 9).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.models.wire import fields

_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7
_OPERATORS = 9
_FACTS = "visard"


class Graph:
    """A network under construction: each method adds one operator to a value and returns the new value's name."""

    def __init__(self, name: str, inputs: Mapping[str, Sequence[int]]) -> None:
        self._name = name
        self._inputs = inputs
        self._nodes: list[bytes] = []
        self._tensors: list[bytes | memoryview] = []

    def conv(
        self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32], stride: int = 1, padding: int = 0,
        spread: int = 1, groups: int = 1, beyond: int = 0,
    ) -> str:  # fmt: skip
        """Add a convolution; weight: (out, in, height, width), bias: (out,); spread: pixels between its taps.

        groups: of channels, each seen by itself. beyond: how much more is padded on the right and below.
        """
        pads = [padding] * 2 + [padding + beyond] * 2
        ints = {"strides": [stride] * 2, "pads": pads, "kernel_shape": list(weight.shape[2:])}
        ints |= {"dilations": [spread] * 2} if spread > 1 else {}
        whole = {"group": groups} if groups > 1 else {}
        return self._add("Conv", [x, self._tensor(weight), self._tensor(bias)], ints, whole=whole)

    def max_pool(self, x: str, size: int, stride: int, padding: int = 0) -> str:
        """Add a maximum over squares of a size."""
        ints = {"kernel_shape": [size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
        return self._add("MaxPool", [x], ints)

    def mean_pool(self, x: str, size: int, stride: int) -> str:
        """Add a mean over squares of a size, without padding."""
        return self._add("AveragePool", [x], {"kernel_shape": [size] * 2, "strides": [stride] * 2})

    def mean(self, x: str) -> str:
        """Add the mean over all places: (n, c, h, w) -> (n, c, 1, 1)."""
        return self._add("GlobalAveragePool", [x])

    def relu(self, x: str) -> str:
        """Add max(x, 0)."""
        return self._add("Relu", [x])

    def clip(self, x: str, most: float) -> str:
        """Add min(max(x, 0), most)."""
        return self._add("Clip", [x], floats={"min": 0.0, "max": most})

    def leaky(self, x: str, slope: float) -> str:
        """Add max(x, 0) + slope * min(x, 0)."""
        return self._add("LeakyRelu", [x], floats={"alpha": slope})

    def elu(self, x: str) -> str:
        """Add x above 0 and exp(x) - 1 below."""
        return self._add("Elu", [x], floats={"alpha": 1.0})

    def sigmoid(self, x: str) -> str:
        """Add 1 / (1 + exp(-x))."""
        return self._add("Sigmoid", [x])

    def times(self, x: str, y: str) -> str:
        """Add the product of two values of one shape."""
        return self._add("Mul", [x, y])

    def double(self, x: str) -> str:
        """Add each value four times, two by two: (n, c, h, w) -> (n, c, 2 h, 2 w)."""
        return self._add("Upsample", [x, self._tensor(np.array([1, 1, 2, 2], np.float32))], texts={"mode": "nearest"})

    def enlarge(self, x: str) -> str:
        """Add a value twice as high and wide, drawn linearly between the middles of its places.

        OpenCV repeats values only; the means of two neighbours, taken twice, make a line of steps.
        """
        x = self.double(x)
        for pads in ([1, 1, 0, 0], [0, 0, 1, 1]):
            x = self._add("AveragePool", [x], {"kernel_shape": [2, 2], "strides": [1, 1], "pads": pads})
        return x

    def concat(self, *parts: str) -> str:
        """Add values one after the other along their channels."""
        return self._add("Concat", parts, whole={"axis": 1})

    def add(self, x: str, y: str) -> str:
        """Add the sum of two values of one shape."""
        return self._add("Add", [x, y])

    def pad(self, x: str, channels: int = 0, rows: int = 0, columns: int = 0) -> str:
        """Add zeros at the end of each axis."""
        return self._add("Pad", [x], {"pads": [0, 0, 0, 0, 0, channels, rows, columns]})

    def to_bytes(self, outputs: Mapping[str, Sequence[int]]) -> bytes:
        """Return the ONNX file of the network whose results are the named values; 0 in a shape is any number."""
        parts = [*(_field(1, node) for node in self._nodes), _text(2, self._name), *self._tensors]
        parts += [_field(11, _value(name, sides)) for name, sides in self._inputs.items()]
        parts += [_field(12, _value(name, sides)) for name, sides in outputs.items()]
        head = _number(1, 8) + _field(8, _number(2, _OPERATORS))
        # The weights, which are nearly all of it, are joined once.
        return b"".join([head, _varint(7 << 3 | 2), _varint(sum(map(len, parts))), *parts])

    def _add(
        self, operator: str, inputs: Sequence[str], ints: Mapping[str, Sequence[int]] | None = None,
        floats: Mapping[str, float] | None = None, texts: Mapping[str, str] | None = None,
        whole: Mapping[str, int] | None = None,
    ) -> str:  # fmt: skip
        output = f"v{len(self._nodes)}"
        node = b"".join(_text(1, x) for x in inputs) + _text(2, output) + _text(4, operator)
        for name, values in (ints or {}).items():
            attribute = _text(1, name) + b"".join(_number(8, v) for v in values) + _number(20, _INTS)
            node += _field(5, attribute)
        for name, real in (floats or {}).items():
            node += _field(5, _text(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", real) + _number(20, _FLOAT))
        for name, text in (texts or {}).items():
            node += _field(5, _text(1, name) + _text(4, text) + _number(20, _STRING))
        for name, number in (whole or {}).items():
            node += _field(5, _text(1, name) + _number(3, number) + _number(20, _INT))
        self._nodes.append(node)
        return output

    def _tensor(self, array: NDArray[np.float32]) -> str:
        name = f"w{len(self._tensors)}"
        head = b"".join(_number(1, n) for n in array.shape) + _number(2, _FLOAT) + _text(8, name)
        head += _varint(9 << 3 | 2) + _varint(4 * array.size)
        self._tensors += [
            _varint(5 << 3 | 2) + _varint(len(head) + 4 * array.size),
            head,
            np.ascontiguousarray(array, "<f4").data.cast("B"),
        ]
        return name


def with_facts(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return an ONNX file that also states facts, as JSON knows them; the format lets fields be added at the end."""
    return content + _field(14, _text(1, _FACTS) + _text(2, json.dumps(facts)))


def facts_of(content: bytes) -> dict[str, Any]:
    """Return the facts that an ONNX file states; raises ValueError where it states none."""
    try:
        for number, field in fields(memoryview(content)):
            if number == 14 and bytes((pair := dict(fields(field)))[1]) == _FACTS.encode():
                facts: dict[str, Any] = json.loads(bytes(pair[2]))
                return facts
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError("it is no ONNX file") from error
    raise ValueError("it does not say what it is")


def _value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(_field(1, _number(1, n) if n else _text(2, "n")) for n in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, sides)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
