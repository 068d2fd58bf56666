"""How a seal is marked in each format that has room for one: by this it is found, and no trace of a person."""

from __future__ import annotations

from typing import Final

MAGIC: Final = b"visard\0\1"
"""With this every seal of version 1 begins."""

PNG_CHUNK, WEBP_CHUNK = b"vsSD", b"VSRD"

JPEG_MARKER, JPEG_NAME = b"\xff\xeb", b"visard seal\0"

MP4_BOX: Final = b"visard seal box "
"""The 16 bytes that name the box `uuid`."""
