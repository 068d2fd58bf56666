"""How far each attack gets: on what was hidden, on what is clear, and on what a blank leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from visard.attack.agree import Agree
from visard.attack.cache import Keep, forget
from visard.attack.evidence import Attack, Evidence, number
from visard.attack.identify import Identify
from visard.attack.link import Link
from visard.attack.looks import Look, embed, vectors
from visard.attack.parrot import Parrot
from visard.attack.recognisers.recogniser import Recogniser, centred
from visard.attack.score import Score
from visard.attack.verify import Verify
from visard.evaluate.diversity import diversity, variety

ATTACKS: tuple[Callable[[], Attack], ...] = (Identify, Parrot, Link, Verify, Agree)


def recognised(looks: Sequence[Look], recogniser: Recogniser, keep: Keep = forget) -> tuple[Score, ...]:
    """Return how far every attack gets with a recogniser, on faces that the clean landmarks align.

    That is the attacker's best case. `own rank-1` is identification where the attacker aligns by what a detector
    finds in the hidden picture, and by the clean landmarks where it finds nothing: no picture is left out. `diversity`
    tells how different the hidden faces of different people are, `variety` how many people they are taken for. Raises
    UsageError where there are not two people with two pictures each.
    """
    people, shots = number([look.person for look in looks])
    points = [look.points for look in looks]
    hidden = [look.hidden for look in looks]
    clean = vectors(recogniser, [look.clean for look in looks], points, keep)
    seen = embed(recogniser, hidden, [look.best_points for look in looks], keep)
    best = Evidence(people, shots, clean, centred(seen))
    found = [look.best_points if look.found is None else look.found for look in looks]
    own = Identify()(Evidence(people, shots, clean, vectors(recogniser, hidden, found, keep)))[0]
    scores = [score for attack in ATTACKS for score in attack()(best)]
    by_detector = Score("own rank-1", own.value, own.n, own.low, own.high, own.reason)
    return (*scores, by_detector, diversity(seen, people), variety(best.hidden, best.clean, people))
