"""Which files are taken: suffixes for folder scanning; what a file really is, its content decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PICTURE_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "HEIF": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
}
"""Format -> its suffixes, the usual one first."""

PICTURE_SUFFIXES: Final = frozenset(suffix for own in PICTURE_FORMATS.values() for suffix in own)
VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"}
    | {".3gp", ".3g2", ".wmv", ".flv", ".ogv", ".mxf", ".dv"}
)
ANIMATED: Final = frozenset({"GIF", "WEBP", "PNG"})
MOST_PIXELS: Final = 250_000_000
"""A picture with more is taken for a decompression bomb."""
MOST_PIXELS_IN_ALL: Final = 20_000_000_000
"""An animation or document with more in all its frames is taken for a bomb."""


def looks_like_picture(head: bytes) -> bool:
    """Return whether a file's first bytes (32 suffice) announce a picture."""
    if head[4:8] == b"ftyp":
        return head[8:12] in _PICTURE_BRANDS
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    return head.startswith(starts) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
