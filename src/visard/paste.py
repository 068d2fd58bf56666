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
    view = canvas.pixels[cells]
    # Its sum of weights is 1.00001, which rounds away in eight bits, and not in sixteen.
    view[:] = cv2.blendLinear(new, view, patch.mask, 1.0 - patch.mask)
    if canvas.deep is not None:
        _blend_deep(canvas.deep[cells], new, patch.mask)


def _blend_deep(view: NDArray[np.uint16], new: Pixels, mask: Mask) -> None:
    """Blend into a view of the copied frame's sixteen bits, in place; the rim alone needs arithmetic."""
    rim = np.nonzero((mask > 0.0) & (mask < 1.0))
    weight = mask[rim][:, None]
    mixed = weight * (new[rim].astype(np.float32) * 257) + (1.0 - weight) * view[rim]
    cv2.copyTo(new.astype(np.uint16) * np.uint16(257), (mask >= 1.0).view(np.uint8), view)
    view[rim] = np.round(mixed)
