"""What predicts the background behind somebody who is gone: engines behind one call, the best that is there first."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError
from visard.types import Pixels

Flags = NDArray[np.bool_]


class Engine(Protocol):
    """Predicts what lies behind a hole.

    A call returns the (h, w, 3) picture with the pixels that are `wanted` (h, w) filled in, or None where this engine
    has nothing to go by. Pixels that are neither wanted nor `known` are not looked at; the others keep their value.
    """

    name: ClassVar[str]

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels | None:
        """Return the picture with its hole filled in."""
        ...


class Patches:
    """Copies of the patches around the hole, sharp and plausible; it knows no things, so halves of them stay halves."""

    name: ClassVar[str] = "patches"

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels | None:
        """Return the picture with its hole made of known patches."""
        from visard.methods.patches import complete

        return complete(pixels, wanted, known, seed)


class Telea:
    """A smooth continuation of the rim: soft, and always at hand (Telea 2004)."""

    name: ClassVar[str] = "telea"

    _CREASES: ClassVar[tuple[float, ...]] = (16.0, 8.0, 4.0, 2.0)
    """Pixels of that width by which what is filled in is smoothed, again and again."""

    _WIDEST: ClassVar[int] = 192
    """Pixels across a hole at which it is filled; what it gives is soft, and it slows with the square."""

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels:
        """Return the picture with its hole filled from the rim inward; grey where nothing is known."""
        result = pixels.copy()
        if not known.any():
            result[wanted] = 127
            return result
        scale = min(1.0, self._WIDEST / max(1.0, float(np.sqrt(np.count_nonzero(wanted)))))
        size = tuple(max(1, round(side * scale)) for side in wanted.shape[::-1])
        share = np.asarray(cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA))
        seen = np.asarray(cv2.resize(pixels * known[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA))
        small = np.clip(seen / np.maximum(share, 1e-6)[..., None], 0, 255).astype(np.uint8)
        hole = share < 0.5
        small = np.asarray(cv2.inpaint(small, hole.astype(np.uint8), 4, cv2.INPAINT_TELEA), np.uint8)
        # What comes from two sides meets in a crease, and creases are outlines of things.
        for sigma in self._CREASES:
            small = np.where(hole[..., None], cv2.GaussianBlur(small, (0, 0), sigma), small)
        result[wanted] = cv2.resize(small, wanted.shape[::-1], interpolation=cv2.INTER_LINEAR)[wanted]
        return result


ENGINES: Mapping[str, str] = {
    "diffusion": "visard.methods.stable:Stable",
    "background": "visard.methods.background:Background",
    "patches": "visard.methods.engines:Patches",
    "telea": "visard.methods.engines:Telea",
}
"""Name -> module and class, best first."""

_WEIGHED = ("diffusion", "background")
"""Those that take weights."""


def engine(name: str, weights: str = "") -> Engine:
    """Return an engine by name; weights: as `Cancel` takes them.

    Raises UsageError for weights of another kind, ModelError for what is not installed.
    """
    module, _, attribute = ENGINES[name].partition(":")
    kind = getattr(importlib.import_module(module), attribute)
    made: Engine = kind(weights) if name in _WEIGHED else kind()
    return made


def best(weights: str = "") -> str:
    """Return the name of the best engine that can run: what the user's weights allow, what visard ships, patches."""
    if weights:
        return "diffusion" if Path(weights).is_dir() else "background"
    from visard.models.taught import shipped

    return "background" if shipped("background") else "patches"


def check_engine(name: object, weights: object) -> None:
    """Raise UsageError for an unknown engine, and for weights that are none or belong to another engine."""
    from visard.methods.strength import check_name

    check_name("engine", name, {"best", *ENGINES})
    if not isinstance(weights, str):
        raise UsageError(f"weights is {weights!r}", hint="give a path in quotes")
    if weights and name not in ("best", *_WEIGHED):
        raise UsageError(f"engine {name!r} takes no weights", hint="leave out weights, or use engine=diffusion")
    if name == "diffusion" and not weights:
        raise UsageError("engine 'diffusion' needs weights", hint="name a local folder: --set weights=FOLDER")
