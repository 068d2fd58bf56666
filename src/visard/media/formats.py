"""Which files are taken: suffixes for folder scanning; what a file really is, its content decides."""

from __future__ import annotations

from typing import Final

PICTURE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp"}
    | {".gif", ".heic", ".heif", ".hif", ".avif"}
)
VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"}
    | {".3gp", ".3g2", ".wmv", ".flv", ".ogv", ".mxf", ".dv"}
)
PICTURE_FORMATS: Final = frozenset({"JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF"})
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
