"""Pictures: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIF and AVIF, still, animated and with several pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from visard.errors import SourceError, VisardError
from visard.media.boxes import avif_bits
from visard.media.colour import has_usable_profile, to_srgb
from visard.media.deep import deep_pages
from visard.media.ends import refuse_cut_off
from visard.media.formats import ANIMATED, MOST_PIXELS, MOST_PIXELS_IN_ALL, PICTURE_FORMATS
from visard.media.gif import CLEAR
from visard.media.source import Source
from visard.media.turn import SWAPPED, upright
from visard.types import Frame, Pixels

_STRIP = 128
"""Rows copied at a time from Pillow: a strip stays in the cache, and memory holds one picture less."""

_GULP = 1 << 24
"""Bytes given to a decoder at a time: after each piece it would wait for Python, in which networks are loaded."""

_ORIENTATION = 274
_LIGHT = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N")


def probe_picture(path: Path, head: bytes) -> Source:
    """Return what a picture file holds; raises SourceError for a broken, cut off or too large one."""
    with opened(path) as image:
        refuse_cut_off(path, head)
        frames = _count(image, path)
        kind = _kind(image)
        depth = depth_of(image)
        _refuse_unkept(image, path, kind, depth, frames)
        width, height = image.size
        if _orientation(image) in SWAPPED:
            width, height = height, width
        still = not (kind in ANIMATED and frames > 1)
        alpha, grey = bool(image.has_transparency_data), image.mode in _LIGHT
        notes = tuple(_notes(image, kind, path))
        if kind == "TIFF":
            _refuse_unlike(image, path, frames, depth, grey, alpha)
        return Source(
            path, "picture", kind, width, height, frames, still, depth, grey, alpha, notes,
        )  # fmt: skip


def read_picture(source: Source) -> Iterator[Frame]:
    """Yield the frames or pages of a picture; raises SourceError where one cannot be decoded whole."""
    with opened(source.path) as image:
        deep = deep_pages(source) if source.depth == 16 else None
        time = 0.0
        for index in range(source.frames or 1):
            if index:
                image.seek(index)
                _check_size(image, source.path)
            if deep is not None:
                image.load()  # OpenCV fills up what is cut off; Pillow refuses it
                yield _frozen(next(deep), index)
                continue
            pixels, alpha = _decode(image, source)
            yield _frozen((pixels, alpha), index, time)
            time += 0.0 if source.still else float(image.info.get("duration", 0)) / 1000


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture with Pillow; whatever fails inside the block becomes a SourceError."""
    try:
        _prepare(path)
        with Image.open(path) as image:
            _check_size(image, path)
            image.decodermaxblock = _GULP
            yield image
    except (VisardError, GeneratorExit):
        raise
    except UnidentifiedImageError as error:
        raise SourceError(
            "is no picture or video that can be read", where=path, hint="is it whole, and what its name says?"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _bomb(path) from error
    except MemoryError as error:
        raise SourceError(
            "does not fit into memory", where=path, hint="close other programs or scale it down"
        ) from error
    except Exception as error:  # decoders meet hostile bytes with every kind of exception
        raise SourceError(
            f"is broken: {error or type(error).__name__}", where=path, hint="copy it again from where it came"
        ) from error


def depth_of(image: Image.Image) -> int:
    """Return the bits per sample, 8 or 16, of an opened picture, which Pillow hides for colour."""
    if image.mode.startswith("I;16"):
        return 16
    if image.format == "TIFF":
        return max(8, *_tiff_bits(image))
    if image.format == "PNG":
        tile: Any = getattr(image, "tile", [])
        return 16 if "16B" in str(tile) else 8
    return 8


def _prepare(path: Path) -> None:
    """Make HEIF known to Pillow where it is needed, and raise its own limit of pixels to ours (a host may lift it)."""
    if Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MOST_PIXELS)
    if "HEIF" not in Image.OPEN:
        with path.open("rb") as file:
            if file.read(8)[4:] != b"ftyp":
                return
        # Pillow's own formats come first.
        Image.init()
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)


def _kind(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


def _check_size(image: Image.Image, path: Path) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _bomb(path)
    if not image.width or not image.height:
        raise SourceError("has no pixels", where=path, hint="copy it again from where it came")


def _bomb(path: Path) -> SourceError:
    limit = f"{MOST_PIXELS // 1_000_000} megapixels"
    return SourceError(f"has more than {limit}", where=path, hint="scale it down, or cut it into parts")


def _count(image: Image.Image, path: Path) -> int:
    if image.format not in (*ANIMATED, "TIFF"):
        return 1
    frames = int(getattr(image, "n_frames", 1))
    if frames * image.width * image.height > MOST_PIXELS_IN_ALL:
        raise SourceError(f"has {frames} frames of this size", where=path, hint="cut it into parts")
    return frames


def _refuse_unkept(image: Image.Image, path: Path, kind: str, depth: int, frames: int) -> None:
    """Refuse what could not be written again as it was: fail before the work, not after it."""
    if kind not in PICTURE_FORMATS:
        raise SourceError(f"is a {kind} file, which is not supported", where=path, hint="convert it to PNG")
    fault = ""
    if image.mode in ("I", "F") or depth not in (8, 16):
        fault = f"has samples of an unusual kind (mode {image.mode}, {depth} bits)"
    elif depth == 16 and (image.mode not in (*_LIGHT, "RGB", "RGBA") or (kind == "PNG" and frames > 1)):
        fault = "has 16-bit samples in a form that cannot be kept"
    if fault:
        raise SourceError(fault, where=path, hint="convert it to 8 bits or to 16-bit RGB")


def _refuse_unlike(image: Image.Image, path: Path, pages: int, depth: int, grey: bool, alpha: bool) -> None:
    """Refuse a page that could not be kept in the first one's form: all are written in that."""
    for page in range(1, pages):
        image.seek(page)
        kept = depth_of(image) == depth and image.mode not in ("I", "F")
        kept &= (image.mode in _LIGHT or not grey) and (alpha or not image.has_transparency_data)
        if not kept:
            fault = f"page {page + 1} has other samples than the first (mode {image.mode}, {depth_of(image)} bits)"
            raise SourceError(fault, where=path, hint="give each page a file of its own")


def _notes(image: Image.Image, kind: str, path: Path) -> Iterator[str]:
    if image.mode == "CMYK":
        yield "CMYK converted to sRGB" + ("" if has_usable_profile(image) else " without its profile")
    elif image.mode in ("LAB", "YCbCr"):
        yield f"{image.mode} converted to RGB"
    if image.format == "MPO":
        yield "only the first of its pictures is kept: the others are previews or depth maps"
    if kind in ("HEIF", "AVIF") and int(getattr(image, "n_frames", 1)) > 1:
        yield "only the primary picture is kept"
    bits = avif_bits(path.read_bytes()) if kind == "AVIF" else int(image.info.get("bit_depth", 8))
    if kind in ("HEIF", "AVIF") and bits > 8:
        yield f"{bits}-bit {kind} is written with 8 bits"


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be applied, 1 to 8; Pillow itself turns TIFFs while loading."""
    if image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # broken EXIF does not make the picture unreadable; every viewer shows it unturned
        return 1
    return value if value in range(1, 9) else 1


def _decode(image: Image.Image, source: Source) -> tuple[Pixels, Pixels | None]:
    if image.mode == "CMYK":
        image.load()
        pixels, alpha = pixels_of(to_srgb(image)), None
    elif image.mode in ("L", "1") and not source.alpha:
        image.load()
        grey = image if image.mode == "L" else image.convert("L")
        pixels, alpha = np.repeat(pixels_of(grey), 3, axis=2), None
    elif source.alpha:
        full = pixels_of(image.convert("RGBA"))
        pixels, alpha = np.ascontiguousarray(full[..., :3]), np.ascontiguousarray(full[..., 3])
        if image.format == "GIF":
            pixels[alpha == 0] = CLEAR
    else:
        image.load()
        pixels, alpha = pixels_of(image if image.mode == "RGB" else image.convert("RGB")), None
    turn = _orientation(image)
    return upright(pixels, turn), None if alpha is None else upright(alpha, turn)


def pixels_of(image: Image.Image) -> Pixels:
    """Return a copy of an 8-bit picture's pixels, (H, W, bands) uint8."""
    width, height = image.size
    bands = len(image.getbands())
    pixels = np.empty((height, width, bands), np.uint8)
    for top in range(0, height, _STRIP):
        strip = image.crop((0, top, width, min(height, top + _STRIP))).tobytes()
        pixels[top : top + _STRIP] = np.frombuffer(strip, np.uint8).reshape(-1, width, bands)
    return pixels


def _frozen(arrays: tuple[NDArray[Any], NDArray[Any] | None], index: int, time: float = 0.0) -> Frame:
    pixels, alpha = arrays
    deep = None
    if pixels.dtype == np.uint16:
        deep, pixels = pixels, (pixels >> 8).astype(np.uint8)
    for array in (pixels, alpha, deep):
        if array is not None:
            array.flags.writeable = False
    return Frame(pixels, index, time, alpha, deep)


def _tiff_bits(image: Image.Image) -> tuple[int, ...]:
    bits = getattr(image, "tag_v2", {}).get(258, (1,))
    return tuple(bits) if isinstance(bits, tuple) else (int(bits),)
