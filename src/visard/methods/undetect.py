"""Just enough noise for detectors to lose the face. People see a face and know it; other detectors may find it.

What little noise blinds two detectors, a denoiser takes away again; it hides a picture from a search, not a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np

from visard.detect import BlazeFace, CenterFace
from visard.errors import VisardError
from visard.methods.impulse import Impulse
from visard.methods.noise import Noise
from visard.methods.strength import check_name, check_share, check_words, words
from visard.methods.svd import Svd
from visard.shape.square import through_square
from visard.types import Deidentifier, Form, Goal, Patch, Pixels, Region

By = Literal["noise", "impulse", "svd"]
Glance = Callable[[Pixels], list[Region]]

_WAYS: Mapping[By, Callable[[float], Deidentifier]] = {
    "noise": lambda strength: Noise(strength),
    "impulse": lambda strength: Impulse(strength),
    "svd": lambda strength: Svd(strength=strength, count=32),
}

_DETECTORS: Mapping[str, tuple[Glance, Glance]] = {
    "centerface": (CenterFace(0.25, "coarse"), CenterFace(0.25, "fine")),
    "blazeface": (BlazeFace(0.5, "coarse"), BlazeFace(0.5, "fine")),
}
"""Name -> a quick look and a thorough one, a little more willing to see a face than those that search a picture."""

_VIEWS = (1.0, 0.7, 0.5, 0.35)
"""Scales at which the hidden part is shown: a detector shrinks the whole picture, which is not known here."""

_SCHEDULE = (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0)
"""Strengths in the order of trying; never 0, because nothing returns what it was given."""

_HALVINGS = 3

_QUALITY = 90
"""JPEG quality through which the face must stay lost."""


@dataclass(frozen=True, slots=True)
class Undetect:
    """Take the least strength at which every detector loses the face in what would be saved (METHODS 1.2).

    by: `noise`, `impulse` or `svd`. strength: by what share of itself the least is raised, to be sure in the whole
    picture. detectors: those in the loop, by commas. most: the largest strength of the noise that is tried.
    After Chriskos, Munro, Mygdalis and Pitas 2017.
    """

    name: ClassVar[str] = "undetect"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "detectors"
    form: ClassVar[Form] = "perturb"

    by: By = "noise"
    strength: float = 0.1
    detectors: str = "centerface,blazeface"
    most: float = 1.0
    _least: dict[int, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name("by", self.by, get_args(By))
        check_words("detectors", self.detectors, tuple(_DETECTORS), least=1)
        check_share("strength", self.strength)
        check_share("most", self.most)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the changed patch; raises VisardError where a detector finds the face up to the largest strength."""
        least = self._least.get(patch.seed)
        if least is None or self._finder(self._changed(patch, least), patch):
            least = max(self._search(patch), least or 0.0)
            self._least[patch.seed] = least
        return self._changed(patch, min(1.0, least * (1 + self.strength)))

    def told(self) -> Sequence[str]:
        """Return the least strengths that were found, one line for each subject."""
        return [f"lost to {self.detectors} with {self.by} at strength {least:.3f}" for least in self._least.values()]

    def _search(self, patch: Patch) -> float:
        """Return the least strength at which nobody finds a face; raises VisardError where there is none."""
        low, seen = 0.0, ""
        for high in [s for s in _SCHEDULE if s < self.most] + [self.most]:
            seen = self._finder(self._changed(patch, high), patch)
            if not seen:
                break
            low = high
        else:
            what = f"{seen} still finds a face with {self.by} at strength {self.most:g}"
            raise VisardError(what, hint="raise most, try --set by=impulse, or use fill")
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._finder(self._changed(patch, middle), patch) else (low, middle)
        return high

    def _changed(self, patch: Patch, strength: float) -> Pixels:
        new = through_square(_WAYS[self.by](strength), patch)
        weight = patch.mask[..., None]
        mixed = np.round(weight * new + (1 - weight) * patch.pixels).astype(np.uint8)
        return np.asarray(np.where(weight > 0, mixed, patch.pixels), np.uint8)

    def _finder(self, new: Pixels, patch: Patch) -> str:
        """Return which detector still finds a face in what is hidden, as it would be saved; empty if none does."""
        coded = cv2.imencode(".jpg", new[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        saved = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
        names = words(self.detectors)
        # The quick looks of all first: they mostly tell.
        for name, scale in product(names, _VIEWS):
            shown, corner = _view(saved, scale)
            if any(_inside(face, patch, scale, corner) for face in _DETECTORS[name][0](shown)):
                return name
        return next((n for n in names if any(_inside(face, patch) for face in _DETECTORS[n][1](saved))), "")


def _view(pixels: Pixels, scale: float) -> tuple[Pixels, tuple[int, int]]:
    """Return the pixels at a smaller scale, their edges repeated around them to the same size, and their corner."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    border = (y, height - size[1] - y, x, width - size[0] - x)
    return np.asarray(cv2.copyMakeBorder(small, *border, cv2.BORDER_REPLICATE), np.uint8), (x, y)


def _inside(face: Region, patch: Patch, scale: float = 1.0, corner: tuple[int, int] = (0, 0)) -> bool:
    height, width = patch.mask.shape
    x, y = ((centre - start) / scale for centre, start in zip(face.box.centre, corner, strict=True))
    return 0 <= x < width and 0 <= y < height and bool(patch.mask[int(y), int(x)] > 0)
