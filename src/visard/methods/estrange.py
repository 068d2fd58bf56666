"""Somebody else who moves alike, little taught: blurred faces that keep hair and beard, painted frame by frame.

The network sees what it hides, and what it leaves of it is for attackers to tell: for machines, more than for friends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.generated import Generated, shown
from visard.methods.scene import upright
from visard.shape.identity import look
from visard.shape.landmarks import Vertices, region_of
from visard.shape.mesh import canonical
from visard.shape.square import invert, see
from visard.types import Goal, Patch, Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Estrange(Generated):
    """Mix the face with somebody else's who moves alike (Gafni et al. 2019; METHODS 6.3).

    An encoder-decoder paints that face and where it shows; once a track, it is told who the person is.
    """

    name: ClassVar[str] = "estrange"
    blind: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    identities: ClassVar[bool] = False

    def _role(self, patch: Patch, vertices: Vertices) -> Floats | None:
        seen = look(region_of(vertices), patch.pixels)
        return None if seen is None else seen.embedding

    def _paint(self, patch: Patch, vertices: Vertices, role: Floats) -> Pixels:
        net = self._net
        to_square = upright(canonical().fit_pose(vertices), patch.mask, net.side)
        square = see(patch.pixels, to_square, net.side, net.side, enlarge=cv2.INTER_CUBIC)
        picture = square.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - 1
        raw, mask = net(np.ascontiguousarray(picture)[None], role[None])
        back, (height, width) = invert(to_square), patch.mask.shape
        new = see(shown(raw[0]), back, height, width, enlarge=cv2.INTER_CUBIC)
        share = see(mask[0, 0], back, height, width)[..., None]
        mixed = share * new + (1 - share) * patch.pixels
        return np.clip(np.round(mixed), 0, 255).astype(np.uint8)
