"""Animations OUT: GIF, WebP and APNG, put together frame by frame with the source's own durations."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from visard.errors import SourceError
from visard.media import gif, png, riff
from visard.media.profile import colours_of
from visard.media.source import Source
from visard.types import Frame

WEBP_QUALITY = 90


def write_animation(draft: Path, frames: Iterable[Frame], like: Source, info: dict[Any, Any], exif: bytes) -> None:
    """Write frames as they come; info: Pillow's about the source (loop, profile, default image).

    Raises SourceError where frames and durations do not match in number.
    """
    data = like.path.read_bytes()
    delays = _delays(data, like.format)
    writers: dict[str, Callable[..., Iterator[bytes]]] = {"GIF": _gif, "WEBP": _webp, "PNG": _apng}
    with draft.open("wb") as file:
        for piece in writers[like.format](frames, like, info, delays, data, exif):
            file.write(piece)
        if like.format == "WEBP":
            size = file.tell() - 8
            file.seek(4)
            file.write(struct.pack("<I", size))


def webp(frame: Frame, lossless: bool, grey: bool = False) -> bytes:
    """Return a frame as a simple WebP file."""
    saved = io.BytesIO()
    picture = Image.fromarray(with_alpha(frame.pixels, frame.alpha))
    quality = 75 if lossless else WEBP_QUALITY
    picture.save(saved, "WEBP", lossless=lossless, quality=quality, method=3 if lossless else 4, exact=True)
    return saved.getvalue()


def with_alpha(colour: Any, alpha: Any) -> Any:
    """Return samples (H, W, 3) or (H, W) with alpha (H, W), if any, as their last band."""
    return colour if alpha is None else np.dstack([colour, alpha])


def _gif(
    frames: Iterable[Frame], like: Source, info: dict[Any, Any], delays: list[tuple[int, int]], *_: bytes
) -> Iterator[bytes]:
    yield gif.head(like.width, like.height, info.get("loop"))
    for frame, (delay, _unit) in _timed(frames, delays, like):
        yield gif.frame(frame.pixels, frame.alpha, delay)
    yield b";"


def _webp(
    frames: Iterable[Frame], like: Source, info: dict[Any, Any], delays: list[tuple[int, int]], data: bytes, exif: bytes
) -> Iterator[bytes]:
    profile = colours_of(info.get("icc_profile") or b"")
    flags = riff.MOVING | (riff.ALPHA if like.alpha else 0)
    flags |= (riff.ICC if profile else 0) | (riff.EXIF if exif else 0)
    yield b"RIFF\0\0\0\0WEBP" + riff.header(like.width, like.height, flags)
    yield riff.chunk(b"ICCP", profile) if profile else b""
    yield riff.chunk(b"ANIM", bytes(4) + struct.pack("<H", int(info.get("loop", 0))))
    lossless = riff.is_lossless(data)
    size = (like.width - 1).to_bytes(3, "little") + (like.height - 1).to_bytes(3, "little")
    for frame, (delay, _unit) in _timed(frames, delays, like):
        picture = riff.chunks(webp(frame, lossless))
        inner = b"".join(riff.chunk(n, c) for n, c in picture if n in (b"VP8 ", b"VP8L", b"ALPH"))
        yield riff.chunk(b"ANMF", bytes(6) + size + delay.to_bytes(3, "little") + b"\x02" + inner)
    yield riff.chunk(b"EXIF", exif.removeprefix(b"Exif\0\0")) if exif else b""


def _apng(
    frames: Iterable[Frame], like: Source, info: dict[Any, Any], delays: list[tuple[int, int]], data: bytes, exif: bytes
) -> Iterator[bytes]:
    extra = png.colour_chunks(data) + (png.chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) if exif else b"")
    return _apng_of(frames, like, delays, extra, int(info.get("loop", 0)))


def apng(frames: Iterable[Frame], like: Source, extra: bytes) -> Iterator[bytes]:
    """Yield an animated PNG of any animation's frames, with its durations; extra: ready chunks. Raises SourceError."""
    units = {"GIF": 100, "WEBP": 1000}
    with Image.open(like.path) as image:
        loop = int(image.info.get("loop", 0))
    delays = [(d, units.get(like.format, unit)) for d, unit in _delays(like.path.read_bytes(), like.format)]
    return _apng_of(frames, like, delays, extra, loop)


def _apng_of(
    frames: Iterable[Frame], like: Source, delays: list[tuple[int, int]], extra: bytes, loop: int
) -> Iterator[bytes]:
    aside = len(delays) + 1 == like.frames  # the first picture is for viewers that know no APNG
    timed = [(0, 0), *delays] if aside else delays
    number = 0
    for at, (frame, delay) in enumerate(_timed(frames, timed, like)):
        header, body = png.picture_chunks(with_alpha(frame.pixels, frame.alpha))
        if not at:
            yield png.SIGNATURE + header + extra + png.chunk(b"acTL", struct.pack(">II", len(delays), loop))
        if at or not aside:
            yield png.chunk(b"fcTL", struct.pack(">5I2H2B", number, like.width, like.height, 0, 0, *delay, 0, 0))
            number += 1
        yield png.chunk(b"fdAT", struct.pack(">I", number) + body) if at else png.chunk(b"IDAT", body)
        number += at > 0
    yield png.chunk(b"IEND", b"")


def _timed(
    frames: Iterable[Frame], delays: list[tuple[int, int]], like: Source
) -> Iterator[tuple[Frame, tuple[int, int]]]:
    try:
        yield from zip(frames, delays, strict=True)
    except ValueError as error:
        text = f"has {len(delays)} frames by its durations, and another number was read"
        raise SourceError(text, where=like.path, hint="save it again with another program") from error


def _delays(data: bytes, kind: str) -> list[tuple[int, int]]:
    """Return each frame's duration, as (number, unit): 1/100 s for GIF, ms for WebP, a fraction for APNG."""
    if kind == "WEBP":
        return [(int.from_bytes(c[12:15], "little"), 0) for n, c in riff.chunks(data) if n == b"ANMF"]
    if kind == "PNG":
        return [struct.unpack(">HH", c[20:24]) for n, c in png.chunks(data) if n == b"fcTL"]
    delays, current = [], 0
    for name, content in gif.blocks(data):
        if name == "control":
            current = int.from_bytes(content[2:4], "little")
        elif name == "image":
            delays.append((current, 0))
    return delays
