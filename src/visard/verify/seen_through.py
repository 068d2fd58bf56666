"""Room 7, DOUBT: is somebody drawn in a picture's transparency, which is kept as it is, whatever colours are hidden?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visard.types import Check, Frame, Pixels, Region
from visard.verify.found_again import Glance, same, seen_closer


class SeenThrough:
    """Counts faces that a detector finds in the alpha of a draft, over light and over dark.

    Drawings in ink have one colour throughout: to whoever looks at their colours alone nobody is in them.
    """

    def __init__(self, detector: Glance) -> None:
        self._detector = detector
        self._frames: list[int] = []

    def see(self, after: Frame, regions: Sequence[Region]) -> None:
        """Look at one frame of the draft; regions: those of the policy, of which some may be spared."""
        if after.alpha is None or after.alpha.min() == after.alpha.max():
            return
        alpha = (after.alpha >> 8).astype(np.uint8) if after.alpha.dtype == np.uint16 else after.alpha
        spared = [r.box for r in regions if not r.hide]
        for grey in (255 - alpha, alpha):
            drawn: Pixels = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
            faces = [f for f in self._detector(drawn) if not any(same(f.box, box) for box in spared)]
            self._frames += [after.index for face in faces if seen_closer(self._detector, drawn, face)]

    def check(self) -> Check:
        """Return the number of faces found; none may be."""
        return Check("seen_through", float(len(self._frames)), 0.0, tuple(sorted(set(self._frames))))
