"""Verification as CIAGAN and Gafni et al. report it: pairs of a clear and a hidden picture, clear thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from visard.attack.evidence import Evidence
from visard.attack.identify import FALSE_ACCEPTS, pairs, true_accepts, unordered
from visard.attack.score import Score


@dataclass(frozen=True, slots=True)
class Verify:
    """Verifies hidden pictures with the thresholds of a system that never saw any.

    Thresholds are those at which the given share of strangers, clear against clear, is accepted. Weaker than
    `Identify`, whose attacker calibrates for the method; for comparison with published numbers (METHODS 9, B).
    """

    name: ClassVar[str] = "verify"

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return the true accept rate at each share of FALSE_ACCEPTS."""
        _, strangers = unordered(evidence.clean @ evidence.clean.T, evidence.people)
        genuine, _ = pairs(evidence.hidden @ evidence.clean.T, evidence.people)
        accepts = (true_accepts(genuine, strangers, share) for share in FALSE_ACCEPTS)
        return tuple(Score(f"clear {s.name}", s.value, s.n, s.low, s.high, s.reason) for s in accepts)
