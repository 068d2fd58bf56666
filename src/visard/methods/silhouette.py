"""A figure of one colour, flat or shaded like clay: pose and number of people stay, and nothing else of them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.scene import fill_in
from visard.methods.strength import check_name, hidden_side
from visard.types import Form, Goal, Kind, Mask, Patch, Pixels

Look = Literal["shaded", "flat"]

_EDGE = 0.012
"""Smoothness of the figure's edge, in hidden sides."""

_BEYOND = 0.08
"""How near to the picture's border, in hidden sides, an outline goes on to it."""

_ROUND = (0.02, 0.05, 0.12, 0.25)
"""Sizes, in hidden sides, of what is rounded: fingers, limbs, heads and trunks."""

_GRAIN = 56.0
"""Hidden side in pixels at which light and scene are calculated for larger figures: neither has finer detail."""

_LIGHT = np.array([-0.45, -0.65, 0.61], np.float32)
"""Where the light comes from: the left, above, in front."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """Draw the outline of what is hidden as a figure in a colour of the subject's own, before the scene carried on.

    look: `shaded` rounds it, as if made of clay; `flat` does not. Only the outline, the seed, and what lies around have
    a say.
    """

    name: ClassVar[str] = "silhouette"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"
    kinds: ClassVar[tuple[Kind, ...]] = ("person", "head", "vehicle", "face")

    around: ClassVar[float] = 0.15

    look: Look = "shaded"

    def __post_init__(self) -> None:
        check_name("look", self.look, get_args(Look))

    def __call__(self, patch: Patch) -> Pixels:
        """Return the figure, shaded if wanted, and around it what the scene goes on like."""
        body, side = body_of(patch), hidden_side(patch.mask)
        colour = colour_of(patch.seed)
        light = _relief(body, side) if self.look == "shaded" else np.ones(body.shape, np.float32)
        figure = cv2.merge([cv2.convertScaleAbs(light, alpha=one) for one in colour])
        known = patch.mask == 0 if patch.others is None else (patch.mask == 0) & ~patch.others
        scene = scene_of(patch.pixels, known, side) if known.any() else figure
        return np.asarray(cv2.blendLinear(figure, scene, body, 1 - body), np.uint8)


def colour_of(seed: int, saturation: float = 0.28, value: float = 0.66) -> tuple[float, float, float]:
    """Return RGB in 0 to 255 of a subject's own quiet colour."""
    hue = np.random.default_rng(seed).uniform()
    red, green, blue = colorsys.hsv_to_rgb(float(hue), saturation, value)
    return 255 * red, 255 * green, 255 * blue


def body_of(patch: Patch) -> Mask:
    """Return (h, w) how much of each pixel is the figure's: of the outline, or of what is hidden if there is none."""
    side = hidden_side(patch.mask)
    inside = np.zeros(patch.mask.shape, np.uint8)
    if patch.outline is None:
        inside = (patch.mask >= 1).astype(np.uint8)
    else:
        cv2.fillPoly(inside, [np.round((patch.outline - 0.5) * 16).astype(np.int32)], 1, shift=4)
        # Only at the picture's border is something hidden at the patch's: there a figure goes on.
        reach = max(1, round(_BEYOND * side))
        for turn in range(1, 5):
            inside, hidden = np.rot90(inside), np.rot90(patch.mask, turn) >= 1
            if hidden[-1].any() and len(inside) > reach:
                inside = inside.copy()
                inside[-reach:] |= inside[-reach - 1] & hidden[-reach:]
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), max(0.6, _EDGE * side), borderType=cv2.BORDER_REPLICATE)
    # All of the outline is the figure's, and soft beyond: else figures who touch would show the scene in between.
    body = np.clip(3 * soft - 0.5, 0, 1) * (patch.mask > 0)
    return np.asarray(body if body.any() else patch.mask, np.float32)


def _reduced(shape: tuple[int, ...], side: float) -> tuple[tuple[int, int], float]:
    """Return (width, height) at which a figure of a hidden side in pixels is calculated, and the scale that is."""
    scale = min(1.0, _GRAIN / side)
    return (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))), scale


def scene_of(pixels: Pixels, known: NDArray[np.bool_], side: float) -> Pixels:
    """Return (h, w, 3) what is known of pixels, carried on softly."""
    size, _ = _reduced(pixels.shape, side)
    weight = np.asarray(cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    shown = cv2.resize(cv2.copyTo(pixels, known.view(np.uint8)), size, interpolation=cv2.INTER_AREA)
    colour = np.asarray(shown / np.maximum(weight, np.float32(1e-6))[..., None], np.float32)
    filled = np.asarray(np.clip(np.round(fill_in(colour, weight)), 0, 255), np.uint8)
    return np.asarray(cv2.resize(filled, known.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _relief(body: Mask, side: float) -> Mask:
    """Return (h, w) the light that falls on a body with that outline, about 1 where it faces the viewer."""
    size, scale = _reduced(body.shape, side)
    light = _lit(np.asarray(cv2.resize(body, size, interpolation=cv2.INTER_AREA), np.float32), side * scale)
    return np.asarray(cv2.resize(light, body.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _lit(body: Mask, side: float) -> Mask:
    reach = max(1, int(side / 3))
    whole = cv2.copyMakeBorder(body, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    # Blurred at many sizes, a flat shape swells as a body does: thin parts a little, thick ones more.
    swollen = [2.2 * size * side * cv2.GaussianBlur(whole, (0, 0), max(0.6, size * side)) for size in _ROUND]
    height = np.sum(swollen, axis=0)[reach:-reach, reach:-reach]
    down, across = np.gradient(height) if min(height.shape) > 1 else (np.zeros_like(height),) * 2
    towards = (_LIGHT[2] - _LIGHT[0] * across - _LIGHT[1] * down) / np.sqrt(across * across + down * down + 1)
    return np.asarray(0.5 + 0.8 * np.clip(towards, 0.0, 1.0), np.float32)
