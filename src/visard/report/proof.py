"""What the burglar got out of a run's own results, as data and in plain words; names of pictures, never faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from visard.people import People
from visard.policy import Policy


class Finished(NamedTuple):
    """A source that was hidden: its name in the report, the source and the result."""

    name: str
    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attacker who knows the clear pictures, asked who each of n faces is.

    hits: right answers. low, high: bounds of their share's 95 % Wilson interval. chance: what guessing would get.
    context: right answers where faces were grey hulls instead. ceiling: right answers on the clear pictures.
    named: names of the pictures with a right answer. learnt: whether the attacker was trained on the other hidden
    faces instead, in the knowledge of whose they are.
    """

    attacker: str
    hits: int
    n: int
    low: float
    high: float
    chance: float
    context: int
    ceiling: int
    named: Sequence[str]
    learnt: bool = False

    @property
    def who(self) -> str:
        """The attacker in words."""
        return f"{self.attacker}, trained on the hidden faces of the others," if self.learnt else self.attacker


@dataclass(frozen=True, slots=True)
class Proof:
    """An attack on a run's own results.

    pictures, faces, people: what was found in the originals. attempts: none where nothing can be tried, and then
    reason says why. left_out: what was not looked at, one line each.
    """

    pictures: int
    faces: int
    people: int
    attempts: Sequence[Attempt] = ()
    reason: str = ""
    left_out: Sequence[str] = ()


Prove = Callable[[Sequence[Finished], Policy, People], Proof]
"""Attacks what a run has finished; told what was hidden, and whom the user spared."""


def to_dict(proof: Proof) -> dict[str, Any]:
    """Return a proof as plain values, its words among them."""
    return asdict(proof) | {"words": in_words(proof)}


def in_words(proof: Proof) -> list[str]:
    """Return sentences for people: who could still be recognised, by which attacker, and how sure that is."""
    found = f"{_count(proof.faces, 'face')} of {_count(proof.people, 'person', 'people')}"
    head = f"{found} in {_count(proof.pictures, 'picture')}, grouped by what dlib takes for one person."
    if not proof.attempts:
        return [head, f"Nothing can be proved: {proof.reason}.", *proof.left_out]
    tried = (
        f"{_count(proof.attempts[0].n, 'hidden face')} can be looked for, because the person is in another picture too."
        " Attackers who have all clear pictures but the face's own original were asked who it is."
    )
    learnt = [attempt.n for attempt in proof.attempts if attempt.learnt]
    trained = (
        f"{_count(learnt[0], 'face')} of people who are in three pictures or more were also shown to attackers who had"
        " learnt from the other hidden pictures what these people look like when hidden."
        if learnt
        else "Nobody learnt from hidden pictures, as a determined attacker would: it takes two people who are in"
        " three pictures each."
    )
    known = [line for attempt in proof.attempts for line in _tell(attempt)]
    caution = (
        "Pictures of one person resemble each other, so the true intervals are wider. Whom these attackers do not"
        " know, others may: friends, stronger networks, whoever finds the place or the clothes."
    )
    return [_conclude(proof.attempts), head, tried, trained, *known, caution, *proof.left_out]


def _conclude(attempts: Sequence[Attempt]) -> str:
    """Return the answer in one sentence; attackers who hardly know the clear pictures have no say in a reassurance."""
    sure = [attempt for attempt in attempts if attempt.low > attempt.chance]
    if sure:
        pictures = ", ".join(dict.fromkeys(name for attempt in sure for name in attempt.named))
        return f"Yes: {_listed(sure)} recognised people more often than guessing explains, in {pictures}."
    able = [attempt for attempt in attempts if attempt.ceiling / attempt.n > attempt.high]
    if not able:
        return "It cannot be said: these attackers hardly recognise people in the clear pictures either."
    most = max(attempt.high for attempt in able)
    fewest = min(attempt.n for attempt in able)
    return (
        f"No sign of it: {_listed(able)} did no better than guessing explains. With {_count(fewest, 'face')} to try,"
        f" up to {100 * most:.0f} % could still be recognised without this showing it (95 %)."
    )


def _listed(attempts: Sequence[Attempt]) -> str:
    return " and ".join(attempt.who for attempt in attempts)


def _tell(attempt: Attempt) -> list[str]:
    share, guess = f"{attempt.hits} of {attempt.n}", f"{attempt.chance * attempt.n:.1f}"
    between = f"between {100 * attempt.low:.0f} and {100 * attempt.high:.0f} %"
    line = (
        f"{attempt.who} named {share} right; guessing gets {guess}, grey hulls instead of faces {attempt.context},"
        f" the clear pictures {attempt.ceiling}. The true share lies {between} (95 %): {_verdict(attempt)}."
    )
    lucky = "" if attempt.low > attempt.chance else ", perhaps by luck"
    return (
        [line, f"Named by {attempt.who.rstrip(',')}{lucky}: {', '.join(attempt.named)}."] if attempt.named else [line]
    )


def _verdict(attempt: Attempt) -> str:
    clear = attempt.ceiling / attempt.n
    if attempt.low > attempt.chance:
        if attempt.context >= attempt.hits:
            return "people can be recognised, by what surrounds their faces"
        return "people can still be recognised"
    if clear <= attempt.high:
        return "it tells nothing, because this attacker hardly knows the clear pictures better"
    return "guessing explains it, but anything up to the upper bound is possible"


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"
