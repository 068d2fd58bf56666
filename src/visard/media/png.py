"""PNG as chunks: written by OpenCV or by hand, with the source's colour chunks and nothing else."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.media.profile import colours_of

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LONGEST_PROFILE: Final = 1 << 24

COLOUR_CHUNKS: Final = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and content of each chunk up to IEND; what lies behind comes under the name b''."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        yield name, data[at + 8 : at + 8 + size]
        at += size + 12
        if name == b"IEND":
            break
    if at < len(data):
        yield b"", data[at:]


def chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk with its length and check sum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def colour_chunks(data: bytes) -> bytes:
    """Return the chunks of a PNG that say how its colours are meant; of a profile its colours alone, without a name."""
    kept = b""
    for name, content in chunks(data):
        if name == b"IDAT":
            break
        if name == b"iCCP":
            content = _profile(content)
            if not content:
                continue
        kept += chunk(name, content) if name in COLOUR_CHUNKS else b""
    return kept


def profile_chunk(profile: bytes) -> bytes:
    """Return what the iCCP chunk of a profile holds."""
    return b"ICC\0\0" + zlib.compress(profile)


def _profile(content: bytes) -> bytes:
    with suppress(zlib.error):
        packed = zlib.decompressobj()
        profile = colours_of(packed.decompress(content[content.find(b"\0") + 2 :], _LONGEST_PROFILE))
        return profile_chunk(profile) if profile else b""
    return b""


def encoded(samples: NDArray[Any], colours: bytes = b"", exif: bytes = b"") -> bytes:
    """Return a PNG of samples (H, W) or (H, W, 2 to 4), uint8 or uint16, RGB order.

    colours: ready chunks to put before the samples. exif: a block for the eXIf chunk, or empty.
    """
    header, body = picture_chunks(samples)
    extra = chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) if exif else b""
    return SIGNATURE + header + colours + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def picture_chunks(samples: NDArray[Any]) -> tuple[bytes, bytes]:
    """Return a ready header chunk and the compressed samples."""
    if samples.ndim == 3 and samples.shape[2] == 2:
        return _by_hand(samples)
    if samples.ndim == 3:
        order = cv2.COLOR_RGB2BGR if samples.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        samples = cv2.cvtColor(samples, order)
    written = list(chunks(cv2.imencode(".png", samples)[1].tobytes()))
    header = next(content for name, content in written if name == b"IHDR")
    return chunk(b"IHDR", header), b"".join(content for name, content in written if name == b"IDAT")


def _by_hand(samples: NDArray[Any]) -> tuple[bytes, bytes]:
    """Write grey with alpha, which OpenCV cannot: each row filtered by its left neighbour, then deflated."""
    height, width, bands = samples.shape
    size = samples.dtype.itemsize
    rows = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    step = bands * size
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    filtered = np.concatenate([np.ones((height, 1), np.uint8), rows - left], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8 * size, 4, 0, 0, 0)
    return chunk(b"IHDR", header), zlib.compress(filtered.tobytes(), 4)
