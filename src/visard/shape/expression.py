"""Room 4, CUT: what faces do: how far mouths open and smile, eyes narrow and brows move, and what skin makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from visard.shape.mesh import INNER_LIPS, TEXTURE, canonical
from visard.types import Mask, Points

Floats = NDArray[np.float32]

KEPT = 4
"""Measures of `state`, the first ones, that a face keeps under whoever's shape: the mouth's and the eyes'."""

TALL, WIDE = 16, 48
"""Rows and columns of what is seen between lips, unrolled."""

DARK = 24.0
"""Added before logarithms are taken, so that black is not endlessly far from all else."""

_STRESS = 1.5
"""By how much creases are made stronger than in the mean, where people's do not quite meet; chosen by eye."""

_MOST = 0.6
"""Largest change of skin's logarithm that an expression makes: what is beyond was never learnt from."""

_FEW = 2.5
"""Standard deviations beyond which no face does anything, and no mouth looks."""

_TEETH, _NARROW, _DEEP, _BRIGHT = (0.0, 0.22, 0.4, 0.55, 0.67, 0.77), 0.022, 0.9, 0.35
"""Where teeth meet, from the middle to a corner of the mouth; how wide and how dark that is, and how far light counts:
means of teeth are smooth, so that without these a large mouth seems to hold a sheet of paper."""


@dataclass(frozen=True, slots=True, eq=False)
class Expressions:
    """What was learnt. rest, spread: (6,) `state` of faces at rest, and how far people move from their own.

    moves: (468, 3, 4) how a face moves with each measure that it keeps; creases: (6, 128, 128) how the logarithm of
    its light changes by one spread; mouth: (16, 48, 3) mean logarithm of what is between lips, less its own mean;
    looks: (K, 2304) directions in which mouths differ from it; deviations: (K,) how far.
    """

    rest: Floats
    spread: Floats
    moves: Floats
    creases: Floats
    mouth: Floats
    looks: Floats
    deviations: Floats

    def keep_expression(self, change: Floats) -> Floats:
        """Return a change (468, 3) of a shape without what it would do to the mouth's and the eyes' expression."""
        return np.asarray(change - self.moves @ state(change)[:KEPT], np.float32)

    def crease(self, now: Floats) -> Mask:
        """Return (256, 256) factors for a texture at rest, for a face whose `state` is now (6,).

        Source: expression ratio images (Liu, Shan and Zhang 2001), here a linear map of six measures.
        """
        moved = _STRESS * np.clip((now - self.rest) / self.spread, -_FEW, _FEW)
        changed = np.exp(np.clip(np.tensordot(moved, self.creases, 1), -_MOST, _MOST))
        return np.asarray(cv2.resize(changed, (TEXTURE, TEXTURE), interpolation=cv2.INTER_LINEAR), np.float32)

    def plausible(self, seen: Floats) -> Floats:
        """Return the mouth most like one that is seen, (16, 48, 3) 0 to 255: of its kind, with none of its teeth."""
        tones = np.log(seen + DARK)
        level = tones.mean()
        away = self.looks @ (tones - level - self.mouth).ravel()
        away = np.clip(away, -_FEW * self.deviations, _FEW * self.deviations)
        guess = np.exp(level + self.mouth + (away @ self.looks).reshape(TALL, WIDE, 3)) - DARK
        guess *= 1 - _gaps() * np.clip(guess.mean(axis=-1) / guess.mean() - 1, 0, _BRIGHT)[..., None]
        return np.asarray(np.clip(guess, 0, 255), np.float32)


@cache
def _gaps() -> Floats:
    """Return (1, 48, 1) how far teeth are apart in each column: even teeth, as a dentist's model has."""
    across = np.abs(np.linspace(-1, 1, WIDE))
    lines = [np.exp(-(((across - gap) / _NARROW) ** 2)) for gap in _TEETH]
    return np.asarray(_DEEP * np.max(lines, axis=0)[None, :, None], np.float32)


def state(shape: Floats) -> Floats:
    """Return (6,) what a canonical (468, 3) shape does, linear in its coordinates, in distances of the eyes.

    The mouth's gap, how far its corners lie below the upper lip, its width; the eyes' opening; how far the brows' inner
    ends lie below the eyes, and how far apart.
    """
    x, y = shape[:, 0], shape[:, 1]
    eyes = (y[145] - y[159] + y[374] - y[386]) / 2
    brows = (y[55] + y[285] - y[33] - y[263]) / 2
    mouth = y[14] - y[13], (y[61] + y[291]) / 2 - y[0], x[291] - x[61]
    return np.array([*mouth, eyes, brows, x[285] - x[55]], np.float32)


def between_lips(points: Points) -> Points:
    """Return (16, 48, 2) places between the lips of a face's (468, 2 or 3) points, from the image's left on."""
    lips = np.asarray(points[list(INNER_LIPS), :2], np.float32)
    half = len(lips) // 2
    along = np.linspace(0, half, WIDE)

    def curve(part: Points) -> Points:
        return np.stack([np.interp(along, np.arange(half + 1), part[:, axis]) for axis in (0, 1)], axis=-1)

    upper, lower = curve(lips[: half + 1]), curve(np.concatenate([lips[half:], lips[:1]])[::-1])
    down = np.linspace(0, 1, TALL)[:, None, None]
    return np.asarray((1 - down) * upper + down * lower, np.float32)


@cache
def expressions() -> Expressions:
    """Return what visard ships, see the card beside weights/expression.safetensors."""
    tensors = load(files("visard.models").joinpath("weights", "expression.safetensors").read_bytes())
    wide = {name: values.astype(np.float32) for name, values in tensors.items()}
    moves = (wide.pop("moves").T @ canonical().basis).reshape(KEPT, -1, 3).transpose(1, 2, 0)
    return Expressions(moves=np.ascontiguousarray(moves), **wide)
