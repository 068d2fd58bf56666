"""On rendered people, of exact identity: the parrot beats the naive attacker on blur, and nobody beats a cover."""

from __future__ import annotations

import numpy as np
import pytest

from visard.attack.evidence import Evidence, number
from visard.attack.identify import Identify
from visard.attack.parrot import Parrot
from visard.attack.recognisers.pixels import Thumbnail
from visard.attack.recognisers.recogniser import Vectors, centred, stack
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels, Region

from ..faces import Rendered, person, render

PEOPLE, SHOTS = 24, 4


@pytest.fixture(scope="module")
def crowd() -> list[Rendered]:
    random = np.random.default_rng(0)
    return [
        render(person(who), 96, light=random.uniform(-1, 1), turn=random.uniform(-0.15, 0.15),
               smile=random.uniform(0, 1), noise=who * SHOTS + shot)
        for who in range(PEOPLE) for shot in range(SHOTS)
    ]  # fmt: skip


def attacked(crowd: list[Rendered], method: str) -> tuple[float, float]:
    """Rank-1 of the naive attacker and of the parrot, both by thumbnails."""
    hider = Hider(Policy({"face": Rule(method)}))
    hidden = [hider(Frame(each.pixels), [Region("face", each.box, 0.9, track=0)]).pixels for each in crowd]
    people, shots = number([str(i // SHOTS) for i in range(len(crowd))])
    recogniser = Thumbnail()

    def seen(pictures: list[Pixels]) -> Vectors:
        return centred(recogniser(stack(pictures, [each.points for each in crowd], recogniser.framing)))

    evidence = Evidence(people, shots, seen([each.pixels for each in crowd]), seen(hidden))
    naive, parrot = (attack(evidence)[0].value for attack in (Identify(), Parrot()))
    assert naive is not None and parrot is not None
    return naive, parrot


def test_the_parrot_beats_the_naive_attacker_on_blur(crowd: list[Rendered]) -> None:
    naive, parrot = attacked(crowd, "blur")
    assert parrot > naive + 0.2 and parrot > 0.6


def test_nobody_beats_a_cover_over_the_whole_face(crowd: list[Rendered]) -> None:
    """Hair over the box remains; of the face nothing does, so both fall far below what they get from a blur."""
    naive, parrot = attacked(crowd, "fill")
    blurred = attacked(crowd, "blur")
    assert naive < blurred[0] and parrot < blurred[1] - 0.2
