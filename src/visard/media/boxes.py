"""Traces in boxes: MP4, MOV and HEIF files are trees of boxes, and some hold no picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from visard.media.metadata import exif_names
from visard.media.seals import MARKS

_TOP = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"sidx", b"moof", b"mfra", b"styp", b"mfro"})
_INSIDE = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"mvex"})
_DATED = {b"mvhd": "creation time", b"tkhd": "creation time", b"mdhd": "creation time"}
_PLAIN_KEYS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id", "language"}
    | {"duration"}
)
_MOST_MOOV = 1 << 28


def video_traces(path: Path) -> list[str]:
    """Return the names of everything in a video file that is neither moving picture nor sound."""
    with path.open("rb") as file:
        boxed = file.read(8)[4:8] in _TOP
        size = file.seek(0, 2)
        found = list(_top(file, size)) if boxed else []
    return [*found, *(t for t in _stated(path) if t not in found)]


def heif_traces(data: bytes) -> Iterator[str]:
    """Yield the names of everything in a HEIF or AVIF file that is neither picture nor profile."""
    for name, content in _boxes(data):
        if name == b"meta":
            yield from _meta(content[4:], data)
        elif name in (b"moov", b"uuid", b"udta"):
            yield f"box:{name.decode()}"
        elif name == b"":
            yield "trailing bytes"


def avif_bits(data: bytes) -> int:
    """Return the most bits per sample, 8, 10 or 12, that the pictures of an AVIF file state (AV1 in ISO BMFF, av1C)."""
    meta = next((content[4:] for name, content in _boxes(data) if name == b"meta"), b"")
    properties = dict(_boxes(dict(_boxes(meta)).get(b"iprp", b""))).get(b"ipco", b"")
    stated = [content[2] >> 5 & 3 for name, content in _boxes(properties) if name == b"av1C" and len(content) > 2]
    return max((8, *(10 + 2 * (bits & 1) for bits in stated if bits & 2)))


def _meta(content: bytes, data: bytes) -> Iterator[str]:
    parts = dict(_boxes(content))
    info = parts.get(b"iinf", b"\0" * 6)
    kinds = {}
    for name, item in _boxes(info[8 if info[0] else 6 :]):
        if name == b"infe" and item[0] >= 2:
            wide = 4 if item[0] > 2 else 2
            kinds[int.from_bytes(item[4 : 4 + wide], "big")] = item[6 + wide : 10 + wide]
    for number, kind in kinds.items():
        if kind == b"Exif":
            yield from exif_names(_item(parts.get(b"iloc", b""), number, data)[4:])
        elif kind in (b"mime", b"uri "):
            yield "xmp"
    if any(name == b"thmb" for name, _ in _boxes(parts.get(b"iref", b"")[4:])):
        yield "thumbnail"
    if b"udta" in parts or b"uuid" in parts:
        yield "box:uuid"


def _item(iloc: bytes, wanted: int, data: bytes) -> bytes:
    """Return an item's bytes by the table of item places; what cannot be found is four bytes and a blot."""
    try:
        version, sizes = iloc[0], struct.unpack(">H", iloc[4:6])[0]
        offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version else 0
        wide = 4 if version == 2 else 2
        count, at = int.from_bytes(iloc[6 : 6 + wide], "big"), 6 + wide
        for _ in range(count):
            number = int.from_bytes(iloc[at : at + wide], "big")
            at += wide + (4 if version else 2)
            base = int.from_bytes(iloc[at : at + base_size], "big")
            extents = int.from_bytes(iloc[at + base_size : at + base_size + 2], "big")
            at += base_size + 2
            for _ in range(extents):
                at += index_size
                start = base + int.from_bytes(iloc[at : at + offset_size], "big")
                length = int.from_bytes(iloc[at + offset_size : at + offset_size + length_size], "big")
                at += offset_size + length_size
                if number == wanted and data[start : start + length]:
                    return data[start : start + length]
    except (struct.error, IndexError):
        pass
    return b"\0\0\0\0?"


def _top(file: BinaryIO, size: int) -> Iterator[str]:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        before = 16 if length == 1 else 8
        length = int.from_bytes(head[8:16], "big") if length == 1 else length or size - at
        if length < before:
            break
        file.seek(at + before)
        if name == b"moov":
            yield from _inside(file.read(min(length - before, _MOST_MOOV)))
        elif name in (b"free", b"skip", b"wide"):
            if file.read(min(length - before, _MOST_MOOV)).strip(b"\0"):
                yield f"box:{name.decode()}"
        elif name not in _TOP and not (name == b"uuid" and file.read(16) in [mark.mp4 for mark in MARKS]):
            yield f"box:{name.decode('latin-1')}"
        at += length
    if at != size:
        yield "trailing bytes"


def _inside(content: bytes) -> Iterator[str]:
    """Yield the traces in a movie box; headers are dated, tracks say by their handler what they hold."""
    for name, inner in _boxes(content):
        if name in _INSIDE:
            yield from _inside(inner)
        elif name in _DATED and inner[4 : 20 if inner[0] else 12].strip(b"\0"):
            yield _DATED[name]
        elif name == b"hdlr" and inner[8:12] not in (b"vide", b"soun", b"url ", b"\0\0\0\0"):
            yield f"track:{inner[8:12].decode('latin-1')}"
        elif name in (b"udta", b"meta"):
            yield from _user_data(name, inner)
        elif name == b"uuid":
            yield "box:uuid"


def _user_data(name: bytes, content: bytes) -> Iterator[str]:
    """Yield what user data hold: FFmpeg always writes the boxes, but leaves them empty."""
    if name == b"meta":
        content = content[4:] if content[8:12] == b"hdlr" else content
        for part, inner in _boxes(content):
            if part == b"ilst":
                yield from (f"udta:{n.decode('latin-1')}" for n, _ in _boxes(inner) if n != b"\xa9too")
            elif part != b"hdlr" and inner.strip(b"\0"):
                yield f"udta:{part.decode('latin-1')}"
        return
    for part, inner in _boxes(content):
        if part == b"meta":
            yield from _user_data(part, inner)
        elif inner.strip(b"\0"):
            yield f"udta:{part.decode('latin-1')}"


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, name, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or len(data) - at
        if size < head or at + size > len(data):
            break
        yield name, data[at + head : at + size]
        at += size
    if data[at:].strip(b"\0"):
        yield b"", data[at:]


def _stated(path: Path) -> Iterator[str]:
    """Yield what FFmpeg finds: tags of the container and its streams, chapters, streams of data."""
    from visard.media.video import opened_video

    with opened_video(path) as (container, _):
        for where, values in (("container", container.metadata), *((s.type, s.metadata) for s in container.streams)):
            yield from (f"{where}:{key}" for key in values if key.lower() not in _PLAIN_KEYS)
        if container.chapters():
            yield "chapters"
        yield from (f"track:{s.type}" for s in container.streams if s.type not in ("video", "audio"))
