"""TIFF by hand: pages of 8 or 16 bits, grey or RGB, with alpha, profile and the tags asked for."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from visard.errors import TargetError
from visard.media.exif import EXIF_IFD, Entry, table

_STRIP_BYTES: Final = 1 << 20
_DEFLATE: Final = 8
_MOST_BYTES: Final = (1 << 32) - (1 << 20)


def write_pages(
    path: Path, pages: Iterable[NDArray[Any]], profile: bytes | None, kept: Sequence[Entry], pack: bool
) -> int:
    """Write pages (H, W) or (H, W, 2 to 4), uint8 or uint16, as they come; return their number.

    profile: ICC, or None. kept: EXIF entries for the first page. pack: deflate, without loss.
    Raises TargetError beyond 4 GB, which the format cannot hold.
    """
    count, link = 0, 4
    with path.open("wb") as file:
        file.write(b"II*\0\0\0\0\0")
        for page in pages:
            rows = _page(file, page, profile, pack)
            if not count:
                rows += [e for e in kept if e.table == "0"] + _inner(file, kept)
            link = _close_page(file, rows, link)
            count += 1
            if file.tell() > _MOST_BYTES:
                raise TargetError("more than 4 GB, which TIFF cannot hold", where=path, hint="cut it into parts")
    return count


def _page(file: BinaryIO, page: NDArray[Any], profile: bytes | None, pack: bool) -> list[Entry]:
    height, width = page.shape[:2]
    bands = 1 if page.ndim == 2 else page.shape[2]
    page = page.reshape(height, width, bands)
    step = max(1, _STRIP_BYTES // max(1, width * bands * page.itemsize))
    offsets, sizes = [], []
    for top in range(0, height, step):
        strip = _strip(page[top : top + step], pack)
        offsets.append(file.tell())
        sizes.append(len(strip))
        file.write(strip + b"\0" * (len(strip) % 2))
    rows = [
        _longs(256, width), _longs(257, height), _shorts(258, *[8 * page.itemsize] * bands),
        _shorts(259, _DEFLATE if pack else 1), _shorts(262, 2 if bands > 2 else 1), _longs(273, *offsets),
        _shorts(277, bands), _longs(278, step), _longs(279, *sizes), _shorts(284, 1),
    ]  # fmt: skip
    rows += [_shorts(317, 2)] if pack else []
    rows += [_shorts(338, 2)] if bands in (2, 4) else []
    return rows + ([Entry("0", 34675, 7, len(profile), profile)] if profile else [])


def _strip(rows: NDArray[Any], pack: bool) -> bytes:
    little = rows.astype(rows.dtype.newbyteorder("<"), copy=False)
    if not pack:
        return little.tobytes()
    differences = little.copy()
    differences[:, 1:] -= little[:, :-1]
    return zlib.compress(np.ascontiguousarray(differences).tobytes(), 4)


def _inner(file: BinaryIO, kept: Sequence[Entry]) -> list[Entry]:
    inner = [e for e in kept if e.table == "exif"]
    if not inner:
        return []
    at = file.tell()
    file.write(table(inner, at))
    file.write(b"\0" * (file.tell() % 2))
    return [_longs(EXIF_IFD, at)]


def _close_page(file: BinaryIO, rows: Sequence[Entry], link: int) -> int:
    """Write a page's table, point the page before to it, and return where its own pointer lies."""
    at = file.tell()
    written = table(rows, at)
    file.write(written)
    file.write(b"\0" * (file.tell() % 2))
    end = file.tell()
    file.seek(link)
    file.write(struct.pack("<I", at))
    file.seek(end)
    return at + 2 + 12 * len(rows)


def _shorts(tag: int, *values: int) -> Entry:
    return Entry("0", tag, 3, len(values), struct.pack(f"<{len(values)}H", *values))


def _longs(tag: int, *values: int) -> Entry:
    return Entry("0", tag, 4, len(values), struct.pack(f"<{len(values)}I", *values))
