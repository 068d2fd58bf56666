"""SVD-DID: change a face's singular values. Weak: it hinders machines, and an outline stays that viewers may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.strength import check_count, check_name, check_share
from visard.models.eigenfaces import eigenfaces
from visard.types import Form, Goal, Patch, Pixels

Matrix = NDArray[np.float64]
Variant = Literal["discard", "attenuate", "smooth", "swap"]

_WINDOW_AT_FULL_STRENGTH = 13
"""Rows, or columns, of 128 over which singular vectors are averaged."""


@dataclass(frozen=True, slots=True)
class Svd:
    """Take each colour channel X = U diag(s) V^T apart, change it, and put it together (METHODS 2.1).

    variant: `discard` sets strength x count leading values to 0; `attenuate` scales count leading ones by
    1 - strength; both give the brightness back. `smooth` keeps few values and averages U and V; `swap` takes
    the values of the mean face.
    """

    name: ClassVar[str] = "svd"
    size: ClassVar[int | None] = 128
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "transform"

    variant: Variant = "discard"
    strength: float = 0.75
    count: int = 16

    def __post_init__(self) -> None:
        check_name("variant", self.variant, get_args(Variant))
        check_share("strength", self.strength)
        check_count("count", self.count)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the changed square."""
        x = patch.pixels.astype(np.float64) / 255.0
        new = np.stack([self._channel(x[..., i], i) for i in range(3)], axis=2)
        return np.round(np.clip(new, 0.0, 1.0) * 255.0).astype(np.uint8)

    def _channel(self, x: Matrix, channel: int) -> Matrix:
        if self.variant == "discard":
            return remap(discard(x, self.strength * self.count), x)
        if self.variant == "attenuate":
            return remap(attenuate(x, self.count, 1.0 - self.strength), x)
        if self.variant == "smooth":
            rank = round(len(x) ** (1.0 - self.strength))
            return smooth(x, rank, 1 + 2 * round(self.strength * (_WINDOW_AT_FULL_STRENGTH // 2)))
        neutral = cv2.resize(eigenfaces().mean[..., channel].astype(np.float64), x.shape[::-1])
        return swap(x, np.asarray(neutral, np.float64), self.strength)


def discard(x: Matrix, k: float) -> Matrix:
    """Return x (h, w) without its k leading singular values; of a fraction, that share of the next one goes."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return np.asarray((u * (s * np.clip(np.arange(1, len(s) + 1) - k, 0.0, 1.0))) @ v)


def attenuate(x: Matrix, k: int, beta: float) -> Matrix:
    """Return x (h, w) with its k leading singular values scaled by beta in [0, 1]."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return np.asarray((u * (s * np.where(np.arange(len(s)) < k, beta, 1.0))) @ v)


def smooth(x: Matrix, k: int, window: int) -> Matrix:
    """Return x (h, w) of rank k, its singular vectors averaged circularly over an odd window of entries."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    left, right = circular_mean(u[:, :k], window), circular_mean(v[:k].T, window)
    return np.asarray((left * s[:k]) @ right.T)


def swap(x: Matrix, neutral: Matrix, share: float) -> Matrix:
    """Return x (h, w) with its singular values moved by share in [0, 1] to those of another face (h, w)."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    other = np.linalg.svd(neutral, compute_uv=False)
    return np.asarray((u * (s + share * (other - s))) @ v)


def circular_mean(vectors: Matrix, window: int) -> Matrix:
    """Return the columns of (n, k) averaged over an odd window of entries, the end meeting the beginning."""
    reach = window // 2
    return np.asarray(sum(np.roll(vectors, i, axis=0) for i in range(-reach, reach + 1)) / window)


def remap(new: Matrix, old: Matrix) -> Matrix:
    """Return new with old's mean: the first singular value holds the brightness.

    Restoring the spread as well would blow up what is left into a pattern of edges that nobody wants to see.
    """
    return np.asarray(new + (old.mean() - new.mean()))
