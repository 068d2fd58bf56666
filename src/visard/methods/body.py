"""A person painted anew from a segmentation: of the old one outline and joints are told, no pixel.

The outline itself, and with it pose, build and gait, stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from visard.methods.generated import shown, veiled
from visard.methods.mannequin import DETAILS, JOINTS, dyed, mannequin
from visard.methods.placed import put_back
from visard.methods.scene import fill_in, surroundings
from visard.methods.silhouette import body_of, scene_of
from visard.methods.strength import check_name, hidden_side
from visard.methods.wardrobe import wardrobe
from visard.models.taught import taught
from visard.shape.similarity import Matrix
from visard.types import Form, Goal, Kind, Mask, Patch, Pixels, Points

_SMOOTH = 0.012
"""Smoothing of what was painted, in sides of the square: less would show the network's own grid."""

_ROOM = 1.15
"""Side of the square that the network sees, in the longer side of what is hidden."""


@dataclass(frozen=True, slots=True)
class Body:
    """Paint somebody who fits the outline (Brkic et al. 2017; METHODS 6.4).

    detail: how much the segmentation tells, `outline`, `parts` or `limbs`. weights: a file that `visard train export`
    made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "body"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    kinds: ClassVar[tuple[Kind, ...]] = ("person",)
    around: ClassVar[float] = 0.3

    detail: str = "limbs"
    weights: str = ""

    def __post_init__(self) -> None:
        check_name("detail", self.detail, DETAILS)
        taught(self.name, self.weights)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with somebody else, before the scene as the network carries it on."""
        net = taught(self.name, self.weights)
        if not (patch.mask > 0).any():
            return patch.pixels.copy()
        to_square = framed(patch.mask, net.side)
        hidden = patch.mask if patch.others is None else np.maximum(patch.mask, patch.others.astype(np.float32))
        filled, known = surroundings(patch.pixels, hidden, to_square, net.side)
        inside = cv2.warpAffine(_inside(patch), to_square, (net.side, net.side), flags=cv2.INTER_LINEAR)
        planes = mannequin(np.asarray(inside, np.float32), self.detail, _joints(patch, to_square))
        grey = filled.mean(axis=2)
        light = float(np.average(grey, weights=known)) if known.any() else float(grey.mean())
        dyes = dyed(planes, wardrobe(patch.seed, light))
        scene = np.concatenate([veiled(filled, known), known[None], planes, dyes])
        (square,) = net(scene[None])
        # The network's edge is as coarse as its square; the figure's is the outline's, between what lies on both sides.
        body = body_of(patch)
        person = fill_in(shown(np.clip(square[0], -1, 1)), _deep(np.asarray(inside, np.float32)))
        smooth = np.asarray(cv2.GaussianBlur(person, (0, 0), _SMOOTH * net.side), np.float32)
        painted = put_back(patch, smooth, to_square)
        visible = patch.mask == 0 if patch.others is None else (patch.mask == 0) & ~patch.others
        scene = scene_of(patch.pixels, visible, hidden_side(patch.mask)) if visible.any() else painted
        return np.asarray(cv2.blendLinear(painted, scene, body, 1 - body), np.uint8)


def framed(mask: Mask, side: int) -> Matrix:
    """Return the similarity from a patch to the upright square around all that is hidden."""
    rows, columns = np.flatnonzero((mask > 0).any(axis=1)), np.flatnonzero((mask > 0).any(axis=0))
    long = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    scale = side / (_ROOM * long)
    x, y = (columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2
    return np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])


def _joints(patch: Patch, to_square: Matrix) -> Points | None:
    """Return (17, 2) the person's joints in the square, if they are known."""
    if patch.points is None or len(patch.points) != JOINTS or not np.isfinite(patch.points).all():
        return None
    return np.asarray(patch.points @ to_square[:, :2].T + to_square[:, 2], np.float32)


def _deep(inside: Mask) -> Mask:
    """Return where a person surely is, without the pixels at the edge if others are left."""
    within = (inside > 0.99).astype(np.uint8)
    deep = cv2.erode(within, np.ones((3, 3)))
    return np.asarray(deep if deep.any() else within, np.float32)


def _inside(patch: Patch) -> Mask:
    """Return (h, w) 1 in the person's outline, or where something is hidden if there is none."""
    if patch.outline is None:
        return np.asarray(patch.mask >= 1, np.float32)
    drawn = np.zeros(patch.mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round((patch.outline - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return np.asarray(drawn, np.float32)
