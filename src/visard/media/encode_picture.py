"""Pictures out, in the source's own format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import SourceError
from visard.media.metadata import exif_of
from visard.media.picture import opened
from visard.media.read import Source
from visard.types import Frame

if TYPE_CHECKING:
    from PIL import Image


def write(draft: Path, frames: Iterable[Frame], like: Source, keep: tuple[str, ...]) -> None:
    """Write frames as a picture like the source; keep: names of safe EXIF tags. Raises SourceError."""
    with opened(like.path) as original:
        profile = None if original.mode == "CMYK" else original.info.get("icc_profile")
        exif = exif_of(original, keep)
        if like.depth == 16:
            _write_deep(draft, list(frames), like, profile, exif)
            return
        options = _OPTIONS.get(like.format, _plain)(original, like)
        options |= {"icc_profile": profile} if profile else {}
        options |= {"exif": exif} if exif else {}
        if like.frames == 1 or like.format == "HEIF":
            _image(next(iter(frames)), like).save(draft, format=like.format, **options)
        else:
            _write_many(draft, frames, like, original, options)


def _image(frame: Frame, like: Source) -> Image.Image:
    """Return a frame as a Pillow image of the source's kind: grey stays grey, alpha stays."""
    from PIL import Image

    if frame.alpha is not None:
        image = Image.fromarray(np.dstack([frame.pixels, frame.alpha]))
        return image.convert("LA") if like.grey and like.format in ("PNG", "TIFF") else image
    image = Image.fromarray(frame.pixels)
    return image.convert("L") if like.grey else image


def _write_many(
    draft: Path, frames: Iterable[Frame], like: Source, original: Image.Image, options: dict[str, Any]
) -> None:
    """Write an animation or pages; durations and loop are kept. Pillow needs all frames at once."""
    images = (_image(frame, like) for frame in frames)
    first = next(images)
    if like.format != "TIFF":
        options |= {"duration": _durations(original), "loop": original.info.get("loop", 0), "disposal": 2}
    if like.format == "GIF" and "loop" not in original.info:
        del options["loop"]
    if like.format in ("WEBP", "TIFF"):
        options.pop("disposal", None)
    first.save(draft, format=like.format, save_all=True, append_images=list(images), **options)


def _durations(original: Image.Image) -> list[int]:
    times = []
    for index in range(getattr(original, "n_frames", 1)):
        original.seek(index)
        original.load()
        times.append(int(original.info.get("duration", 100)))
    return times


def _jpeg(original: Image.Image, like: Source) -> dict[str, Any]:
    """Return the source's own quantisation and chroma sampling, so that what is not hidden hardly changes."""
    from PIL import JpegImagePlugin

    if original.format not in ("JPEG", "MPO") or original.mode == "CMYK":
        return {"quality": 92, "subsampling": 0}
    tables: Any = getattr(original, "quantization", {})
    chroma = JpegImagePlugin.get_sampling(original) if original.mode == "RGB" else -1
    return {"qtables": tables} | ({"subsampling": chroma} if chroma >= 0 else {})


def _webp(original: Image.Image, like: Source) -> dict[str, Any]:
    lossless = b"VP8L" in like.path.read_bytes()[:64]
    return {"lossless": True, "exact": True} if lossless else {"quality": 90, "method": 4}


def _tiff(original: Image.Image, like: Source) -> dict[str, Any]:
    return {"compression": "tiff_deflate"}


def _heif(original: Image.Image, like: Source) -> dict[str, Any]:
    return {"quality": 90}


def _plain(original: Image.Image, like: Source) -> dict[str, Any]:
    return {}


_OPTIONS = {"JPEG": _jpeg, "WEBP": _webp, "TIFF": _tiff, "HEIF": _heif, "AVIF": _heif}


def _write_deep(draft: Path, frames: list[Frame], like: Source, profile: bytes | None, exif: bytes | None) -> None:
    """Write 16-bit PNG or TIFF with OpenCV, which keeps the depth, and put the profile in afterwards."""
    if exif or (profile and like.format == "TIFF") or like.format not in ("PNG", "TIFF"):
        raise SourceError(
            f"16-bit {like.format} cannot keep its profile or tags",
            where=like.path,
            hint="convert it to 16-bit PNG",
        )
    pages = [_deep_page(frame, like) for frame in frames]
    suffix = ".png" if like.format == "PNG" else ".tiff"
    ok, data = cv2.imencodemulti(suffix, pages) if len(pages) > 1 else cv2.imencode(suffix, pages[0])
    if not ok:
        raise SourceError("cannot be written with 16 bits", where=like.path, hint="convert it to 8 bits")
    content = data.tobytes()
    if profile:
        content = _with_profile(content, profile)
    draft.write_bytes(content)


def _deep_page(frame: Frame, like: Source) -> NDArray[np.uint16]:
    assert frame.deep is not None
    if like.grey and frame.alpha is None:
        return np.ascontiguousarray(frame.deep[..., 0])
    planes = [frame.deep[..., 2], frame.deep[..., 1], frame.deep[..., 0]]
    if frame.alpha is not None:
        planes.append(frame.alpha.astype(np.uint16))
    return np.dstack(planes)


def _with_profile(png: bytes, profile: bytes) -> bytes:
    """Return a PNG with an iCCP chunk after its header (PNG specification 11.3.2.3)."""
    body = b"iCCP" + b"ICC profile\x00\x00" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header = 8 + 25
    return png[:header] + chunk + png[header:]
