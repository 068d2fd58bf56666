"""Attributes: does the hidden face still have the sex and the age of the clear one? Use to some, a leak to others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from visard.attack.cache import Array, Keep, forget
from visard.attack.looks import Look
from visard.attack.recognisers.human import FaceRes
from visard.attack.recognisers.recogniser import align
from visard.attack.score import Score, absent, rate
from visard.models.store import entry
from visard.types import Pixels


def attributes(looks: Sequence[Look], network: FaceRes, keep: Keep = forget) -> tuple[Score, ...]:
    """Return how often the sex that a network sees stays, how often a guess would be right, and the change of age.

    Faces are aligned by the clear landmarks. `sex guessed` is the share of the more frequent sex among the clear
    faces, as the same network sees it: agreement above it is information that the hidden pictures hold. The change
    of age is the mean absolute one, in years.
    """
    if not looks:
        return tuple(absent(name, "no face to look at") for name in ("sex kept", "sex guessed", "age change"))
    before, after = (
        np.stack([_traits(network, getattr(look, side), look, keep) for look in looks]) for side in ("clean", "hidden")
    )
    male = before[:, 0] > 0.5
    n = len(looks)
    return (
        rate("sex kept", int((male == (after[:, 0] > 0.5)).sum()), n),
        rate("sex guessed", int(max(male.sum(), (~male).sum())), n),
        Score("age change", float(np.abs(before[:, 1] - after[:, 1]).mean()), n),
    )


def _traits(network: FaceRes, pixels: Pixels, look: Look, keep: Keep) -> Array:
    chip = align(pixels, look.points, network.framing)
    return keep(f"traits {entry('faceres').sha256[:8]}", chip, partial(_ask, network, chip))


def _ask(network: FaceRes, chip: Pixels) -> Array:
    return np.concatenate(network.traits(chip[None])).astype(np.float32)
