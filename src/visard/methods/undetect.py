"""Just enough change for detectors to lose a face or a person. People see who it is; other detectors may find them.

What little change blinds two detectors, a denoiser takes away again; it hides a picture from a search, not a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import ClassVar, NamedTuple

import cv2
import numpy as np

from visard.detect import BlazeFace, CenterFace, MoveNet, NanoDet
from visard.errors import ModelError, UsageError, VisardError
from visard.methods.impulse import Impulse
from visard.methods.noise import Noise
from visard.methods.strength import check_share, check_words, words
from visard.methods.svd import Svd
from visard.models import store
from visard.shape.square import through_square
from visard.types import Box, Deidentifier, Form, Goal, Kind, Mask, Patch, Pixels, Region

Glance = Callable[[Pixels], list[Region]]

_WAYS: Mapping[str, Callable[[float], Deidentifier]] = {
    "noise": lambda strength: Noise(strength),
    "impulse": lambda strength: Impulse(strength),
    "svd": lambda strength: Svd(strength=strength, count=32),
}

_DETECTORS: Mapping[str, tuple[Glance, Glance]] = {
    "nanodet": (NanoDet({"person": 0.35}, "coarse"), NanoDet({"person": 0.35}, "fine")),
    "movenet": (MoveNet(0.3, "coarse"), MoveNet(0.3, "fine")),
    "centerface": (CenterFace(0.25, "coarse"), CenterFace(0.25, "fine")),
    "blazeface": (BlazeFace(0.5, "coarse"), BlazeFace(0.5, "fine")),
}
"""Name -> a quick look and a thorough one; those of faces a little more willing than those that search a picture."""

_OF_BODIES = ("nanodet", "movenet")
"""Detectors that only a person must be lost to; to those of faces both are, for a face is found in a person as well."""

_NETWORKS: Mapping[str, Sequence[str]] = {
    "nanodet": ("nanodet", "nanodet_graph"),
    "movenet": ("movenet", "movenet_graph"),
}
"""Their files in the catalogue, where they are not fetched with those of faces."""

_VIEWS: Mapping[Kind, Sequence[float]] = {"face": (1.0, 0.7, 0.5, 0.35), "person": (1.0, 0.5)}
"""Scales at which the hidden part is shown: a detector shrinks the whole picture, which is not known here."""

_SCHEDULE = (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0)
"""Strengths in the order of trying; never 0, because nothing returns what it was given."""

_HALVINGS = 3

_QUALITY = 90
"""JPEG quality through which the face must stay lost."""

_SAME, _WITHIN, _PART = 0.3, 0.5, 0.05
"""Overlap (IoU) with what is hidden, or share of itself in there, from which on what is seen is what was to be lost;
and share of what is hidden that a part of a person has: a speck of the background is nobody."""


class Lost(NamedTuple):
    """The kind of change that somebody was lost with, its least strength, and what they are."""

    by: str
    least: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Undetect:
    """Take the least strength at which every detector loses the face or person in what would be saved (METHODS 1.2).

    by: `svd`, `noise` or `impulse`, by commas: each is tried where those before it do not do. strength: by what share
    of itself the least is raised, to be sure in the whole picture. detectors: those in the loop, by commas; faces are
    shown to those of faces alone. most: the largest strength of the change that is tried. After Chriskos, Munro,
    Mygdalis and Pitas 2017.
    """

    name: ClassVar[str] = "undetect"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "detectors"
    form: ClassVar[Form] = "perturb"
    kinds: ClassVar[tuple[Kind, ...]] = ("face", "head", "person")
    around: ClassVar[float] = 0.5

    by: str = "svd,noise,impulse"
    strength: float = 0.1
    detectors: str = "nanodet,movenet,centerface,blazeface"
    most: float = 1.0
    _least: dict[int, Lost] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_words("by", self.by, tuple(_WAYS), least=1)
        check_words("detectors", self.detectors, tuple(_DETECTORS), least=1)
        check_share("strength", self.strength)
        check_share("most", self.most)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the changed patch; raises VisardError where a detector sees through the largest strength.

        Raises UsageError where no detector is one for its kind, ModelError where weights are absent.
        """
        self._check(patch.kind)
        found = self._least.get(patch.seed)
        if found is None or self._finder_at(found.by, found.least, patch):
            found = self._search(patch, found)
            self._least[patch.seed] = found
        return self._changed(found.by, patch, self._raised(found.least))

    def told(self) -> Sequence[str]:
        """Return the least strengths that were found, one line for each subject."""
        return [
            f"lost to {', '.join(self._names(kind))} with {by} at strength {least:.3f}"
            for by, least, kind in self._least.values()
        ]

    def _check(self, kind: Kind) -> None:
        names = self._names(kind)
        if not names:
            raise UsageError(f"detectors is {self.detectors!r}", hint="name centerface or blazeface: these find faces")
        if missing := store.absent(each for name in names for each in _NETWORKS.get(name, ())):
            raise ModelError(
                f"{self.name} needs weights that are not here", hint=f"run `visard models fetch {' '.join(missing)}`"
            )

    def _names(self, kind: Kind) -> list[str]:
        """Return the detectors that a kind must be lost to."""
        return [name for name in words(self.detectors) if kind == "person" or name not in _OF_BODIES]

    def _search(self, patch: Patch, known: Lost | None) -> Lost:
        """Return the least at which all lose what is hidden, above what is known; raises VisardError where none do."""
        ways = words(self.by)
        seen = ""
        for by in ways[ways.index(known.by) :] if known else ways:
            low = known.least if known and known.by == by else 0.0
            for high in [s for s in _SCHEDULE if low < s < self.most] + [self.most]:
                seen = self._finder_at(by, high, patch)
                if not seen:
                    return Lost(by, self._bisected(by, low, high, patch), patch.kind)
                low = high
        what = f"{seen} still finds a {patch.kind} with {' or '.join(ways)} at strength {self.most:g}"
        others = ",".join(by for by in _WAYS if by not in ways)
        raise VisardError(what, hint=f"{f'try --set by={others}' if others else 'raise most'}, or use fill")

    def _bisected(self, by: str, low: float, high: float, patch: Patch) -> float:
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._finder_at(by, middle, patch) else (low, middle)
        return high

    def _raised(self, least: float) -> float:
        return min(1.0, least * (1 + self.strength))

    def _finder_at(self, by: str, least: float, patch: Patch) -> str:
        """Return which detector still sees what is hidden, others around it hidden alike, at a strength or raised."""
        mask = patch.mask if patch.others is None else np.maximum(patch.mask, patch.others.astype(np.float32))
        everybody, strengths = replace(patch, mask=mask), dict.fromkeys((least, self._raised(least)))
        return next(filter(None, (self._finder(self._changed(by, everybody, s), patch) for s in strengths)), "")

    def _changed(self, by: str, patch: Patch, strength: float) -> Pixels:
        new = through_square(_WAYS[by](strength), patch)
        weight = patch.mask[..., None]
        mixed = np.round(weight * new + (1 - weight) * patch.pixels).astype(np.uint8)
        return np.asarray(np.where(weight > 0, mixed, patch.pixels), np.uint8)

    def _finder(self, new: Pixels, patch: Patch) -> str:
        """Return which detector still sees what is hidden, as it would be saved; empty if none does."""
        coded = cv2.imencode(".jpg", new[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        saved = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
        names, hidden = self._names(patch.kind), _around(patch.mask)
        if (patch.mask == 1).any() and np.array_equal(new, patch.pixels):
            return names[0]  # flat ground has no singular values to take away, and is not hidden as it is
        # The quick looks of all first: they mostly tell.
        for name, scale in product(names, _VIEWS["person" if patch.kind == "person" else "face"]):
            shown, corner = _view(saved, scale)
            if any(_same(seen, hidden, scale, corner) for seen in _DETECTORS[name][0](shown)):
                return name
        return next((n for n in names if any(_same(seen, hidden) for seen in _DETECTORS[n][1](saved))), "")


def _view(pixels: Pixels, scale: float) -> tuple[Pixels, tuple[int, int]]:
    """Return the pixels at a smaller scale, their edges repeated around them to the same size, and their corner."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    border = (y, height - size[1] - y, x, width - size[0] - x)
    return np.asarray(cv2.copyMakeBorder(small, *border, cv2.BORDER_REPLICATE), np.uint8), (x, y)


def _around(mask: Mask) -> Box:
    """Return the box around what a mask hides."""
    left, top, width, height = cv2.boundingRect(np.asarray(mask > 0, np.uint8))
    return Box(left, top, left + width, top + height)


def _same(seen: Region, hidden: Box, scale: float = 1.0, corner: tuple[int, int] = (0, 0)) -> bool:
    """Return whether what is seen in a view is what is hidden, or lies in it; a box around all of a view is not."""
    box = seen.box.shift(-corner[0], -corner[1]).scale(1 / scale)
    part = seen.kind == "face" or box.area >= _PART * hidden.area
    return box.iou(hidden) >= _SAME or (part and box.overlap(hidden) > _WITHIN * box.area)
