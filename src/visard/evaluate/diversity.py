"""How different the hidden faces of different people are: a method that gives everybody one face has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.attack.recognisers.recogniser import Vectors
from visard.attack.score import Score, absent, rate

_DRAWS, _SEED = 500, 0


def diversity(vectors: Vectors, people: NDArray[np.int64]) -> Score:
    """Return the mean Euclidean distance of the faces of different people, with its 95 % bootstrap interval.

    vectors: (N, D) rows of length 1 that are not seen from their mean. people: (N,) numbers. Every pair of people
    weighs the same, people are drawn anew, and n is the number of people. 0 to 2; compare with the clear pictures'.
    """
    names, whose = np.unique(people, return_inverse=True)
    if len(names) < 2:
        return absent("diversity", "one person has nobody to differ from")
    apart = np.sqrt(np.maximum(2 - 2 * (vectors @ vectors.T).astype(np.float64), 0))
    member = (whose[:, None] == np.arange(len(names))) / np.bincount(whose)
    between = member.T @ apart @ member
    others = ~np.eye(len(names), dtype=bool)
    drawn = np.random.default_rng(_SEED).integers(len(names), size=(_DRAWS, len(names)))
    # A person who is drawn twice is no pair of people.
    means = [between[d][:, d][others[d][:, d]].mean() for d in drawn if len(set(d)) > 1]
    low, high = np.quantile(means, (0.025, 0.975))
    return Score("diversity", float(between[others].mean()), len(names), float(low), float(high))


def variety(hidden: Vectors, clean: Vectors, people: NDArray[np.int64]) -> Score:
    """Return the share of the people to whom some hidden face is nearer than to anybody else in the gallery.

    hidden, clean: (N, D) rows of length 1, seen from their own means. people: (N,) numbers. 1 where every hidden face
    is like another person, 1 of n where all are like one.
    """
    taken_for = people[(hidden @ clean.T).argmax(axis=1)]
    return rate("variety", len(set(taken_for.tolist())), len(set(people.tolist())))
