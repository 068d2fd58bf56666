"""How what visard itself adds to a file is marked in each format that has room: by this it is found, and no trace of a
person."""

from __future__ import annotations

from typing import Final, NamedTuple

MAGIC: Final = b"visard\0\1"
"""With this every seal of version 1 begins."""

PNG_CHUNK, WEBP_CHUNK = b"vsSD", b"VSRD"

JPEG_MARKER, JPEG_NAME = b"\xff\xeb", b"visard seal\0"

MP4_BOX: Final = b"visard seal box "
"""The 16 bytes that name the box `uuid`."""


class Mark(NamedTuple):
    """How a content begins, and what holds it: a PNG's chunk, a WebP's, a JPEG's segment, the box of an MP4."""

    magic: bytes
    png: bytes
    webp: bytes
    jpeg: bytes
    mp4: bytes


SEAL: Final = Mark(MAGIC, PNG_CHUNK, WEBP_CHUNK, JPEG_NAME, MP4_BOX)
"""A seal: originals, for those who hold a key."""

FACE: Final = Mark(b"visard\0f", b"vsFC", b"VSFC", b"visard face\0", b"visard face box ")
"""A note: under which network and salt faces were hidden with a password. No secret."""

MARKS: Final = (SEAL, FACE)
