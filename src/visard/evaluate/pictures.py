"""Measures of hidden pictures that ask no recogniser: use, looks, and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.looks import Look
from visard.attack.score import Score, absent
from visard.errors import ModelError
from visard.evaluate.bearing import bearing
from visard.evaluate.features import MobileNetV2, Network
from visard.evaluate.inception import Inception, InceptionNsfw
from visard.evaluate.interval import mean
from visard.evaluate.meshes import clear_mesh, meshes
from visard.evaluate.perception import Lpips, MobileLpips, perceived
from visard.evaluate.quality import bangs, frechet, outside_change, psnr, seam, sharpness, ssim
from visard.evaluate.utility import detected, pose
from visard.flow import side_by_side
from visard.models.store import entry
from visard.shape.mesh import OVAL
from visard.types import Mask

_SMALLEST = 11
"""Pixels that a side needs for structural similarity."""


def looked_at(looks: Sequence[Look], masks: Sequence[Mask], keep: Keep = forget) -> tuple[Score, ...]:
    """Return detection, pose, what the face does, likeness to the clean pictures, seams, distances, sex, age.

    masks: (H, W) of what was hidden in each picture. What cannot be computed is absent, with the reason.
    """
    found = meshes(looks, keep)
    both, people = [(look.clean, look.hidden) for look in looks], [look.person for look in looks]
    parts: list[Callable[[], Iterable[Score]]] = [
        lambda: detected(looks, keep),
        lambda: (*pose(looks, found), *bearing(looks, found, keep)),
        lambda: _similar(looks, masks),
        lambda: [mean("bangs", [_bangs(look, keep) for look in looks], people, "no picture")],
        lambda: [perceived(kind, both, people, keep) for kind in (Lpips, MobileLpips)],
        lambda: [_distance(kind, looks, keep) for kind in (Inception, MobileNetV2, InceptionNsfw)],
        lambda: leaks(looks, keep),
    ]
    # Each asks networks of its own.
    return tuple(chain.from_iterable(side_by_side(lambda part: list(part()), parts)))


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


def _bangs(look: Look, keep: Keep) -> float:
    outline = clear_mesh(look, keep)[list(OVAL), :2]
    # The outline begins in the middle of the forehead: a sixth of it, to either side, is the forehead's edge.
    sixth = len(OVAL) // 6
    return bangs(look.clean, look.hidden, np.roll(outline, sixth, 0)[: 2 * sixth + 1], float(np.ptp(outline[:, 1])))


def _distance(kind: type[Network], looks: Sequence[Look], keep: Keep) -> Score:
    """Return a Frechet distance of whole pictures before and after; n counts the pictures on each side."""
    if len(looks) < 2:
        return absent(kind.name, "one picture has no spread")
    try:
        network, name = kind(), f"{kind.model} {entry(kind.model).sha256[:8]}"
    except ModelError as error:
        return absent(kind.name, str(error))
    before, after = (
        np.stack([keep(name, pixels, partial(network, pixels)) for pixels in side]).astype(np.float64)
        for side in ([look.clean for look in looks], [look.hidden for look in looks])
    )
    return Score(kind.name, frechet(before, after), len(looks))


def leaks(looks: Sequence[Look], keep: Keep = forget) -> tuple[Score, ...]:
    """Return what hidden pictures still tell of sex and age; absent where the network is not here."""
    from visard.attack.attribute import attributes
    from visard.attack.recognisers.human import FaceRes

    try:
        network = FaceRes()
    except ModelError as error:
        return tuple(absent(name, str(error)) for name in ("sex kept", "sex guessed", "age change"))
    return attributes(looks, network, keep)
