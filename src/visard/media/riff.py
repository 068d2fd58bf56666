"""WebP as RIFF chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

ICC, ALPHA, EXIF, MOVING = 0x20, 0x10, 0x08, 0x02
"""Flags of the VP8X chunk."""


def chunks(data: bytes, at: int = 12, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and content of each chunk; what lies behind the RIFF container comes under b''."""
    riff = 8 + int.from_bytes(data[4:8], "little") if end is None else end
    while at + 8 <= min(riff, len(data)):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    if end is None and riff < len(data):
        yield b"", data[riff:]


def chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk with its length and padding."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def frame_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks within the content of an ANMF chunk."""
    return chunks(content, 16, len(content))


def header(width: int, height: int, flags: int) -> bytes:
    """Return a VP8X chunk for a canvas in pixels."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size)


def is_lossless(data: bytes) -> bool:
    """Return whether the first picture in a WebP file is coded without loss."""
    for name, content in chunks(data):
        if name == b"ANMF":
            return any(inner == b"VP8L" for inner, _ in frame_chunks(content))
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8L"
    return False
