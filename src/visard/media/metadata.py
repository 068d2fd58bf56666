"""Tags: which may be kept by name, and which are found in the bytes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from visard.errors import UsageError, suggest

if TYPE_CHECKING:
    from PIL import Image

SAFE_TAGS = {
    "Artist": 0x013B,
    "ColorSpace": 0xA001,
    "Copyright": 0x8298,
    "DateTime": 0x0132,
    "DateTimeOriginal": 0x9003,
    "ExposureTime": 0x829A,
    "FNumber": 0x829D,
    "Flash": 0x9209,
    "FocalLength": 0x920A,
    "ISOSpeedRatings": 0x8827,
    "Make": 0x010F,
    "Model": 0x0110,
    "ResolutionUnit": 0x0128,
    "WhiteBalance": 0xA403,
    "XResolution": 0x011A,
    "YResolution": 0x011B,
}
"""EXIF tags that the user may keep by name: none of them is a place, a serial number or free text on people."""

_EXIF_IFD = 0x8769


def check_names(names: tuple[str, ...]) -> None:
    """Raise UsageError for a tag that is unknown, or that may identify someone."""
    for name in names:
        if name not in SAFE_TAGS:
            raise UsageError(f"tag {name!r} is not one that can be kept safely", hint=suggest(name, SAFE_TAGS))


def exif_of(original: Image.Image, names: tuple[str, ...]) -> bytes | None:
    """Return EXIF data that hold just the named tags of a picture, None if there are none."""
    from PIL import Image

    if not names:
        return None
    theirs, ours = original.getexif(), Image.Exif()
    inner = theirs.get_ifd(_EXIF_IFD)
    for name in names:
        tag = SAFE_TAGS[name]
        if tag in theirs:
            ours[tag] = theirs[tag]
        elif tag in inner:
            ours.get_ifd(_EXIF_IFD)[tag] = inner[tag]
    return ours.tobytes() if len(ours) else None


def tags(path: Path) -> list[str]:
    """Return the name of everything in a file's bytes that is neither picture, sound nor structure."""
    from visard.media import containers

    with path.open("rb") as file:
        head = file.read(16)
    for start, scan in containers.SCANNERS:
        if start(head):
            return list(scan(path))
    return [f"unknown container {head[:4]!r}"]
