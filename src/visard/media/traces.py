"""Traces in pictures: the segments, chunks, blocks and boxes of a file that are not its picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from visard.media import gif, png, riff, seals
from visard.media.boxes import heif_traces
from visard.media.exif import entries
from visard.media.metadata import exif_names

_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_PNG_PICTURE = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"bKGD", b"acTL", b"fcTL", b"fdAT"} | set(png.COLOUR_CHUNKS)
)
_WEBP_PICTURE = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ICCP"})
_TIFF_PICTURE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284}
    | {290, 291, 292, 293, 301, 317, 318, 319, 320, 322, 323, 324, 325, 332, 334, 338, 339, 347, 512, 513}
    | {514, 515, 519, 520, 521, 529, 530, 531, 532, 34675}
)


def picture_traces(data: bytes) -> list[str]:
    """Return the names of everything in a picture file that is neither picture nor colour profile."""
    if data.startswith(b"\xff\xd8"):
        return list(_jpeg(data))
    if data.startswith(png.SIGNATURE):
        return list(_png(data))
    if data.startswith(b"RIFF"):
        return list(_webp(data))
    if data.startswith(b"GIF8"):
        return list(_gif(data))
    if data.startswith(b"BM"):
        return ["trailing bytes"] if int.from_bytes(data[2:6], "little") < len(data) else []
    if data[4:8] == b"ftyp":
        return list(heif_traces(data))
    return _tiff(data)


def _jpeg(data: bytes) -> Iterator[str]:
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker == 0xD9:
            break
        size = int.from_bytes(data[at : at + 2], "big")
        if marker == 0xFE:
            yield "comment"
        elif 0xE0 <= marker <= 0xEF:
            yield from _segment(marker - 0xE0, data[at + 2 : at + size])
        at += size
    if at < len(data):
        yield "trailing bytes"


def _segment(number: int, content: bytes) -> Iterator[str]:
    if number == 0 and content.startswith(b"JFIF\0"):
        if len(content) > 14 or content[12:14].strip(b"\0"):
            yield "thumbnail"
    elif number == 1 and content.startswith(b"Exif\0"):
        yield from exif_names(content)
    elif number == 1 and content.startswith((b"http://ns.adobe.com/xap/", b"http://ns.adobe.com/xmp/")):
        yield "xmp"
    elif number == 13:
        yield "iptc"
    elif number == 11 and content.startswith(tuple(mark.jpeg for mark in seals.MARKS)):
        return
    elif not (number == 2 and content.startswith(b"ICC_PROFILE\0")) and not (
        number == 14 and content.startswith(b"Adobe") and len(content) <= 12
    ):
        yield f"app{number}:{re.sub(rb'[^ -~].*', b'', content[:12], flags=re.DOTALL).decode()}"


def _png(data: bytes) -> Iterator[str]:
    for name, content in png.chunks(data):
        if name == b"eXIf":
            yield from exif_names(content)
        elif not name:
            yield "trailing bytes"
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            key = content.split(b"\0")[0].decode("latin-1")
            yield "xmp" if key.startswith("XML:com.adobe") else f"text:{key}"
        elif name not in _PNG_PICTURE and not any(name == m.png and content.startswith(m.magic) for m in seals.MARKS):
            yield f"chunk:{name.decode('latin-1')}"


def _webp(data: bytes) -> Iterator[str]:
    for name, content in riff.chunks(data):
        if name == b"EXIF":
            yield from exif_names(content)
        elif name == b"ANMF":
            yield from (f"chunk:{n.decode('latin-1')}" for n, _ in riff.frame_chunks(content) if n not in _WEBP_PICTURE)
        elif name not in _WEBP_PICTURE and not any(name == m.webp and content.startswith(m.magic) for m in seals.MARKS):
            named = {b"XMP ": "xmp", b"": "trailing bytes"}
            yield named.get(name, f"chunk:{name.decode('latin-1')}")


def _gif(data: bytes) -> Iterator[str]:
    for kind, content in gif.blocks(data):
        if kind == "app":
            name = content[1:12].decode("latin-1")
            known = ("NETSCAPE2.0", "ANIMEXTS1.0")
            if name not in (*known, "ICCRGBG1012"):
                yield "xmp" if name.startswith("XMP Data") else f"app:{name}"
        elif kind in ("comment", "text", "unknown"):
            yield kind
        elif kind == "rest":
            yield "trailing bytes"


def _tiff(data: bytes) -> list[str]:
    pages = [e for e in entries(data) if e.table == "sub"]
    return [*exif_names(data, _TIFF_PICTURE), *(["sub-pictures"] if pages else [])]
