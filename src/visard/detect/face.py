"""Networks that see faces: CenterFace searches, BlazeFace is the second opinion.

A glance is one look of a network at one piece of a picture. Points are in the order of an upright face: the
eye on the image's left, the other eye, nose tip, left and right mouth corner; a turned face keeps that order.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.merge import COLUMNS, POINTS, SCORE, Found
from visard.models.runtimes import LiteNet, OpenCvNet
from visard.types import Pixels

BLAZE_SIDE = 192
_STRIDE = 4


def centerface_glance(pixels: Pixels, min_score: float) -> Found:
    """Return what CenterFace sees in (H, W, 3) pixels whose sides are multiples of 32.

    A centre heat map of stride 4, with log sizes in strides, offsets, and points relative to the box
    (Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment Using Face as Point").
    """
    blob = np.asarray(cv2.dnn.blobFromImage(pixels), np.float32)
    heat, size, offset, points = centerface_net()(blob)
    rows, columns = np.nonzero(heat[0, 0] > min_score)
    found = np.ones((len(rows), COLUMNS), np.float32)
    # All maps hold y before x.
    centre = np.stack([columns, rows], 1) + 0.5 + offset[0, ::-1, rows, columns]
    extent = np.exp(np.minimum(size[0, ::-1, rows, columns], 10.0)) * _STRIDE
    corner = centre * _STRIDE - extent / 2
    found[:, :2], found[:, 2:4] = corner, corner + extent
    found[:, SCORE] = heat[0, 0, rows, columns]
    relative = points[0, :, rows, columns].reshape(-1, 5, 2)[:, :, ::-1]
    found[:, POINTS] = (relative * extent[:, None] + corner[:, None]).reshape(-1, 10)
    return found


def blazeface_glance(pixels: Pixels, min_score: float) -> Found:
    """Return what BlazeFace (full range) sees in (192, 192, 3) pixels.

    48 x 48 anchors of stride 4; it gives one point for the mouth, from which both corners are estimated.
    """
    tensor = pixels[None].astype(np.float32) / 127.5 - 1
    raw, logits = blazeface_net()(tensor)
    scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
    seen = np.nonzero(scores > min_score)[0]
    pairs = raw.reshape(-1, 8, 2)[seen]
    anchors = (_anchors()[seen])[:, None]
    found = np.ones((len(seen), COLUMNS), np.float32)
    centre, extent = pairs[:, :1] + anchors, pairs[:, 1:2]
    found[:, :4] = np.concatenate([centre - extent / 2, centre + extent / 2], 1).reshape(-1, 4)
    found[:, SCORE] = scores[seen]
    found[:, POINTS] = _five(pairs[:, 2:6] + anchors).reshape(-1, 10)
    return found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]


def _five(four: NDArray[np.float32]) -> NDArray[np.float32]:
    # The mouth is about three quarters as wide as the eyes are apart, and parallel to them.
    left, right, nose, mouth = four[:, 0], four[:, 1], four[:, 2], four[:, 3]
    half = (right - left) * 0.375
    return np.stack([left, right, nose, mouth - half, mouth + half], 1)


def _anchors() -> NDArray[np.float32]:
    cells = np.arange(BLAZE_SIDE // _STRIDE, dtype=np.float32)
    y, x = np.meshgrid(cells, cells, indexing="ij")
    return (np.stack([x, y], -1).reshape(-1, 2) + 0.5) * _STRIDE


@cache
def centerface_net() -> OpenCvNet:
    """Return the one CenterFace of this process."""
    return OpenCvNet("centerface", ("537", "538", "539", "540"))


@cache
def blazeface_net() -> LiteNet:
    """Return the one BlazeFace of this process."""
    return LiteNet("blazeface_full_range")
