"""GIF as blocks: each frame whole, with its own palette, so that frames stream and none is merged away."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.types import Pixels

CLEAR = 128
"""What stands for every colour where nothing is seen: a GIF keeps one at most of those that lay there."""

_TRANSPARENT = 255


def blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, content) of each block: `image`, `control`, `comment`, `app`, `text`, then `end` or `rest`."""
    kinds = {0xF9: "control", 0xFE: "comment", 0xFF: "app", 0x01: "text"}
    at = 13 + _table_size(data[10])
    while at < len(data):
        mark = data[at]
        if mark == 0x21:
            end = _skip(data, at + 2)
            yield kinds.get(data[at + 1], "unknown"), data[at + 2 : end]
        elif mark == 0x2C:
            end = _skip(data, at + 11 + _table_size(data[at + 9]))
            yield "image", data[at:end]
        else:
            if mark != 0x3B or data[at + 1 :].strip(b"\0"):
                yield "rest", data[at + 1 :]
            return
        at = end


def head(width: int, height: int, loop: int | None) -> bytes:
    """Return a file's beginning; loop: repeats (0 for ever), or None to play once."""
    start = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x70, 0, 0)
    again = b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop or 0) + b"\0"
    return start if loop is None else start + again


def frame(pixels: Pixels, alpha: NDArray[Any] | None, delay: int) -> bytes:
    """Return the blocks of one frame (H, W, 3), half-opaque or more where alpha >= 128; delay in 1/100 s."""
    picture = _indexed(pixels, 256 if alpha is None else 255)
    if alpha is not None:
        indices = np.array(picture)
        indices[alpha < 128] = _TRANSPARENT
        palette = (picture.getpalette() or [])[: 3 * _TRANSPARENT]
        picture = Image.fromarray(indices)
        picture.putpalette(palette + [CLEAR] * (768 - len(palette)))
    saved = io.BytesIO()
    picture.save(saved, "GIF", optimize=False, interlace=False)
    data = saved.getvalue()
    image = next(content for kind, content in blocks(data) if kind == "image")
    size = data[10] & 7
    colours = data[13 : 13 + _table_size(data[10])]
    flags = 0x04 if alpha is None else 0x09  # leave the frame standing; or clear it, one index being clear
    control = b"\x21\xf9\x04" + struct.pack("<BHBB", flags, delay, _TRANSPARENT, 0)
    return control + image[:9] + bytes([0x80 | size]) + colours + image[10:]


def _indexed(pixels: Pixels, most: int) -> Image.Image:
    """Return a palette picture of at most so many colours, exact where they suffice."""
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    colours, places = np.unique(packed, return_inverse=True)
    if len(colours) > most:
        return Image.fromarray(pixels).quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture = Image.fromarray(places.reshape(packed.shape).astype(np.uint8))
    bands = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).ravel()
    picture.putpalette([*bands.tolist(), *[0] * (768 - len(bands))])
    return picture


def _table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
