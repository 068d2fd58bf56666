"""Pictures OUT: each in its source's own format, quality, depth and profile."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from visard.errors import SourceError
from visard.media import png, riff
from visard.media.animation import webp, with_alpha, write_animation
from visard.media.colour import kept_profile
from visard.media.exif import Entry, build
from visard.media.metadata import kept_entries
from visard.media.picture import opened
from visard.media.source import Source
from visard.media.tiff import write_pages
from visard.types import Frame

_QUALITY = 90
"""For lossy formats whose own quality cannot be read from the file."""

_UNPACKED = 1
"""TIFF's compression tag for none."""


class _Stream:
    """A file without its number: Pillow, told that, takes what a full disk wrote of a picture for all of it."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a result takes over from its source's file."""

    like: Source
    info: dict[Any, Any]
    tables: dict[int, list[int]] | None
    sampling: int
    profile: bytes | None
    packed: bool
    kept: Sequence[Entry]

    @property
    def exif(self) -> bytes:
        return build(self.kept) if self.kept else b""


def write_picture(draft: Path, frames: Iterable[Frame], like: Source, keep: tuple[str, ...]) -> None:
    """Write a picture, its pages or its animation; raises SourceError, OSError."""
    origin = _origin(like, keep)
    if like.format == "TIFF":
        pages = (_samples(frame, like) for frame in frames)
        if not write_pages(draft, pages, origin.profile, origin.kept, origin.packed):
            raise SourceError("has no pages", where=like.path, hint="copy it again")
    elif like.format == "GIF" or not like.still:
        write_animation(draft, frames, like, origin.info, origin.exif)
    else:
        (frame,) = frames
        with draft.open("wb") as file:
            _WRITERS[like.format](file, frame, origin)


def _origin(like: Source, keep: tuple[str, ...]) -> _Origin:
    with opened(like.path) as image:
        tables = getattr(image, "quantization", None)
        usable = image.mode != "CMYK" and like.format == "JPEG"
        sampling = JpegImagePlugin.get_sampling(image) if usable and image.mode == "RGB" else 0
        packed = getattr(image, "tag_v2", {}).get(259, _UNPACKED) != _UNPACKED
        kept = kept_entries(image, keep)
        profile = kept_profile(image)
        return _Origin(like, dict(image.info), tables, max(0, sampling), profile, packed, kept)


def _samples(frame: Frame, like: Source) -> NDArray[Any]:
    """Return a frame's samples as its file holds them: deep or not, grey or RGB, with alpha."""
    colour: NDArray[Any] = frame.pixels if frame.deep is None else frame.deep
    if like.grey:
        colour = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    samples: NDArray[Any] = with_alpha(colour, frame.alpha)
    return samples


def _jpeg(file: Any, frame: Frame, origin: _Origin) -> None:
    """Save with the source's own tables: what was not hidden is rounded to the values it had."""
    rest: dict[str, Any] = {"qtables": origin.tables} if origin.tables else {"quality": _QUALITY}
    if not origin.like.grey:
        rest["subsampling"] = origin.sampling
    stream: Any = _Stream(file)
    Image.fromarray(_samples(frame, origin.like)).save(
        stream, "JPEG", icc_profile=origin.profile, exif=origin.exif, **rest
    )


def _png(file: Any, frame: Frame, origin: _Origin) -> None:
    colours = png.colour_chunks(origin.like.path.read_bytes())
    file.write(png.encoded(_samples(frame, origin.like), colours, origin.exif))


def _webp(file: Any, frame: Frame, origin: _Origin) -> None:
    file.write(b"".join(_webp_chunks(frame, origin)))


def _webp_chunks(frame: Frame, origin: _Origin) -> Iterator[bytes]:
    plain = webp(frame, riff.is_lossless(origin.like.path.read_bytes()))
    if not origin.profile and not origin.exif:
        yield plain
        return
    flags = (riff.ICC if origin.profile else 0) | (riff.EXIF if origin.exif else 0)
    flags |= riff.ALPHA if frame.alpha is not None else 0
    body = riff.header(origin.like.width, origin.like.height, flags)
    body += riff.chunk(b"ICCP", origin.profile) if origin.profile else b""
    body += b"".join(riff.chunk(n, c) for n, c in riff.chunks(plain) if n in (b"VP8 ", b"VP8L", b"ALPH"))
    body += riff.chunk(b"EXIF", origin.exif.removeprefix(b"Exif\0\0")) if origin.exif else b""
    yield b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _bmp(file: Any, frame: Frame, origin: _Origin) -> None:
    if frame.alpha is None:
        stream: Any = _Stream(file)
        Image.fromarray(_samples(frame, origin.like)).save(stream, "BMP")
    else:  # Pillow writes no header that says that the fourth band is alpha; OpenCV does
        samples = with_alpha(frame.pixels, frame.alpha)
        file.write(cv2.imencode(".bmp", cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA))[1].tobytes())


def _heif(file: Any, frame: Frame, origin: _Origin) -> None:
    saved = io.BytesIO()  # pillow_heif wants to seek and closes nothing
    rest = {"exif": origin.exif} if origin.exif else {}
    rest |= {"icc_profile": origin.profile} if origin.profile else {}
    Image.fromarray(with_alpha(frame.pixels, frame.alpha)).save(saved, origin.like.format, quality=_QUALITY, **rest)
    file.write(saved.getbuffer())


_WRITERS: dict[str, Callable[[Any, Frame, _Origin], None]] = {
    "JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "BMP": _bmp, "HEIF": _heif, "AVIF": _heif,
}  # fmt: skip
