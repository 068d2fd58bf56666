"""Reads the constants of a frozen TensorFlow graph: enough of the format to have a network's weights.

Field numbers are those of the published schemas (graph.proto, node_def.proto, attr_value.proto, tensor.proto).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError

_NODE = 1
_NAME, _OPERATOR, _ATTRIBUTE = 1, 2, 5
_TENSOR = 8
_KIND, _SHAPE, _CONTENT, _FLOATS = 1, 2, 4, 5
_FLOAT32 = 1

Value = memoryview | int


def read_constants(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the float32 constants of a frozen graph by name; raises ModelError where the bytes are no graph."""
    constants = {}
    try:
        for number, node in _fields(memoryview(content)):
            if number == _NODE:
                parts = list(_fields(_bytes(node)))
                if any(key == _OPERATOR and bytes(_bytes(value)) == b"Const" for key, value in parts):
                    name = next(bytes(_bytes(value)).decode() for key, value in parts if key == _NAME)
                    tensor = _tensor(parts)
                    if tensor is not None:
                        constants[name] = tensor
    except (IndexError, ValueError, StopIteration, UnicodeDecodeError) as error:
        raise ModelError(f"the bytes are no frozen TensorFlow graph: {error}") from error
    if not constants:
        raise ModelError("the bytes are no frozen TensorFlow graph: it holds no constants")
    return constants


def _tensor(node: list[tuple[int, Value]]) -> NDArray[np.float32] | None:
    """Return the value of a constant, None where it is not of float32."""
    for key, entry in node:
        if key != _ATTRIBUTE:
            continue
        named: Mapping[int, Any] = dict(_fields(_bytes(entry)))
        if bytes(named[1]) != b"value":
            continue
        parts: Mapping[int, Any] = dict(_fields(dict(_fields(named[2]))[_TENSOR]))  # type: ignore[arg-type]
        if parts.get(_KIND) != _FLOAT32:
            return None
        shape = _fields(parts.get(_SHAPE, memoryview(b"")))
        sides = [number for _, side in shape for _, number in _fields(_bytes(side)) if isinstance(number, int)]
        values = np.frombuffer(parts.get(_CONTENT) or parts.get(_FLOATS, memoryview(b"")), "<f4")
        # A tensor of one value throughout holds it once.
        return np.array(np.broadcast_to(values[0], sides) if values.size == 1 else values.reshape(sides), np.float32)
    return None


def _fields(content: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield (number, value) of each field of a message: an integer, or the bytes of anything else."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(content, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + size > len(content):
            raise ValueError("it ends early")
        yield key >> 3, content[at : at + size]
        at += size


def _bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes are due")
    return value


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
