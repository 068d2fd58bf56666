"""Reads the wire format of protocol buffers, in which ONNX and TensorFlow files are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield each field's number, and its value: an int, or the bytes as a memoryview."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(key & 7, 0)
        if key & 7 == 2:
            size, at = _varint(message, at)
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
