"""Metadata: which tags may be kept by name, and every identifying thing that a file still holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from visard.errors import UsageError, suggest
from visard.media.exif import EXIF_IFD, Entry, entries
from visard.media.formats import looks_like_picture

_MAIN: Final = {
    "Make": 271, "Model": 272, "XResolution": 282, "YResolution": 283, "ResolutionUnit": 296,
    "DateTime": 306, "Artist": 315, "Copyright": 33432,
}  # fmt: skip
_SHOT: Final = {
    "ExposureTime": 33434, "FNumber": 33437, "ExposureProgram": 34850, "ISOSpeedRatings": 34855,
    "DateTimeOriginal": 36867, "DateTimeDigitized": 36868, "ShutterSpeedValue": 37377,
    "ApertureValue": 37378, "ExposureBiasValue": 37380, "MaxApertureValue": 37381, "MeteringMode": 37383,
    "LightSource": 37384, "Flash": 37385, "FocalLength": 37386, "ColorSpace": 40961, "ExposureMode": 41986,
    "WhiteBalance": 41987, "FocalLengthIn35mmFilm": 41989, "SceneCaptureType": 41990,
}  # fmt: skip
SAFE_TAGS: Final[Mapping[str, int]] = {**_MAIN, **_SHOT}
"""EXIF tags that may be kept: they say how and when, and name only whom the user wants named."""

_LONGEST = 1024
"""Bytes of a kept value: harmless tags are short, and nothing hides in a long one."""


def check_names(names: Iterable[str]) -> None:
    """Raise UsageError for a name that is not one of SAFE_TAGS."""
    for name in names:
        if name not in SAFE_TAGS:
            raise UsageError(f"metadata {name!r} cannot be kept", hint=suggest(name, SAFE_TAGS))


def kept_entries(image: Any, names: tuple[str, ...]) -> list[Entry]:
    """Return the EXIF entries of a picture that Pillow opened that were asked for by name.

    Raises UsageError for names that are unknown or not safe to keep.
    """
    check_names(names)
    if not names:
        return []
    block = Path(image.filename).read_bytes() if image.format == "TIFF" else image.info.get("exif", b"")
    wanted = {("0" if name in _MAIN else "exif", SAFE_TAGS[name]) for name in names}
    first = {(e.table, e.tag): e for e in reversed(entries(block))}
    return [e for key, e in first.items() if key in wanted and len(e.value) <= _LONGEST]


def tags(path: Path) -> list[str]:
    """Return what a file holds besides its picture, one name each, such as `exif:Artist` or `gps:GPSLatitude`.

    Read from the bytes, not through a decoder that may overlook them. Colour profiles do not count.
    """
    with path.open("rb") as file:
        head = file.read(32)
    if looks_like_picture(head):
        from visard.media.traces import picture_traces

        return picture_traces(path.read_bytes())
    from visard.media.boxes import video_traces

    return video_traces(path)


def exif_names(block: bytes, structural: frozenset[int] = frozenset()) -> list[str]:
    """Return the names of all entries in an EXIF or TIFF block but the structural ones.

    A block that holds bytes but no entry that can be read counts as one unknown thing.
    """
    found = entries(block)
    if not found and block:
        return ["exif:unreadable"]
    return [_name(e) for e in found if e.tag != EXIF_IFD and e.tag not in structural]


def _name(entry: Entry) -> str:
    from PIL import ExifTags

    if entry.table == "gps":
        return f"gps:{ExifTags.GPSTAGS.get(entry.tag, hex(entry.tag))}"
    if entry.table == "1" and entry.tag in (513, 514):
        return "thumbnail"
    name = ExifTags.TAGS.get(entry.tag, hex(entry.tag))
    return f"exif:{name}" if entry.table in ("0", "exif") else f"ifd-{entry.table}:{name}"
