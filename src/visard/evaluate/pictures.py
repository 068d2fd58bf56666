"""Measures of hidden pictures that ask no recogniser: use, looks, and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.looks import Look
from visard.attack.score import Score, absent
from visard.errors import ModelError
from visard.evaluate.bearing import bearing
from visard.evaluate.interval import mean
from visard.evaluate.meshes import meshes
from visard.evaluate.quality import frechet, outside_change, psnr, seam, sharpness, ssim
from visard.evaluate.utility import detected, pose
from visard.models.store import entry
from visard.types import Mask

_SMALLEST = 11
"""Pixels that a side needs for structural similarity."""


def looked_at(looks: Sequence[Look], masks: Sequence[Mask], keep: Keep = forget) -> tuple[Score, ...]:
    """Return detection, pose, what the face does, likeness to the clean pictures, seams, Frechet distance, sex, age.

    masks: (H, W) of what was hidden in each picture. What cannot be computed is absent, with the reason.
    """
    found = meshes(looks, keep)
    return (
        *detected(looks, keep),
        *pose(looks, found),
        *bearing(looks, found, keep),
        *_similar(looks, masks),
        _distance(looks, keep),
        *_attributes(looks, keep),
    )


def _similar(looks: Sequence[Look], masks: Sequence[Mask]) -> list[Score]:
    people = [look.person for look in looks]
    both = list(zip(looks, masks, strict=True))
    likeness = [ssim(look.clean, look.hidden) if min(look.clean.shape[:2]) >= _SMALLEST else None for look in looks]
    changes = [float(outside_change(look.clean, look.hidden, mask)) for look, mask in both]
    seams = [seam(look.clean, look.hidden, mask) for look, mask in both]
    detail = [sharpness(look.clean, look.hidden, mask) for look, mask in both]
    return [
        mean("PSNR", [psnr(look.clean, look.hidden) for look in looks], people, "every picture is as it was"),
        mean("SSIM", likeness, people, f"no side reaches {_SMALLEST} pixels"),
        mean("seam", seams, people, "no picture"),
        mean("sharpness", detail, people, "there was no detail"),
        Score("outside change", max(changes, default=0.0), len(changes)),
    ]


def _distance(looks: Sequence[Look], keep: Keep) -> Score:
    """Return the Frechet distance of whole pictures before and after; n counts the pictures on each side."""
    from visard.evaluate.features import MobileNetV2

    if len(looks) < 2:
        return absent("fd_mobilenetv2", "one picture has no spread")
    try:
        network, name = MobileNetV2(), f"mobilenetv2 {entry('mobilenetv2').sha256[:8]}"
    except ModelError as error:
        return absent("fd_mobilenetv2", str(error))
    before, after = (
        np.stack([keep(name, pixels, partial(network, pixels)) for pixels in side]).astype(np.float64)
        for side in ([look.clean for look in looks], [look.hidden for look in looks])
    )
    return Score("fd_mobilenetv2", frechet(before, after), len(looks))


def _attributes(looks: Sequence[Look], keep: Keep) -> tuple[Score, ...]:
    from visard.attack.attribute import attributes
    from visard.attack.recognisers.human import FaceRes

    try:
        network = FaceRes()
    except ModelError as error:
        return tuple(absent(name, str(error)) for name in ("sex kept", "sex guessed", "age change"))
    return attributes(looks, network, keep)
