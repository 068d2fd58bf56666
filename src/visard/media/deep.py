"""Sixteen bits per sample, which Pillow cuts to eight: PNG and TIFF are read by OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import SourceError
from visard.media.source import Source
from visard.types import Deep

_HINT = "copy it again, or convert it to 8 bits"


def deep_pages(source: Source) -> Iterator[tuple[Deep, Deep | None]]:
    """Yield each page's colour (H, W, 3) RGB and alpha (H, W) or None, uint16; raises SourceError."""
    for page in range(source.frames or 1):
        array = _load(source, page)
        if array is None or array.dtype != np.uint16:
            raise SourceError(f"page {page + 1} cannot be decoded at 16 bits", where=source.path, hint=_HINT)
        yield _split(array, source)


def _load(source: Source, page: int) -> NDArray[Any] | None:
    try:
        if source.format == "PNG":
            return cv2.imread(str(source.path), cv2.IMREAD_UNCHANGED)
        # imread fails for turned TIFFs in OpenCV 5.0; imreadmulti turns them as their tag asks.
        pages = cv2.imreadmulti(str(source.path), start=page, count=1, flags=cv2.IMREAD_UNCHANGED)[1]
        return pages[0] if pages else None
    except cv2.error as error:
        raise SourceError(f"page {page + 1} is broken", where=source.path, hint=_HINT) from error


def _split(array: NDArray[Any], source: Source) -> tuple[Deep, Deep | None]:
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in (1, 3, 4) or (source.alpha and channels != 4):
        raise SourceError(f"has {channels} channels of 16 bits", where=source.path, hint=_HINT)
    if channels == 1:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB).astype(np.uint16, copy=False), None
    colour = cv2.cvtColor(array, cv2.COLOR_BGRA2RGB if channels == 4 else cv2.COLOR_BGR2RGB)
    alpha = np.ascontiguousarray(array[..., 3]) if channels == 4 and source.alpha else None
    return colour.astype(np.uint16, copy=False), alpha
