"""Who goes into which donor: people of one sort who look alike, and never the same few twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.gallery import ONE_PERSON
from visard.train.blend import LEAST

Floats = NDArray[np.float32]
Cast = NDArray[np.intp]
"""(K,) rows of the faces that become one donor."""

PEOPLE = 10
"""People in a donor where there are enough."""

SHARED = 2
"""People whom two donors may have in common: at most a quarter of 8."""

_AGES = (4, 9, 16, 22, 27, 32, 38, 45, 54, 65, 78)
"""Ages in years around which people are gathered."""


@dataclass(frozen=True, slots=True)
class _Round:
    """One search: people a donor, share of the cell that counts as alike, tries a donor, groups kept apart."""

    people: int
    alike: float
    tries: int
    apart: bool


_ROUNDS = (_Round(PEOPLE, 0.35, 8, True), _Round(PEOPLE - 1, 0.6, 40, True), _Round(LEAST, 1.0, 40, False))
"""Wider and wider: the next search is made only for donors that the last one did not find."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """N usable faces: who (N), looks (N, D) reduced textures, embeddings (N, 128), ages in years, sexes, groups."""

    people: list[str]
    looks: Floats
    embeddings: Floats
    ages: Floats
    sexes: NDArray[np.bool_]
    groups: NDArray[np.intp]

    def near(self, sex: bool, age: float, group: int | None) -> Cast:
        """Return the candidates of a sex, about an age, and of a group unless it is None."""
        fit = (self.sexes == sex) & (np.abs(self.ages - age) < max(4.0, 0.2 * age))
        return np.flatnonzero(fit if group is None else fit & (self.groups == group))


def cast(all_of_them: Candidates, donors: int, seed: int) -> list[Cast]:
    """Return up to so many donors' people: 8 to 10 different ones each, at most 2 shared by any two donors."""
    rng = np.random.default_rng(seed)
    found: list[Cast] = []
    used: defaultdict[str, list[int]] = defaultdict(list)
    for search in _ROUNDS:
        wanted = donors - len(found)
        cells = [cell for cell in _cells(all_of_them, search.apart) if len(cell) >= LEAST]
        # Roots: rare sorts of people get more donors than their share.
        weight = np.sqrt([len(cell) for cell in cells])
        for cell, share in zip(cells, weight / max(weight.sum(), 1e-9), strict=True):
            goal = min(int(np.ceil(wanted * share)), donors - len(found))
            for _ in range(search.tries * goal):
                chosen = _pick(all_of_them, cell, search, rng) if goal > 0 else None
                if chosen is None or _known(chosen, all_of_them.people, used):
                    continue
                for i in chosen:
                    used[all_of_them.people[i]].append(len(found))
                found.append(chosen)
                goal -= 1
    return found


def _cells(them: Candidates, apart: bool) -> Iterator[Cast]:
    for group in range(5) if apart else (None,):
        for sex in (True, False):
            for age in _AGES:
                yield them.near(sex, age, group)


def _pick(them: Candidates, cell: Cast, search: _Round, rng: np.random.Generator) -> Cast | None:
    """Return people of a cell who look like one of them, drawn at random, or None where too few differ."""
    like = ((them.looks[cell] - them.looks[rng.choice(cell)]) ** 2).sum(axis=1)
    pool = cell[np.argsort(like, kind="stable")[: max(2 * search.people, int(search.alike * len(cell)))]]
    chosen: list[int] = []
    for i in rng.permutation(pool).tolist():
        if all(_differ(them, i, j) for j in chosen):
            chosen.append(i)
        if len(chosen) == search.people:
            break
    return np.array(chosen) if len(chosen) >= LEAST else None


def _differ(them: Candidates, one: int, other: int) -> bool:
    """Return whether two faces are of different people, as far as names and the recogniser tell."""
    apart = float(np.linalg.norm(them.embeddings[one] - them.embeddings[other]))
    return them.people[one] != them.people[other] and apart > ONE_PERSON


def _known(chosen: Cast, people: list[str], used: dict[str, list[int]]) -> bool:
    met = Counter(donor for i in chosen for donor in used.get(people[i], ()))
    return any(common > SHARED for common in met.values())
