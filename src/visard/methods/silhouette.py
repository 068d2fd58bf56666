"""A figure of one colour, flat or shaded like clay: pose and number of people stay, and nothing else of them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np

from visard.methods.strength import check_name, hidden_side
from visard.types import Form, Goal, Kind, Mask, Patch, Pixels

Look = Literal["shaded", "flat"]

_ROUND = 0.16
"""Depth of the rounded rim as a share of the hidden side."""

_LIGHT = np.array([-0.45, -0.65, 0.61], np.float32)
"""Where the light comes from: the left, above, in front."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """Draw the outline of what is hidden as a figure in a colour of the subject's own.

    look: `shaded` rounds it, as if made of clay, by the distance from its rim; `flat` does not. Only the outline, and
    the seed, have a say.
    """

    name: ClassVar[str] = "silhouette"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"
    kinds: ClassVar[tuple[Kind, ...]] = ("person", "head", "vehicle", "face")

    look: Look = "shaded"

    def __post_init__(self) -> None:
        check_name("look", self.look, get_args(Look))

    def __call__(self, patch: Patch) -> Pixels:
        """Return the figure's colour in every pixel, shaded if wanted."""
        colour = np.array(colour_of(patch.seed), np.float32)
        light = _relief(patch.mask) if self.look == "shaded" else np.ones(patch.mask.shape, np.float32)
        return np.clip(np.round(light[..., None] * colour), 0, 255).astype(np.uint8)


def colour_of(seed: int, saturation: float = 0.28, value: float = 0.66) -> tuple[float, float, float]:
    """Return RGB in 0 to 255 of a subject's own quiet colour."""
    hue = np.random.default_rng(seed).uniform()
    red, green, blue = colorsys.hsv_to_rgb(float(hue), saturation, value)
    return 255 * red, 255 * green, 255 * blue


def _relief(mask: Mask) -> Mask:
    """Return (h, w) the light that falls on a body with the mask's outline, 1 where it faces the viewer."""
    depth = max(1.0, _ROUND * hidden_side(mask))
    inside = cv2.copyMakeBorder((mask >= 1.0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    # A figure goes on beyond the picture: what ends at the border is not rounded there.
    inside = np.pad(inside[1:-1, 1:-1], 1, mode="edge")
    away = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    t = np.clip(away / depth, 0.0, 1.0)
    height = depth * np.sqrt(1.0 - (1.0 - t) ** 2)
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 0.2 * depth, borderType=cv2.BORDER_REPLICATE)
    down, across = np.gradient(height) if min(height.shape) > 1 else (np.zeros_like(height),) * 2
    normal = np.dstack([-across, -down, np.ones_like(height)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return np.asarray(0.55 + 0.74 * np.clip(normal @ _LIGHT, 0.0, 1.0), np.float32)
