"""The outline of a head with its hair: what the network tells from the background, without shoulders and neighbours.

Everything is measured in heights of the face, upright as the face is, around its middle; so heads of any size and turn
get outlines that are equally smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.head import face_of
from visard.types import Box, Pixels, Points, Region

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

SIDE, UNIT = 192, 48.0
"""Side in pixels of the square on which an outline is told, and height of the face there."""

_PERSON = 0.3
"""Score from which a pixel is a person's, as for whole people."""

_SMOOTH = 0.05
"""Sigma, in heights of the face, by which an outline is smoothed: strands go, the shape of the hair stays."""

_ALIKE, _FEW = 0.3, 40
"""Share of skin, or of clothes, that looks like the hair from which on nothing that hangs down is taken for hair; and
pixels from which on a share is one."""

_BEHIND, _WIDELY = 0.25, 1.6
"""Share of people around a head from which on its outline is also told by colour, and how unlike the colour above the
forehead it may then be."""

_STEM = 13
"""Pixels of the square across below which a part of the outline is a hand, a stick or a mistake."""

_AHEAD, _BACK = (0.06, 0.14), 0.5
"""How far before the middle of its other points a nose lies, in heights of the face, from which on a head is turned,
and is seen from the side; and how much further back that reaches."""

_LEAST = 0.5
"""Share of the head's core that the network must call a person's; else only its usual shape is known."""


def head_outline(pixels: Pixels, scores: Floats, region: Region, others: Sequence[Region] = ()) -> Points:
    """Return (K, 2) the outline in frame pixels of a head in (H, W, 3) uint8 RGB pixels.

    scores: (H, W) how surely a person is at each pixel, over the same pixels. others: heads whose pixels are their own.
    Where no person is told from the background, it is the usual shape of a head.
    """
    to_square = upright(region)
    seen = cv2.warpAffine(scores, to_square, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    x, y = _places()
    away = _back(region, to_square)
    front = _core(x, y)
    head = front | _core(x - away / 2, y) | _core(x - away, y)
    if float((seen > _PERSON)[front].mean()) >= _LEAST:
        person = np.asarray(seen > _PERSON)
        likeness = _likeness(pixels, to_square, person)
        own = person & (likeness < _WIDELY) if _crowded(person) else person
        egg = _egg(x, y) | _egg(x - 0.7 * away, y)
        head = (head & person) | _face(x, y) | (egg & own) | _hanging(person & (likeness < 1))
    return _contour(_own(head, region, others), to_square)


def upright(region: Region) -> NDArray[np.float64]:
    """Return the (2, 3) similarity from the frame to the square: the face's middle is its middle, eyes are level."""
    face = face_of(region)
    turn = np.eye(2)
    if region.points is not None and len(region.points) == 5:
        down = region.points[3:].mean(axis=0) - region.points[:2].mean(axis=0)
        down = down / max(float(np.hypot(*down)), 1e-6)
        turn = np.array([[down[1], -down[0]], [down[0], down[1]]])
    turn = turn * UNIT / max(face.height, 1.0)
    return np.column_stack([turn, SIDE / 2 - turn @ np.array(face.centre)])


def _back(region: Region, to_square: NDArray[np.float64]) -> float:
    """Return how far to the right, in heights of the face, the back of a head lies that is turned to the left."""
    if region.points is None or len(region.points) != 5:
        return 0.0
    across = region.points @ to_square[0, :2] / UNIT
    ahead = float(across[2] - across[[0, 1, 3, 4]].mean())
    return float(-np.sign(ahead) * np.interp(abs(ahead), _AHEAD, (0, _BACK)))


def _places() -> tuple[Floats, Floats]:
    """Return x and y of the square's pixels, in heights of the face from its middle."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return (x - SIDE / 2) / np.float32(UNIT), (y - SIDE / 2) / np.float32(UNIT)


def _oval(x: Floats, y: Floats, half: tuple[float, float], tall: tuple[float, float], middle: float = 0.0) -> Flags:
    """Return an oval of two halves that meet at `middle`: above and below, so many faces' heights wide and tall."""
    above = y < middle
    across = np.where(above, np.float32(half[0]), np.float32(half[1]))
    down = np.where(above, np.float32(tall[0]), np.float32(tall[1]))
    return np.asarray((x / across) ** 2 + ((y - middle) / down) ** 2 < 1)


def _face(x: Floats, y: Floats) -> Flags:
    return _oval(x, y, (0.46, 0.46), (0.78, 0.6))


def _core(x: Floats, y: Floats) -> Flags:
    """Return the usual shape of a head."""
    return _oval(x, y, (0.62, 0.62), (0.95, 0.64), -0.05)


def _egg(x: Floats, y: Floats) -> Flags:
    """Return how far a head with much hair, or a hat, reaches; at the jaw it is no wider than a jaw with hair."""
    return _oval(x, y, (0.98, 0.98), (1.3, 0.9), -0.2) & ((y < 0) | _oval(x, y, (0.9, 0.72), (1.0, 0.68)))


def _crowded(person: Flags) -> bool:
    """Return whether there are people behind a head, who are no background to the network."""
    x, y = _places()
    around = _oval(x, y, (1.5, 1.5), (1.8, 1.0)) & ~_oval(x, y, (1.1, 1.1), (1.4, 1.0)) & (y < 0.2)
    return bool(person[around].mean() > _BEHIND)


def _likeness(pixels: Pixels, to_square: NDArray[np.float64], person: Flags) -> Floats:
    """Return how far each pixel is from what lies above the forehead, hair or hat: 1 and less is like it."""
    x, y = _places()
    chip = cv2.warpAffine(pixels, to_square, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.cvtColor(cv2.GaussianBlur(chip, (0, 0), 2).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    cap = person & (np.abs(x) < 0.35) & (y < -0.62) & (y > -0.85)
    if cap.sum() < _FEW:
        return np.full(person.shape, np.inf, np.float32)
    hair = np.median(lab[cap], axis=0)
    spread = np.maximum(3 * np.abs(lab[cap] - hair).mean(axis=0), (16, 10, 10))
    return np.asarray(np.linalg.norm((lab - hair) / spread, axis=2), np.float32)


def _hanging(like: Flags) -> Flags:
    """Return hair that hangs down beside the neck: like that above the forehead, where skin and clothes are not."""
    x, y = _places()
    skin, worn = like[_oval(x, y, (0.25, 0.25), (0.3, 0.3))], like[(np.abs(x) < 0.7) & (y > 1.1) & (y < 1.7)]
    if skin.mean() > _ALIKE or worn.mean() > _ALIKE:
        return np.zeros_like(like)
    beside = like & (np.abs(x) > 0.25) & (np.abs(x) < 1.15) & (y > 0) & (y < 1.6)
    # Hair hangs down from beside the cheeks; a shoulder does not.
    _, parts = cv2.connectedComponents(beside.astype(np.uint8), connectivity=4)
    hangs = np.unique(parts[beside & (y < 0.25)])
    return np.isin(parts, hangs[hangs > 0])


def _own(head: Flags, region: Region, others: Sequence[Region]) -> Flags:
    """Return the head without what lies nearer to the middle of another one, each measured by its own size."""
    own = face_of(region)
    back = cv2.invertAffineTransform(upright(region))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    at = np.stack([x, y], axis=2) @ back[:, :2].T + back[:, 2]
    near = _distance(at, own)
    for other in others:
        if other.box.overlap(region.box) > 0:
            face = face_of(other)
            # A head behind a larger one keeps what its own face covers.
            head = head & ((near <= _distance(at, face)) | _oval((at[..., 0] - own.centre[0]) / own.height,
                           (at[..., 1] - own.centre[1]) / own.height, (0.4, 0.4), (0.5, 0.5)))  # fmt: skip
    return head


def _distance(at: NDArray[Any], face: Box) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(at - np.array(face.centre), axis=2) / max(face.height, 1.0))


def _contour(head: Flags, to_square: NDArray[np.float64]) -> Points:
    """Return the smooth outline, in the frame, of what belongs to the face in the middle."""
    stem = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_STEM, _STEM))
    whole = cv2.morphologyEx(head.astype(np.uint8), cv2.MORPH_OPEN, stem)
    soft = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), _SMOOTH * UNIT)
    mask = (soft > 0.5).astype(np.uint8)
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    largest = max(outlines, key=cv2.contourArea)[:, 0].astype(np.float32)
    back = cv2.invertAffineTransform(to_square)
    return np.asarray(_rounded(largest) @ back[:, :2].T + back[:, 2] + 0.5, np.float32)


def _rounded(outline: Floats, points: int = 96) -> Floats:
    """Return the closed outline through so many points, each the mean of those around it."""
    width = max(3, len(outline) // 32) | 1
    around = np.pad(outline, ((width // 2, width // 2), (0, 0)), mode="wrap")
    kernel = np.full(width, 1 / width, np.float32)
    smooth = np.stack([np.convolve(around[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)
    return np.asarray(smooth[np.linspace(0, len(smooth), points, endpoint=False).astype(int)], np.float32)
