"""How good a result looks, and how much of the picture it left alone. Arithmetic only."""

from __future__ import annotations

from math import inf, log10, nan

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Mask, Pixels

Features = NDArray[np.float64]

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(one: Pixels, other: Pixels) -> float:
    """Return the peak signal-to-noise ratio in decibels over all pixels and channels; inf for equal pictures."""
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return inf if error == 0 else 10 * log10(255**2 / error)


def ssim(one: Pixels, other: Pixels) -> float:
    """Return the structural similarity of two pictures of at least 11 x 11 pixels, mean over pixels and channels.

    Gaussian window of 11 x 11 with sigma 1.5, K1 0.01, K2 0.03, range 0 to 255, borders left out. Source: Wang et
    al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = _smooth(a), _smooth(b)
    spread_a, spread_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    shared = _smooth(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + _C1) * (2 * shared + _C2)
    below = (mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2)
    return float((above / below).mean())


def _smooth(image: NDArray[np.float64]) -> NDArray[np.float64]:
    half = _WINDOW // 2
    blurred = cv2.GaussianBlur(image, (_WINDOW, _WINDOW), _SIGMA)
    return np.asarray(blurred[half:-half, half:-half], np.float64)


def frechet(one: Features, other: Features) -> float:
    """Return the squared Frechet distance of the Gaussians fitted to (N, D) and (M, D) features, N and M above 1.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with the root taken by eigenvalues, which is exact (METHODS 9).
    Small samples overestimate it: compare equal N only.
    """
    means = one.mean(0), other.mean(0)
    if max(len(one), len(other)) > one.shape[1]:
        first, second = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (one, other))
        return gaussian_distance(means[0], first, means[1], second)
    # Fewer rows than columns: the eigenvalues of S1 S2 are the squared singular values of the rows' products.
    rows = [(side - mean) / np.sqrt(len(side) - 1) for side, mean in zip((one, other), means, strict=True)]
    shared = np.linalg.svd(rows[0] @ rows[1].T, compute_uv=False).sum()
    spread = sum(float((side * side).sum()) for side in rows)
    return max(0.0, float(((means[0] - means[1]) ** 2).sum()) + spread - 2 * float(shared))


def gaussian_distance(m1: Features, s1: Features, m2: Features, s2: Features) -> float:
    """Return the squared Frechet distance of two Gaussians with means (D,) and covariances (D, D)."""
    values, axes = np.linalg.eigh(s1)
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    # S1 S2 has the eigenvalues of root S2 root, which is symmetric.
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ s2 @ root), 0)).sum()
    return max(0.0, float(((m1 - m2) ** 2).sum() + np.trace(s1) + np.trace(s2) - 2 * shared))


def seam(before: Pixels, after: Pixels, mask: Mask) -> float:
    """Return by how many grey levels a pixel the picture became steeper across the masks' rims; 0 without a rim.

    The mean over the ring where the mask (H, W) lies between 0 and 1, of the luma's slope in the direction in which
    the mask falls, after less before: what runs along the rim is no seam.
    """
    ring = (mask > 0) & (mask < 1)
    if not ring.any():
        return 0.0
    down, across = np.gradient(mask.astype(np.float64))
    length = np.maximum(np.hypot(down, across), 1e-12)
    steep = []
    for pixels in (before, after):
        slopes = np.gradient(_luma(pixels))
        steep.append(np.abs((slopes[0] * down + slopes[1] * across) / length)[ring].mean())
    return float(steep[1] - steep[0])


def bangs(before: Pixels, after: Pixels, forehead: NDArray[np.float32], face: float) -> float:
    """Return the mean change, in grey levels, of the hair over a forehead: a strip along its edge.

    forehead: (N, 2) points of the edge, in pixels. face: the face's height in pixels, of which the strip is a
    quarter wide.
    """
    strip = np.zeros(before.shape[:2], np.uint8)
    line = np.round(forehead).astype(np.int32)
    cv2.polylines(strip, [line], isClosed=False, color=1, thickness=max(1, round(face / 4)))
    inside = strip > 0
    return float(np.abs(before[inside].astype(np.float64) - after[inside]).mean()) if inside.any() else nan


def _luma(pixels: Pixels) -> NDArray[np.float64]:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)


def sharpness(before: Pixels, after: Pixels, mask: Mask) -> float:
    """Return how sharp the picture is where the mask (H, W) is 1, in shares of how sharp it was; NaN without detail.

    Sharpness is the mean absolute Laplacian of the luma: 1 is as sharp, 0 is flat, more than 1 is noise or edges.
    """
    inside = mask >= 1
    detail = [float(np.abs(cv2.Laplacian(_luma(p), cv2.CV_64F))[inside].sum()) for p in (before, after)]
    return detail[1] / detail[0] if detail[0] else nan


def outside_change(before: Pixels, after: Pixels, mask: Mask) -> int:
    """Return the largest change, in grey levels, of a pixel whose mask is 0."""
    outside = mask == 0
    return int(np.abs(before[outside].astype(int) - after[outside]).max(initial=0))
