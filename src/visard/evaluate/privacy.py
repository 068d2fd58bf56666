"""How far each attack gets: on what was hidden, on what is clear, and on what a blank leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from visard.attack.cache import Array, Keep, forget
from visard.attack.evidence import Attack, Evidence, number
from visard.attack.identify import Identify
from visard.attack.link import Link
from visard.attack.looks import Look, vectors
from visard.attack.parrot import Parrot
from visard.attack.recognisers.recogniser import Recogniser
from visard.attack.score import Score, rate
from visard.detect import BlazeFace

ATTACKS: tuple[Callable[[], Attack], ...] = (Identify, Parrot, Link)


def recognised(looks: Sequence[Look], recogniser: Recogniser, keep: Keep = forget) -> tuple[Score, ...]:
    """Return how far every attack gets with a recogniser, on faces that the clean landmarks align.

    That is the attacker's best case. `own rank-1` is identification where the attacker aligns by what a detector
    finds in the hidden picture, and by the clean landmarks where it finds nothing: no picture is left out. Raises
    UsageError where there are not two people with two pictures each.
    """
    people, shots = number([look.person for look in looks])
    points = [look.points for look in looks]
    hidden = [look.hidden for look in looks]
    clean = vectors(recogniser, [look.clean for look in looks], points, keep)
    best = Evidence(people, shots, clean, vectors(recogniser, hidden, points, keep))
    found = [look.points if look.found is None else look.found for look in looks]
    own = Identify()(Evidence(people, shots, clean, vectors(recogniser, hidden, found, keep)))[0]
    scores = [score for attack in ATTACKS for score in attack()(best)]
    return (*scores, Score("own rank-1", own.value, own.n, own.low, own.high, own.reason))


def detected(looks: Sequence[Look], keep: Keep = forget) -> tuple[Score, ...]:
    """Return the shares of hidden pictures in which CenterFace and BlazeFace find a face where it was."""
    second = BlazeFace(effort="coarse")

    def sees(look: Look) -> bool:
        seen = keep("blazeface coarse", look.hidden, partial(_overlaps, second, look))
        return bool(seen.size and seen.max() > 0.3)

    return (
        rate("CenterFace", sum(look.found is not None for look in looks), len(looks)),
        rate("BlazeFace", sum(map(sees, looks)), len(looks)),
    )


def _overlaps(detector: BlazeFace, look: Look) -> Array:
    return np.array([face.box.iou(look.box) for face in detector(look.hidden)], np.float32)
