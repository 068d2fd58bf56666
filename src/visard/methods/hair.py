"""What of a hidden head is hair, how much of each pixel it covers, and what lies behind it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.figure import scores
from visard.methods.cancel import Cancel
from visard.methods.scene import fill_in
from visard.methods.strength import hidden_side
from visard.shape.landmarks import Vertices
from visard.shape.mesh import OVAL
from visard.types import Box, Mask, Patch, Pixels

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

CORE, _DEEP = 0.12, 0.3
"""How deep inside, in hidden sides, everything that is no skin is hair by its colour, and by its place alone."""

_THIN = 12.0
"""Half the width in pixels up to which a hole beside the hair is filled smoothly."""

_TRIM = (0.05, 0.11)
"""By how much of the hidden side the outline of the hair is cut back, at least and at most."""

_GAP = 0.02
"""Half the width, in hidden sides, of the narrowest opening through which the scene shows between hair."""

LIKE_SKIN = 14.0
"""Distance in CIELAB, lightness counted half, up to which something beside a face is its skin."""

_SOFT = 0.025
"""Softness of the new outline, in hidden sides."""

_SHOULDERS, _SURE = 0.3, (0.5, 0.85)
"""How far beyond the head the network sees that tells people from the background, and its scores from which on
something may be hair, and from which on its colour alone decides: a grey wall beside grey hair is none."""

_TRUSTED = 0.8
"""Share of the face that the network must take for a person's, or it is not asked."""

_COLLAR = 0.7, 0.9
"""Heights below the brows, in those of the chin, from which on what is no hair may be clothes, and is for sure."""

FEW = 30
"""Pixels of hair that have a colour, at least."""


def tell_hair(patch: Patch, vertices: Vertices) -> Mask:
    """Return (h, w) how much of each hidden pixel is hair: what is not skin, around the face and over the forehead."""
    face = _face(patch, vertices)
    lab = lab_of(patch.pixels, max(0.6, 0.006 * hidden_side(patch.mask)))
    away = lab - skin_of(lab, vertices)
    # Shine on a forehead is lighter and greyer than its skin, as white hair is; it lies within the face's outline.
    shine = (face > 0) & (away[..., 0] > 0)
    away[shine] = np.maximum(away[shine], 0) * np.array([0, 1, 1], np.float32)
    away *= np.array([0.5, 1.2, 1.2], np.float32)
    bald = np.exp(-(((away * away).sum(axis=-1) / LIKE_SKIN**2) ** 2))
    # Below the brows everything within the face's outline is face.
    along, across = _places(patch, vertices)
    forehead = np.clip(-along / 0.15, 0, 1)
    open_ = np.where(face > 0, forehead, 1.0)
    # Under the chin lies the neck, whatever is worn there.
    neck = np.clip((along - 0.8) / 0.15, 0, 1) * np.clip((0.75 - across) / 0.15, 0, 1)
    hair = (1 - bald) * open_ * (1 - neck)
    soft = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), max(0.6, 0.008 * hidden_side(patch.mask)))
    return np.asarray(soft * (patch.mask > 0), np.float32)


def _places(patch: Patch, vertices: Vertices) -> tuple[Floats, Floats]:
    """Return (h, w) how far below the brows each pixel lies, and how far beside the nose, in heights of the chin."""
    brows, chin = vertices[[105, 334], :2].mean(axis=0), vertices[152, :2]
    height, width = patch.mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    tall = max(float(np.hypot(*(chin - brows))), 1e-6)
    down = (chin - brows) / tall
    along = ((x - brows[0]) * down[0] + (y - brows[1]) * down[1]) / tall
    return along, np.abs((x - brows[0]) * down[1] - (y - brows[1]) * down[0]) / tall


def _face(patch: Patch, vertices: Vertices) -> NDArray[np.uint8]:
    """Return (h, w), 1 within the face's outline."""
    face = np.zeros(patch.mask.shape, np.uint8)
    cv2.fillPoly(face, [np.round(vertices[list(OVAL), :2]).astype(np.int32)], 1)
    return face


def skin_of(lab: Floats, vertices: Vertices) -> Floats:
    """Return the median CIELAB colour of cheeks, nose and forehead."""
    spots = np.round(vertices[[50, 280, 4, 151, 205, 425], :2]).astype(int)[:, ::-1]
    spots = spots.clip(0, np.array(lab.shape[:2]) - 1)
    return np.asarray(np.median(lab[spots[:, 0], spots[:, 1]], axis=0), np.float32)


def lab_of(pixels: Pixels, sigma: float) -> Floats:
    """Return (h, w, 3) the CIELAB colours of pixels, smoothed by a Gaussian of sigma in pixels."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)


def matte(patch: Patch, vertices: Vertices, hair: Mask) -> tuple[Floats, Mask, Mask]:
    """Return (h, w, 3) the scene behind the head, (h, w) how much of each pixel the new hair covers of it, and (h, w)
    how much of each pixel is hair or scene, rather than face, neck and clothes.

    A pixel is as much hair as its colour lies from the scene's towards that of the hair deeper inside, except where no
    scene can be: before the face, and where no opening leads in from outside. Where nobody is, nothing is hair.
    """
    hidden, side = patch.mask > 0, hidden_side(patch.mask)
    away = depth_of(patch.mask) / np.float32(side)
    known = ~hidden if patch.others is None else ~hidden & ~patch.others
    pixels = patch.pixels.astype(np.float32)
    scene = fill_in(ground_of(patch).astype(np.float32), known.astype(np.float32))
    core = fill_in(pixels, _core(patch, (hair > 0.8) & (away > CORE)).astype(np.float32))
    way = core - scene
    share = ((pixels - scene) * way).sum(axis=2) / np.maximum((way * way).sum(axis=2), 40.0)
    share[_face(patch, vertices) > 0] = 1
    share[hidden & (share < 0.5) & ~_open(hidden, share < 0.5, round(_GAP * side))] = 1
    # Cut back: what is left of the outline is not the old one.
    trim = np.interp(noise(np.random.default_rng(patch.seed + 1), patch.mask, 2), (-1, 1), _TRIM).astype(np.float32)
    share = np.clip(np.maximum(1.3 * share - 0.15, (away - _DEEP) / _SOFT), 0, 1)
    share = np.minimum(share, np.clip((away - trim) / np.float32(_SOFT), 0, 1))
    there = np.interp(_somebody(patch), _SURE, (0, 1)).astype(np.float32)
    if float(there[_face(patch, vertices) > 0].mean()) >= _TRUSTED:
        share = np.minimum(share, there)
        low, high = _COLLAR
        below = np.clip((_places(patch, vertices)[0] - low) / (high - low), 0, 1)
        hair = hair * (1 - there * below * (1 - share))
    share = np.asarray(cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7), np.float32)
    gone = hidden & (hair > 0) & (share < 0.99)
    if known.any() and gone.any() and float(cv2.distanceTransform(gone.astype(np.uint8), cv2.DIST_L2, 3).max()) > _THIN:
        scene = Cancel().predict(ground_of(patch), gone, known, patch.seed).astype(np.float32)
    return scene, share, np.asarray(hair, np.float32)


def _somebody(patch: Patch) -> Mask:
    """Return (h, w) how surely a person is there, 0 to 1."""
    y, x = (np.flatnonzero((patch.mask > 0).any(axis=axis)) for axis in (1, 0))
    box = Box(float(x[0]), float(y[0]), float(x[-1] + 1), float(y[-1] + 1))
    height, width = patch.mask.shape
    return scores(patch.pixels, box, _SHOULDERS, (slice(0, height), slice(0, width)))


def _open(hidden: Flags, clear: Flags, gap: int) -> Flags:
    """Return where what is clear leads outside through openings wider than twice a gap; shine on hair does not."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1, 2 * gap + 1))
    # Beyond the patch, too, is outside.
    way = np.pad((clear | ~hidden).astype(np.uint8), gap + 1, constant_values=1)
    labels = cv2.connectedComponents(cv2.morphologyEx(way, cv2.MORPH_OPEN, disc))[1]
    outside = cv2.dilate((labels == labels[0, 0]).astype(np.uint8), disc)[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
    return np.asarray((outside > 0) & clear, np.bool_)


def _core(patch: Patch, where: Flags) -> Flags:
    """Return where hair is for sure: of what may be hair, those pixels whose colour most of it has."""
    if np.count_nonzero(where) < FEW:
        return where
    lab = lab_of(patch.pixels, 0.6)
    away = np.linalg.norm(lab - np.median(lab[where], axis=0), axis=2)
    return np.asarray(where & (away < max(12.0, 2 * float(np.median(away[where])))))


def ground_of(patch: Patch) -> Pixels:
    """Return (h, w, 3) what a new head lies on: the patch, its neighbours hidden where there are any."""
    return patch.pixels if patch.ground is None else patch.ground


def depth_of(mask: Mask) -> Floats:
    """Return (h, w) how far inside the mask each pixel lies; its end at the patch's border is no end."""
    inside = np.pad((mask > 0).astype(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def noise(rng: np.random.Generator, mask: Mask, waves: int) -> Floats:
    """Return (h, w) smooth noise from -1 to 1, so many waves of it to the hidden side."""
    height, width = mask.shape
    side = hidden_side(mask)
    coarse = max(2, round(waves * height / side)), max(2, round(waves * width / side))
    drawn = rng.uniform(-1, 1, coarse).astype(np.float32)
    return np.asarray(np.clip(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), -1, 1), np.float32)
