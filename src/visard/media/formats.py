"""Which files are worth opening; what is in them is decided by their content."""

from __future__ import annotations

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".heic", ".heif", ".hif", ".avif"}
)

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp"}
    | {".wmv", ".flv", ".ogv", ".mjpeg", ".y4m"}
)

LARGEST = 250_000_000
"""Most pixels that a frame may have: a decompression bomb costs memory before it shows what it is."""
