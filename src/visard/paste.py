"""Room 6, PASTE: new pixels go back into the frame, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Frame, Mask, Patch, Pixels


def paste(frame: Frame, pieces: Iterable[tuple[Patch, Pixels]]) -> Frame:
    """Return a copy of the frame in which every patch shows its new pixels, weighted by its mask.

    Pixels whose mask is 0 keep their value to the bit; where masks overlap, later pieces lie on top of
    earlier ones and never bring an original back. Sixteen-bit pixels and alpha follow.
    """
    pixels = frame.pixels.copy()
    deep = None if frame.deep is None else frame.deep.copy()
    for patch, new in pieces:
        if new.shape != patch.pixels.shape or new.dtype != np.uint8:
            raise AssertionError(f"a method returned {new.dtype} {new.shape} for {patch.pixels.shape}")
        x, y = (int(v) for v in patch.to_frame[:, 2])
        cells = np.s_[y : y + new.shape[0], x : x + new.shape[1]]
        _blend(pixels[cells], new, patch.mask, 1)
        if deep is not None:
            _blend(deep[cells], new, patch.mask, 257)
    return replace(frame, pixels=pixels, deep=deep)


def _blend(view: NDArray[np.uint8] | NDArray[np.uint16], new: Pixels, mask: Mask, gain: int) -> None:
    """Blend into a view of the copied frame, in place; the rim alone needs arithmetic."""
    rim = (mask > 0.0) & (mask < 1.0)
    weight = mask[rim][:, None]
    mixed = weight * (new[rim].astype(np.float32) * gain) + (1.0 - weight) * view[rim]
    hidden = (mask >= 1.0).view(np.uint8)
    cv2.copyTo(new if gain == 1 else new.astype(np.uint16) * np.uint16(gain), hidden, view)
    view[rim] = np.round(mixed)
