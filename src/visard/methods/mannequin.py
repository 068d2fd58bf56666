"""A person as a segmentation: where they are, which part is which, how deep inside; no pixel of them has a say.

Parts are told by the joints where these are known: each place belongs to the limb that it lies deepest in, a limb being
all that is near the line between two joints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Mask, Points

Floats = NDArray[np.float32]

DETAILS: Sequence[str] = ("outline", "parts", "limbs")
"""Levels of detail, each with what the ones before it tell."""

PARTS: Sequence[str] = ("hair", "skin", "trunk", "legs", "feet")
"""Parts of a person, from above; forearms and hands are skin, like the face."""

PLANES = len(PARTS) + 2
"""Channels: the outline; the parts; how deep inside."""

_ENDS = (0.06, 0.15, 0.5, 0.93, 1.0)
"""Where the parts of a standing person end, in their height from above."""

_WIDE = 2.0
"""A standing person's height in their width, at least: whoever is wider sits, or is cut off below."""


JOINTS = 17
"""Joints of a person, as `detect.find_joints` gives them."""

_HAIR, _SKIN, _TRUNK, _LEGS, _FEET = range(len(PARTS))

_NOSE, _SHOULDERS, _ELBOWS, _WRISTS = 0, (5, 6), (7, 8), (9, 10)
_HIPS, _KNEES, _ANKLES = (11, 12), (13, 14), (15, 16)

_HEAD, FACE = 0.22, 0.5
"""Radius of a head in the length of the trunk, from the shoulders' middle to the hips', and of a face in the head's."""


_BEHIND = 0.7
"""How deep in it a place of the trunk counts at most; 0 is the middle of a limb, and 1 its edge."""


def mannequin(inside: Mask, detail: str, joints: Points | None = None) -> Floats:
    """Return (7, S, S), 0 to 1, the segmentation of an outline (S, S), 1 inside; what the level leaves out is 0.

    joints: (17, 2) in pixels of the square. Without them parts are told by height alone, as of somebody who stands.
    """
    planes = np.zeros((PLANES, *inside.shape), np.float32)
    within = inside > 0.5
    planes[0] = within
    level = DETAILS.index(detail)
    if not within.any() or level == 0:
        return planes
    part = parts_of(within, joints)
    planes[1:-1] = within & (part == np.arange(len(PARTS))[:, None, None])
    if level == 2:
        away = cv2.distanceTransform(within.astype(np.uint8), cv2.DIST_L2, 3)
        planes[-1] = away / max(float(away.max()), 1e-6)
    return planes


def parts_of(within: NDArray[np.bool_], joints: Points | None) -> NDArray[np.intp]:
    """Return (S, T) the number of each pixel's part, inside an outline and beyond it; joints: (17, 2) in pixels."""
    if joints is None:
        return np.broadcast_to(_by_height(within), within.shape)
    return _by_joints(joints.astype(np.float32), within.shape)


def head_of(joints: Points) -> tuple[Points, float]:
    """Return (2,) the middle of the face, and the radius of the head, in pixels."""
    face, neck, hips = (joints[list(some)].mean(axis=0) for some in (range(_SHOULDERS[0]), _SHOULDERS, _HIPS))
    trunk = max(float(np.linalg.norm(hips - neck)), float(np.linalg.norm(face - neck)), 1e-3)
    return np.asarray(face, np.float32), _HEAD * trunk


def _by_height(within: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return (S, 1) the part of each row of somebody who stands."""
    rows, columns = np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))
    whole = max(rows[-1] - rows[0], _WIDE * (columns[-1] - columns[0]), 1)
    parts = np.searchsorted(_ENDS[:-1], (np.arange(len(within)) - rows[0]) / whole, side="right")
    return np.asarray(parts[:, None], np.intp)


def _by_joints(joints: Floats, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return (S, S) the part whose limb each place lies deepest in."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + np.float32(0.5)
    deepest, part = np.full(shape, np.inf, np.float32), np.zeros(shape, np.intp)
    for number, one, other, radius in _limbs(joints):
        along = other - one
        share = ((x - one[0]) * along[0] + (y - one[1]) * along[1]) / max(float(along @ along), 1e-6)
        share = np.clip(share, 0, 1)
        away = np.hypot(x - one[0] - share * along[0], y - one[1] - share * along[1]) / radius
        # Forearms and hands are held before the trunk.
        away = np.maximum(away, _BEHIND) if number == _TRUNK else away
        part = np.where(away < deepest, number, part)
        deepest = np.minimum(away, deepest)
    return part


def _limbs(joints: Floats) -> Iterator[tuple[int, Floats, Floats, float]]:
    """Yield the part, the ends and the radius of every limb."""
    neck = joints[list(_SHOULDERS)].mean(axis=0)
    face, head = head_of(joints)
    trunk, up = head / _HEAD, (face - neck) / max(float(np.linalg.norm(face - neck)), 1e-3)
    # Hair lies above the face and beyond it, as seen from the way that the nose points.
    behind = face - 0.6 * (joints[_NOSE] - face)
    yield _HAIR, behind + 0.9 * head * up, behind + 0.5 * head * up, head
    yield _SKIN, face + 0.1 * head * up, face - 0.4 * head * up, head
    yield _SKIN, face - 0.4 * head * up, neck + 0.15 * trunk * up, 0.5 * head
    # Several lines, so that a broad trunk is as deep at its sides as in its middle.
    sides = [(joints[a], joints[b]) for a, b in zip(_SHOULDERS, _HIPS, strict=True)]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        ends = [(1 - share) * one + share * other for one, other in zip(*sides, strict=True)]
        yield _TRUNK, *ends, 0.16 * trunk
    for n in range(2):
        shoulder, elbow, wrist, hip, knee, ankle = (
            joints[pair[n]] for pair in (_SHOULDERS, _ELBOWS, _WRISTS, _HIPS, _KNEES, _ANKLES)
        )
        shin = ankle - knee
        yield _TRUNK, shoulder, elbow, 0.14 * trunk
        yield _SKIN, elbow, wrist + 0.35 * (wrist - elbow), 0.11 * trunk
        yield _LEGS, hip, knee, 0.2 * trunk
        yield _LEGS, knee, ankle - 0.1 * shin, 0.15 * trunk
        yield _FEET, ankle + 0.15 * shin, ankle + 0.15 * shin, 0.16 * trunk


def dyed(planes: Floats, palette: Floats) -> Floats:
    """Return (3, S, S) a segmentation, each part in its colour of a palette (6, 3), the first that of the whole.

    The whole's is used where no parts are told; outside the outline all is 0.
    """
    told = planes[1:-1] if planes[1:-1].any() else planes[:1]
    colours = palette[1:] if len(told) > 1 else palette[:1]
    return np.asarray(np.einsum("pij,pc->cij", told, colours), np.float32)
