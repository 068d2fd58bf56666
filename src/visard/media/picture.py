"""Pictures in: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIF, AVIF, still or moving, of any depth and colour."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import SourceError
from visard.media.formats import LARGEST
from visard.media.read import Source
from visard.types import Frame, Pixels

if TYPE_CHECKING:
    from PIL import Image

FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF"}

_TURNED = {5, 6, 7, 8}
_DEEP_MODES = {"I;16", "I;16B", "I;16L", "I"}
_PAGE_SECONDS = 3600.0
"""Pages of a TIFF are no moments; far apart in time, nothing links them."""


def probe(path: Path) -> Source | None:
    """Return what a picture file holds, or None if it is no picture. Raises SourceError for a broken or huge one."""
    with path.open("rb") as file:
        head = file.read(64)
    if not _looks_like_picture(head):
        return None
    with _opened(path) as image, _reported(path, 0):
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if image.width * image.height * frames > LARGEST:
            millions = image.width * image.height * frames // 1_000_000
            what = f"has {millions} million pixels, more than {LARGEST // 1_000_000}"
            raise SourceError(what, where=path, hint="scale it down, or split it")
        turned = _orientation(image) in _TURNED
        deep = _depth(image, head) == 16
        return Source(
            path=path,
            media="picture",
            format="JPEG" if image.format == "MPO" else str(image.format),
            width=image.height if turned else image.width,
            height=image.width if turned else image.height,
            frames=frames,
            still=image.format in ("MPO", "TIFF", "HEIF") or frames == 1,
            depth=16 if deep else 8,
            grey=image.mode in ("1", "L", "LA", *_DEEP_MODES),
            alpha="A" in image.mode or "transparency" in image.info,
            notes=_notes(image),
        )


def read(source: Source) -> Iterator[Frame]:
    """Yield the pictures of a file, upright."""
    if source.depth == 16:
        yield from _deep(source)
        return
    with _opened(source.path) as image:
        with _reported(source.path, 0):
            orientation = _orientation(image)
        time = 0.0
        for index in range(source.frames or 1):
            with _reported(source.path, index):
                image.seek(index)
                image.load()
                pixels, alpha = _eight_bit(image)
            yield Frame(_upright(pixels, orientation), index, time, _upright(alpha, orientation))
            time += _PAGE_SECONDS if source.still else image.info.get("duration", 100) / 1000


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture file with Pillow, HEIF included, and close it. Raises SourceError."""
    with _opened(path) as image:
        yield image


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    pillow = _pillow()
    with _reported(path, 0):
        image = pillow.open(path)
    with image:
        yield image


@cache
def _pillow() -> Any:
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = None  # probe has a limit of its own, with a message of its own
    return Image


@contextmanager
def _reported(path: Path, index: int) -> Iterator[None]:
    """Turn what Pillow raises for broken files into one clear line."""
    where = f" in frame {index}" if index else ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, which is dropped anyway
            yield
    except SourceError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError, KeyError, TypeError) as error:
        raise SourceError(f"is broken{where}: {error}", where=path, hint="fetch it again") from error


def _looks_like_picture(head: bytes) -> bool:
    starts = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
    if head.startswith(starts) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    brands = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
    return head[4:8] == b"ftyp" and head[8:12] in brands


def _orientation(image: Image.Image) -> int:
    if image.format in ("HEIF", "AVIF"):
        return 1  # applied by the decoder
    return int(image.getexif().get(0x0112, 1) or 1)


def _depth(image: Image.Image, head: bytes) -> int:
    if image.mode in _DEEP_MODES:
        return 16
    if image.format == "PNG":
        return 16 if head[24] == 16 and getattr(image, "n_frames", 1) == 1 else 8
    if image.format == "TIFF":
        tags: Any = getattr(image, "tag_v2", {})
        bits = tags.get(258, (8,))
        return 16 if max(bits if isinstance(bits, tuple) else (bits,)) == 16 else 8
    return 8


def _notes(image: Image.Image) -> tuple[str, ...]:
    if image.mode == "CMYK":
        how = "through its profile" if image.info.get("icc_profile") else "without a profile"
        return (f"CMYK became RGB, {how}",)
    if image.mode in ("P", "PA") and image.format != "GIF":
        return ("the palette became full colour",)
    return ()


def _eight_bit(image: Image.Image) -> tuple[Pixels, NDArray[np.uint8] | None]:
    """Return RGB pixels and alpha of a decoded picture, whatever its mode."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return np.asarray(image), None
    if image.mode == "CMYK":
        return np.asarray(from_cmyk(image)), None
    if "A" in image.mode or "transparency" in image.info or image.mode == "PA":
        full = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(full[..., :3]), np.ascontiguousarray(full[..., 3])
    return np.asarray(image.convert("RGB")), None


def from_cmyk(image: Image.Image) -> Image.Image:
    """Return a CMYK picture as sRGB, through its embedded profile if it has a sound one."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            done = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if done is not None:
                return done
        except ImageCms.PyCMSError:
            pass
    return image.convert("RGB")


def _upright(array: Any, orientation: int) -> Any:
    """Return an array (H, W, ...) with the EXIF orientation applied."""
    if array is None or orientation == 1:
        return array
    turned = np.swapaxes(array, 0, 1) if orientation in _TURNED else array
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return np.ascontiguousarray(turned)


def _deep(source: Source) -> Iterator[Frame]:
    """Yield 16-bit pictures, which Pillow would cut to 8."""
    with _opened(source.path) as image:
        orientation = _orientation(image)
    ok, pages = cv2.imdecodemulti(np.fromfile(source.path, np.uint8), cv2.IMREAD_UNCHANGED)
    if not ok or len(pages) != (source.frames or 1):
        raise SourceError("is broken: its 16-bit pixels cannot be decoded", where=source.path, hint="fetch it again")
    for index, page in enumerate(pages):
        full = np.atleast_3d(page).astype(np.uint16) * (257 if page.dtype == np.uint8 else 1)
        alpha = full[..., -1] if full.shape[2] in (2, 4) else None
        colour = full[..., 2::-1] if full.shape[2] >= 3 else np.repeat(full[..., :1], 3, axis=2)
        deep = _upright(np.ascontiguousarray(colour), orientation)
        pixels = (deep >> 8).astype(np.uint8)
        yield Frame(pixels, index, index * _PAGE_SECONDS, _upright(alpha, orientation), deep)
