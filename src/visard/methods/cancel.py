"""Somebody who was never there: what is hidden is taken out, and the background behind it is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.background import Background
from visard.methods.engines import Engine, best, check_engine, engine
from visard.methods.scene import fill_in
from visard.types import Form, Goal, Patch, Pixels, Removing

Flags = NDArray[np.bool_]

_RIM = 0.02
"""Width, as a share of the hole's side, of the rim on which the light of what other frames saw is compared."""

_LIGHT = 40.0
"""Grey levels by which both may differ there for their light to be compared."""


_MOST = 6_000_000
"""Pixels of a patch that are worked on at full resolution; around a hole of 1.5 megapixels there are about as many."""


_GRAIN = 0.5
"""How much of the patches' detail is kept where somebody was still seen."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Predict the background from what lies around, and from what other frames of a video saw (seed 000).

    engine: what predicts it, `best` for the best that is there: diffusion, background, patches, telea; weights: a local
    folder with Stable-Diffusion inpainting for `diffusion`, or a file that `visard train export` made of a background.
    """

    name: ClassVar[str] = "cancel"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    around: ClassVar[float] = 1.0

    engine: str = "best"
    weights: str = ""

    def __post_init__(self) -> None:
        check_engine(self.engine, self.weights)
        self._engine()  # what is missing or wrong is told before anything is begun

    @property
    def chosen(self) -> str:
        """The engine's name."""
        return best(self.weights) if self.engine == "best" else self.engine

    def told(self) -> list[str]:
        """Return what predicts the background."""
        return [f"background predicted by {self.chosen}"]

    def softer(self) -> Removing:
        """Return the method with an engine that copies grain alone, or nothing."""
        return _Softer(self.engine, self.weights)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch as if what is hidden had never been there."""
        hidden = patch.mask > 0
        known = ~hidden if patch.others is None else ~hidden & ~patch.others
        if patch.behind is None:
            return self.predict(patch.pixels, hidden, known, patch.seed)
        return _lit(patch.behind, patch.pixels, hidden, known)

    def predict(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels:
        """Return the (h, w, 3) picture with the wanted pixels (h, w) predicted from the known ones."""
        if not wanted.any():
            return pixels.copy()
        scale = np.sqrt(_MOST / wanted.size)
        if scale < 1:
            return _in_small(self, pixels, wanted, known, seed, float(scale))
        # Whatever engine comes, it cannot look at what it is not given.
        seen = np.where(known[..., None], pixels, np.uint8(127))
        new = self._engine()(seen, wanted, known, seed)
        if new is None:
            new = _engine("telea", "")(seen, wanted, known, seed)
            assert new is not None, "the last engine always has an answer"
        result = pixels.copy()
        result[wanted] = new[wanted]
        return result

    def _engine(self) -> Engine:
        return _engine(self.chosen, self.weights)


class _Softer(Cancel):
    """What the network paints, with detail of the patches and nothing else of them; without a network, Telea.

    A soft stain in somebody's outline is somebody to a detector; with some grain in it, it is less often.
    """

    def told(self) -> list[str]:
        return ["background predicted softly"]

    def _engine(self) -> Engine:
        return _soft(self.weights) if self.chosen == "background" else _engine("telea", "")


def _in_small(how: Cancel, pixels: Pixels, wanted: Flags, known: Flags, seed: int, scale: float) -> Pixels:
    """Return the picture with a hole filled that is too large for the memory of a laptop at full resolution: softly."""
    size = tuple(max(1, int(side * scale)) for side in wanted.shape[::-1])
    seen = np.where(known[..., None], pixels, np.uint8(0))
    share = np.asarray(cv2.resize(known.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA))
    small, whole = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.uint8), share == 255
    hole = (cv2.resize(wanted.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 0) & ~whole
    large = cv2.resize(how.predict(small, hole, whole, seed), wanted.shape[::-1], interpolation=cv2.INTER_CUBIC)
    result = pixels.copy()
    result[wanted] = large[wanted]
    return result


@lru_cache(maxsize=2)
def _engine(name: str, weights: str) -> Engine:
    return engine(name, weights)


@lru_cache(maxsize=1)
def _soft(weights: str) -> Engine:
    return Background(weights, 1.0, _GRAIN, deep=0.0)


def _lit(behind: Pixels, pixels: Pixels, hidden: Flags, known: Flags) -> Pixels:
    """Return the patch with its hidden part from `behind`, whose light is drawn to this frame's along the rim."""
    result = pixels.copy()
    wide = max(2, round(_RIM * float(np.sqrt(np.count_nonzero(hidden)))))
    near = cv2.dilate(hidden.astype(np.uint8), np.ones((2 * wide + 1, 2 * wide + 1)), borderValue=0) > 0
    rim = near & known
    off = pixels.astype(np.float32) - behind
    # A difference of things, not of light, is large and must not spread into the hole.
    rim &= np.abs(off).max(axis=2) < _LIGHT
    light = cv2.GaussianBlur(fill_in(off, rim.astype(np.float32)), (0, 0), float(wide))
    lit = np.clip(np.round(behind + light), 0, 255).astype(np.uint8) if rim.any() else behind
    result[hidden] = lit[hidden]
    return result
