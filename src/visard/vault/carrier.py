"""Where a seal lies: in a chunk of a PNG or WebP, in APP11 segments of a JPEG, in a box of an MP4, or beside.

Other contents of visard's own, each under its mark, lie there as well.
"""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from visard.errors import SealError, SourceError
from visard.media import png, riff
from visard.media.seals import JPEG_MARKER, SEAL, Mark
from visard.vault.layout import Again

SUFFIX: Final = ".visard"
"""Of a seal beside its picture: photo.heic.visard."""

_MOST: Final = 65533 - len(SEAL.jpeg) - 4
_HEAD = 16 + len(SEAL.mp4)
_NOWHERE = (0, 0)


def sidecar(path: Path) -> Path:
    """Return where a seal lies beside a file that cannot hold one."""
    return path.with_name(path.name + SUFFIX)


def has_room(path: Path) -> bool:
    """Return whether a file's format has a place for a seal."""
    return bool(_kind(path))


def embed(path: Path, seal: Path, mark: Mark = SEAL) -> None:
    """Put a seal into a picture or video that has room, in place of any that it holds.

    The rest of the file keeps its bytes. Videos are lengthened at their end; pictures are read whole.
    """
    kind = _kind(path)
    if kind == "MP4":
        _append_box(path, seal, mark)
    else:
        writers = {"PNG": _into_png, "JPEG": _into_jpeg, "WEBP": _into_webp}
        path.write_bytes(writers[kind](path.read_bytes(), seal.read_bytes(), mark))


def find(path: Path) -> Again:
    """Return the way to a file's seal: the one in it, or beside it, or the file itself; raises as `place` does."""
    where = place(path)
    if _starts(where):
        return lambda: where.open("rb")
    if _kind(where) == "MP4":
        return lambda: _Part(where, *_find_box(where))
    inside = content(where)
    return lambda: io.BytesIO(inside)


def place(path: Path) -> Path:
    """Return the file that holds a file's seal: itself, or the one beside it.

    Raises SealError where neither does, SourceError where there is no such file, or none that can be read.
    """
    if not path.is_file():
        raise SourceError("is no file", where=path, hint="check its path")
    try:
        held = _find_box(path) != _NOWHERE if _kind(path) == "MP4" else bool(content(path)) or _starts(path)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=path, hint="check its rights") from error
    if held:
        return path
    if sidecar(path).is_file():
        return sidecar(path)
    raise SealError("holds no seal", where=path, hint=f"name the file that lies beside it, {SUFFIX}, with --seal")


def _starts(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SEAL.magic)) == SEAL.magic


def content(path: Path, mark: Mark = SEAL) -> bytes:
    """Return the seal within a picture, or what has another mark within a file that has room; empty for none."""
    readers = {"PNG": _from_png, "JPEG": _from_jpeg, "WEBP": _from_webp}
    kind = _kind(path)
    if kind == "MP4":
        begin, end = _find_box(path, mark)
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)
    return b"".join(readers[kind](path.read_bytes(), mark)) if kind in readers else b""


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(32)
    if head.startswith(png.SIGNATURE):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return "MP4" if head[4:8] == b"ftyp" and head[8:12] in (b"isom", b"mp42", b"iso2", b"iso4", b"avc1") else ""


def _into_png(data: bytes, seal: bytes, mark: Mark) -> bytes:
    pieces = [png.SIGNATURE]
    for name, content in png.chunks(data):
        if name == b"IEND":
            pieces.append(png.chunk(mark.png, seal))
        pieces.append(b"" if name == mark.png else content if not name else png.chunk(name, content))
    return b"".join(pieces)


def _from_png(data: bytes, mark: Mark) -> Iterator[bytes]:
    return (content for name, content in png.chunks(data) if name == mark.png)


def _into_jpeg(data: bytes, seal: bytes, mark: Mark) -> bytes:
    pieces = [seal[at : at + _MOST] for at in range(0, len(seal), _MOST)]
    segments = [
        JPEG_MARKER
        + struct.pack(">H", 2 + len(mark.jpeg) + 4 + len(piece))
        + mark.jpeg
        + struct.pack(">I", number)
        + piece
        for number, piece in enumerate(pieces)
    ]
    rest = [data[at:end] for at, end, own in _segments(data, mark) if not own]
    first = 2 if len(rest) > 1 and rest[1][:2] == b"\xff\xe0" else 1  # JFIF wants its segment first
    return b"".join([*rest[:first], *segments, *rest[first:]])


def _from_jpeg(data: bytes, mark: Mark) -> Iterator[bytes]:
    behind = 4 + len(mark.jpeg)
    found = [data[at + behind : end] for at, end, own in _segments(data, mark) if own]
    return (piece[4:] for piece in sorted(found, key=lambda piece: piece[:4]))


def _segments(data: bytes, mark: Mark) -> Iterator[tuple[int, int, bool]]:
    """Yield where each segment begins and ends, and whether it is a seal's; the last is all from the scan on."""
    yield 0, 2, False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield at, end, data[at : at + 2] == JPEG_MARKER and data[at + 4 : at + 4 + len(mark.jpeg)] == mark.jpeg
        at = end
    yield at, len(data), False


def _into_webp(data: bytes, seal: bytes, mark: Mark) -> bytes:
    own = [(name, content) for name, content in riff.chunks(data) if name and name != mark.webp]
    if own[0][0] != b"VP8X":
        own.insert(0, (b"VP8X", _canvas(data)))
    body = b"".join(riff.chunk(name, content) for name, content in (*own, (mark.webp, seal)))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _canvas(data: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        flags = riff.ALPHA if image.has_transparency_data else 0
        return riff.header(*image.size, flags)[8:]


def _from_webp(data: bytes, mark: Mark) -> Iterator[bytes]:
    return (content for name, content in riff.chunks(data) if name == mark.webp)


def _append_box(path: Path, seal: Path, mark: Mark) -> None:
    begin, end = place = _find_box(path, mark)
    with path.open("rb+") as file, seal.open("rb") as content:
        if place != _NOWHERE and end == path.stat().st_size:
            file.truncate(begin - _HEAD)
        elif place != _NOWHERE:  # other programs append boxes, too, and what lies where is written in some of them
            file.seek(begin - _HEAD + 4)
            file.write(b"free")
            file.seek(begin - len(mark.mp4))
            for at in range(begin - len(mark.mp4), end, 1 << 20):
                file.write(bytes(min(1 << 20, end - at)))
        file.seek(0, io.SEEK_END)
        # The long form of the length, so that no size needs another form.
        file.write(struct.pack(">I4sQ", 1, b"uuid", _HEAD + seal.stat().st_size) + mark.mp4)
        shutil.copyfileobj(content, file, 1 << 20)


def _find_box(path: Path, mark: Mark = SEAL) -> tuple[int, int]:
    """Return where what has a mark in an MP4 begins and ends."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(_HEAD)
            length, name = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) >= 16:
                (length,) = struct.unpack(">Q", head[8:16])
            if name == b"uuid" and head[16:] == mark.mp4:
                return at + _HEAD, min(size, at + length)
            if length < 8:
                break
            at += length
    return _NOWHERE


class _Part(io.RawIOBase):
    """A part of a file as a file of its own, for reading."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file: BinaryIO = path.open("rb")
        self._start, self._end = start, end
        self._file.seek(start)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._end - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: self._start, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._end}
        return self._file.seek(bases[whence] + offset) - self._start

    def close(self) -> None:
        self._file.close()
        super().close()
