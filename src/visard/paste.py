"""Room 6, PASTE: new pixels go back into the frame, and nothing else is touched."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Frame, Mask, Patch, Pixels


def paste(canvas: Frame, patch: Patch, new: Pixels) -> None:
    """Put a patch's new pixels into a canvas, a copy of the frame, weighted by the patch's mask.

    Pixels whose mask is 0 keep their value to the bit. Sixteen-bit pixels follow.
    """
    if new.shape != patch.pixels.shape or new.dtype != np.uint8:
        raise AssertionError(f"a method returned {new.dtype} {new.shape} for {patch.pixels.shape}")
    x, y = (int(v) for v in patch.to_frame[:, 2])
    cells = np.s_[y : y + new.shape[0], x : x + new.shape[1]]
    _blend(canvas.pixels[cells], new, patch.mask, 1)
    if canvas.deep is not None:
        _blend(canvas.deep[cells], new, patch.mask, 257)


def _blend(view: NDArray[np.uint8] | NDArray[np.uint16], new: Pixels, mask: Mask, gain: int) -> None:
    """Blend into a view of the copied frame, in place; the rim alone needs arithmetic."""
    rim = np.nonzero((mask > 0.0) & (mask < 1.0))
    weight = mask[rim][:, None]
    mixed = weight * (new[rim].astype(np.float32) * gain) + (1.0 - weight) * view[rim]
    hidden = (mask >= 1.0).view(np.uint8)
    cv2.copyTo(new if gain == 1 else new.astype(np.uint16) * np.uint16(gain), hidden, view)
    view[rim] = np.round(mixed)
