"""What lies in a file beside the picture: each container's segments, chunks and boxes, walked byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Scan = Callable[[Path], Iterator[str]]

_STRUCTURAL_TIFF = {
    254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 297, 317, 320, 322,
    323, 324, 325, 332, 338, 339, 347, 529, 530, 531, 532, 34675,
}  # fmt: skip
_EXIF_POINTERS = {0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interop"}
_PNG_STRUCTURE = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"pHYs", b"bKGD",
    b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI",
}  # fmt: skip
_WEBP_STRUCTURE = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_MP4_STRUCTURE = {
    b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr", b"minf", b"vmhd",
    b"smhd", b"dinf", b"stbl", b"mdat", b"free", b"udta", b"meta",
}  # fmt: skip
_MP4_NESTS = {b"moov", b"trak", b"mdia", b"minf", b"edts", b"dinf"}
_MP4_HARMLESS = {b"\xa9too"}


def scan_jpeg(path: Path) -> Iterator[str]:
    """Yield what a JPEG holds beside image, JFIF, colour profile and Adobe's colour transform."""
    data = path.read_bytes()
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        body = data[at + 4 : at + 2 + size]
        if marker == 0xFE:
            yield "comment"
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
            yield from scan_exif(body[6:])
        elif 0xE1 <= marker <= 0xEF and not body.startswith((b"ICC_PROFILE\x00", b"Adobe")):
            name = body.split(b"\x00", 1)[0][:24].decode("latin-1") or "unnamed"
            yield f"APP{marker - 0xE0} {name}"
        at += 2 + size
        if marker == 0xDA:
            break
    end = data.rfind(b"\xff\xd9")
    if end < 0 or end + 2 != len(data):
        yield "bytes after the picture"


def scan_exif(data: bytes) -> Iterator[str]:
    """Yield the names of the tags in an EXIF block (a small TIFF), GPS and thumbnail included."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8:
        yield "Exif unreadable"
        return
    todo = [("", struct.unpack(order + "I", data[4:8])[0])]
    seen: set[int] = set()
    while todo:
        prefix, at = todo.pop()
        if at in seen or at + 2 > len(data):
            continue
        seen.add(at)
        (count,) = struct.unpack(order + "H", data[at : at + 2])
        for entry in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
            tag, value = struct.unpack(order + "H6xI", data[entry : entry + 12])
            if tag in _EXIF_POINTERS:
                todo.append((_EXIF_POINTERS[tag] + " ", value))
            else:
                yield f"{prefix}{_tag_name(tag)}"
        following = data[at + 2 + 12 * count : at + 6 + 12 * count]
        if len(following) == 4 and (place := struct.unpack(order + "I", following)[0]):
            yield "Exif thumbnail"
            todo.append(("Thumbnail ", place))


def scan_png(path: Path) -> Iterator[str]:
    """Yield the chunks of a PNG that are not structure or colour."""
    data, at = path.read_bytes(), 8
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if name == b"eXIf":
            yield from scan_exif(data[at + 8 : at + 8 + size])
        elif name not in _PNG_STRUCTURE:
            yield name.decode("latin-1")
        at += 12 + size
        if name == b"IEND":
            break
    if at != len(data):
        yield "bytes after the picture"


def scan_webp(path: Path) -> Iterator[str]:
    """Yield the chunks of a WebP that are not structure or colour."""
    data, at = path.read_bytes(), 12
    end = 8 + struct.unpack("<I", data[4:8])[0]
    while at + 8 <= min(end, len(data)):
        name, size = struct.unpack("<4sI", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        if name == b"EXIF":
            yield from scan_exif(body.removeprefix(b"Exif\x00\x00"))
        elif name not in _WEBP_STRUCTURE:
            yield name.decode("latin-1").strip()
        at += 8 + size + size % 2
    if len(data) > end + end % 2:
        yield "bytes after the picture"


def scan_gif(path: Path) -> Iterator[str]:
    """Yield the comments, texts and foreign extensions of a GIF."""
    data = path.read_bytes()
    at = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            label, body = data[at + 1], data[at + 3 : at + 14]
            if label == 0xFE:
                yield "comment"
            elif label == 0x01:
                yield "text"
            elif label == 0xFF and body not in (b"NETSCAPE2.0", b"ANIMEXTS1.0"):
                yield f"extension {body.decode('latin-1')}"
            at += 2
        else:
            flags = data[at + 9]
            at += 11 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    if at + 1 != len(data):
        yield "bytes after the picture"


def scan_tiff(path: Path) -> Iterator[str]:
    """Yield the tags of a TIFF that describe something other than its pixels."""
    from visard.media.picture import opened

    with opened(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found: Any = getattr(image, "tag_v2", {})
            yield from (_tag_name(tag) for tag in found if tag not in _STRUCTURAL_TIFF)


def scan_heif(path: Path) -> Iterator[str]:
    """Yield the metadata blocks and thumbnails of a HEIF or AVIF file."""
    from visard.media.picture import opened

    with opened(path) as image:
        exif = image.info.get("exif")
        if exif:
            yield from scan_exif(bytes(exif).removeprefix(b"Exif\x00\x00"))
        if image.info.get("xmp"):
            yield "XMP"
        yield from ("metadata" for _ in image.info.get("metadata") or ())
        yield from ("thumbnail" for _ in image.info.get("thumbnails") or ())


def scan_mp4(path: Path) -> Iterator[str]:
    """Yield the tags, chapters, data streams and foreign boxes of an MP4."""
    import av

    with path.open("rb") as file:
        yield from _boxes(file, 0, path.stat().st_size)
    with av.open(str(path)) as container:
        known = {"major_brand", "minor_version", "compatible_brands", "encoder"}
        yield from (name for name in container.metadata if name not in known)
        for stream in container.streams:
            harmless = {"language": "und", "encoder": None, "handler_name": None, "vendor_id": None}
            for name, value in stream.metadata.items():
                if name not in harmless or harmless[name] not in (None, value):
                    yield f"{stream.type} {name}"
            if stream.type not in ("video", "audio"):
                yield f"{stream.type} stream"


def _boxes(file: Any, start: int, end: int) -> Iterator[str]:
    at = start
    while at + 8 <= end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        size = size or end - at
        if size < header:
            yield "malformed box"
            return
        if name not in _MP4_STRUCTURE and name not in _SAMPLE_BOXES:
            yield f"box {name.decode('latin-1')}"
        if name in _MP4_NESTS:
            yield from _boxes(file, at + header, at + size)
        if name in (b"udta", b"meta"):
            file.seek(at)
            yield from _user_data(file.read(size))
        at += size


_SAMPLE_BOXES = {
    b"dref",
    b"stsd",
    b"stts",
    b"stss",
    b"ctts",
    b"stsc",
    b"stsz",
    b"stco",
    b"co64",
    b"sgpd",
    b"sbgp",
}


def _user_data(data: bytes) -> Iterator[str]:
    """Yield the names of user data; the writing library's name is harmless."""
    for name in (
        b"\xa9xyz",
        b"\xa9nam",
        b"\xa9cmt",
        b"\xa9day",
        b"loci",
        b"\xa9ART",
        b"XMP_",
        b"Xtra",
        b"chpl",
    ):
        if name in data and name not in _MP4_HARMLESS:
            yield f"user data {name.decode('latin-1')}"


def _tag_name(tag: int) -> str:
    from PIL import ExifTags

    return ExifTags.TAGS.get(tag) or ExifTags.GPSTAGS.get(tag) or f"tag {tag}"


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


SCANNERS: tuple[tuple[Callable[[bytes], bool], Scan], ...] = (
    (_starts(b"\xff\xd8"), scan_jpeg),
    (_starts(b"\x89PNG"), scan_png),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", scan_webp),
    (_starts(b"GIF8"), scan_gif),
    (_starts(b"II*\x00", b"MM\x00*"), scan_tiff),
    (_starts(b"BM"), lambda path: iter(())),
    (lambda head: head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"hev", b"mif", b"msf", b"avi"), scan_heif),
    (lambda head: head[4:8] == b"ftyp", scan_mp4),
)
"""How a file begins -> how it is walked."""
