"""Label agreement, the re-identification of seed 001: does a classifier name the hidden face as it named the clear?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.attack.evidence import Evidence
from visard.attack.parrot import classify
from visard.attack.score import Score, rate


@dataclass(frozen=True, slots=True)
class Agree:
    """Counts pictures whose label a closed-set classifier keeps when they are hidden, right or wrong.

    The classifier is a linear head on clear pictures of the same people, none of them the one asked about; the
    published one is a network over the 8,631 or 10,575 people of its training set, among whom agreement by chance
    is rarer (METHODS 5.2 and trap 7). A clear picture agrees with itself: the ceiling is 1.
    """

    name: ClassVar[str] = "agree"

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return the share of pictures with the same label before and after."""
        same = 0
        for shot in np.unique(evidence.shots):
            asked = evidence.shots == shot
            known, people = evidence.clean[~asked], evidence.people[~asked]
            both = np.concatenate([evidence.clean[asked], evidence.hidden[asked]])
            before, after = np.split(classify(known, people, both), 2)
            same += int((before == after).sum())
        return (rate("label agreement", same, len(evidence.people)),)
