"""Linkability: can two hidden pictures be told to show one person, whoever it is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.attack.evidence import Evidence
from visard.attack.identify import FALSE_ACCEPTS, true_accepts, unordered
from visard.attack.score import Score, absent

_IN_A_BIN = 30
"""Genuine pairs in a bin of the likelihood ratio: fewer would take chance for linkage."""

_BINS = 100


@dataclass(frozen=True, slots=True)
class Link:
    """Compares hidden pictures with hidden pictures: genuine pairs against pairs of strangers."""

    name: ClassVar[str] = "link"

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return the systems' linkability, 0 (none) to 1 (all), and the true accept rates of linking pairs."""
        genuine, strangers = unordered(evidence.hidden @ evidence.hidden.T, evidence.people)
        accepts = (true_accepts(genuine, strangers, share) for share in FALSE_ACCEPTS)
        return (
            linkability(genuine, strangers),
            *(Score(f"link {s.name}", s.value, s.n, s.low, s.high, s.reason) for s in accepts),
        )


def linkability(genuine: NDArray[np.float32], strangers: NDArray[np.float32]) -> Score:
    """Return D_sys, the mean over genuine pairs of how much likelier their score is than a stranger's.

    With LR = p(s | genuine) / p(s | strangers), a score's linkability is (LR - 1) / (LR + 1) where LR > 1, else 0
    (equal priors). Bins hold equally many genuine pairs. Source: Gomez-Barrero et al. 2018, "General framework to
    evaluate unlinkability in biometric template protection systems", the measure of ISO/IEC 24745 and 30136. Equal
    distributions give a little more than 0, because bins are finite.
    """
    bins = min(_BINS, len(genuine) // _IN_A_BIN)
    if bins < 2:
        return absent("linkability", f"{len(genuine)} genuine pairs, at least {2 * _IN_A_BIN} are needed")
    # Strangers outside the genuine scores' range fall into no bin, and prove nobody alike.
    edges = np.quantile(genuine, np.linspace(0, 1, bins + 1))[:-1]
    within = strangers[(strangers >= genuine.min()) & (strangers <= genuine.max())]
    own = np.bincount(np.searchsorted(edges, genuine, side="right"), minlength=bins + 1) / len(genuine)
    others = np.bincount(np.searchsorted(edges, within, side="right"), minlength=bins + 1) / len(strangers)
    linked = np.where(own > others, (own - others) / np.maximum(own + others, 1e-12), 0.0)
    return Score("linkability", float((own * linked).sum()), len(genuine))
