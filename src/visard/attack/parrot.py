"""The parrot: it hides pictures of people whom it knows, and learns what they look like hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.attack.evidence import Evidence
from visard.attack.score import Score, rate

Numbers = NDArray[np.float64]

_PENALTIES = np.logspace(-3, 1, 9)
"""Ridge penalties that are tried, in mean eigenvalues of the training pictures."""


@dataclass(frozen=True, slots=True)
class Parrot:
    """Trains a linear head on hidden pictures of known people, and tests it on other hidden pictures of them.

    Each picture is tested once, by a head that was trained on everyone's others. Source: McPherson et al. 2016,
    "Defeating Image Obfuscation with Deep Learning", and Newton et al. 2005, who named the parrot; the head is a
    ridge regression on the recogniser's vectors, whose penalty is chosen on the training pictures alone.
    """

    name: ClassVar[str] = "parrot"

    def __call__(self, evidence: Evidence) -> tuple[Score, ...]:
        """Return rank-1 among the known people."""
        right = 0
        for shot in np.unique(evidence.shots):
            tested = evidence.shots == shot
            said = classify(evidence.hidden[~tested], evidence.people[~tested], evidence.hidden[tested])
            right += int((said == evidence.people[tested]).sum())
        return (rate("parrot rank-1", right, len(evidence.people)),)


def classify(known: NDArray[np.float32], people: NDArray[np.int64], asked: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return who a linear head, trained on (N, D) vectors of people (N,), takes each of (M, D) vectors for.

    Ridge regression onto indicators, in its dual form; the penalty is the one with the best leave-one-out answers.
    """
    names = np.unique(people)
    wanted = (people[:, None] == names[None, :]).astype(np.float64)
    middle, mean = known.mean(0, dtype=np.float64), wanted.mean(0)
    inside = known - middle
    values, axes = np.linalg.eigh(inside @ inside.T)
    values = np.maximum(values, 0)
    if values.sum() <= 1e-12:
        return np.full(len(asked), names[0])
    turned = axes.T @ (wanted - mean)
    penalty = max(
        _PENALTIES * values.mean(), key=lambda p: _left_out(values / (values + p), axes, turned, wanted - mean)
    )
    weights = inside.T @ (axes @ (turned / (values + penalty)[:, None]))
    return np.asarray(names[((asked - middle) @ weights + mean).argmax(1)])


def _left_out(kept: Numbers, axes: Numbers, turned: Numbers, wanted: Numbers) -> float:
    """Return the share of training pictures that a head trained without them would name (Allen's PRESS)."""
    fitted = axes @ (kept[:, None] * turned)
    own = ((axes * axes) * kept).sum(1, keepdims=True)
    predicted = wanted - (wanted - fitted) / np.maximum(1 - own, 1e-9)
    return float((predicted.argmax(1) == wanted.argmax(1)).mean())
