"""The burglar in the user's own house: can people be recognised in these very results, by whoever has the originals?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visard.attack.context import blank
from visard.attack.looks import faces
from visard.attack.parrot import classify
from visard.attack.recognisers import available, make
from visard.attack.recognisers.recogniser import Recogniser, Vectors, align, centred, unit
from visard.attack.score import wilson
from visard.errors import SourceError, VisardError
from visard.gallery import ONE_PERSON
from visard.media.read import probe, read
from visard.people import People
from visard.policy import Policy
from visard.report.proof import Attempt, Finished, Proof
from visard.shape.identity import Embedding, distance, look
from visard.types import Frame, Pixels, Region

_MANY = 20
"""Faces from which on their mean says more about the method than about the people, and is taken off."""


_OFTEN = 3
"""Pictures of a person from which a parrot can learn, with one left to be named."""

_PARTS = 8
"""Parts of the pictures, each of which is named by a parrot that was trained on the others."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A face: its picture, who dlib says it is, and for each recogniser its vectors (3, D): clear, hidden, hull."""

    name: str
    who: Embedding
    vectors: tuple[Vectors, ...]


def prove(
    finished: Sequence[Finished],
    policy: Policy,
    people: People = People(),  # noqa: B008  # frozen
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """Return how many faces each available recogniser names in the results of a run; nothing is kept of any face.

    Faces of the originals are grouped into people by dlib's embedding; then each hidden face is looked for among the
    clear faces of all other pictures, aligned by the clear landmarks, the attacker's best case; and a parrot names the
    people who are in three pictures or more, after training on hidden faces of other pictures. Whom the user spared
    is left out, and so are videos, animations and what cannot be read. seen: called with the pictures done, and all.
    """
    recognisers = [make(name) for name in available()]
    every: list[_Seen] = []
    left_out: list[str] = []
    pictures = 0
    for number, file in enumerate(finished):
        seen(number, len(finished))
        try:
            every += _look(file, policy, people, recognisers)
            pictures += 1
        except VisardError as error:
            left_out.append(f"{file.name} was left out: {error.what}.")
    groups = group([(face.name, face.who) for face in every])
    proof = Proof(pictures, len(every), len(set(groups)), left_out=tuple(left_out))
    tried = probes([face.name for face in every], groups)
    if not tried.any():
        return replace(proof, reason=_reason(proof, groups))
    names = [face.name for face in every]
    attempts: list[Attempt] = []
    for i, recogniser in enumerate(recognisers):
        sides = np.stack([face.vectors[i] for face in every], axis=1)
        attempts.append(_attempt(recogniser.name, sides, names, groups, tried))
        attempts += _learnt(recogniser.name, sides, names, groups)
    return replace(proof, attempts=tuple(attempts))


def group(found: Sequence[tuple[str, Embedding]]) -> list[int]:
    """Return the number of the person for each face (picture, embedding): nearest pairs first, never two in a picture.

    Faces nearer than ONE_PERSON are one person's, and so are those that a chain of such faces joins.
    """
    members = [{i} for i in range(len(found))]
    near = [(distance(a[1], b[1]), i, j) for (i, a), (j, b) in combinations(enumerate(found), 2)]
    for apart, i, j in sorted(near):
        both = members[i] | members[j]
        if apart < ONE_PERSON and members[i] is not members[j] and len({found[k][0] for k in both}) == len(both):
            for k in both:
                members[k] = both
    firsts = sorted({min(each) for each in members})
    return [firsts.index(min(each)) for each in members]


def probes(names: Sequence[str], groups: Sequence[int]) -> NDArray[np.bool_]:
    """Return (N,) whether each face can be looked for: the person, and somebody else, are in other pictures."""
    able = []
    for name, person in zip(names, groups, strict=True):
        others = {g for n, g in zip(names, groups, strict=True) if n != name}
        able.append(person in others and len(others) > 1)
    return np.array(able, bool)


def _reason(proof: Proof, groups: Sequence[int]) -> str:
    if proof.pictures < 2:
        return "an attacker needs another picture of the person, and there is one picture at most"
    if not groups:
        return "no face was found in the originals"
    if len(set(groups)) < 2:
        return "all faces seem to be one person's, and there is nobody to tell that person from"
    return "nobody seems to be in two of the pictures, so that there is nothing to compare with"


def _look(file: Finished, policy: Policy, people: People, recognisers: Sequence[Recogniser]) -> list[_Seen]:
    before, after = (_picture(path) for path in (file.source, file.target))
    if before.shape != after.shape:
        raise SourceError("its result has another size", where=file.target, hint="hide it again")
    regions = [replace(region, track=track) for track, region in enumerate(faces(before))]
    looks = [(region, look(region, before)) for region in _apart(regions)]
    hulls = blank(Frame(before), regions, policy).pixels if regions else before
    found = []
    for region, seen in looks:
        beside = [other.embedding for _, other in looks if other is not None and other is not seen]
        if seen is None or region.points is None or not people.hides([seen.embedding], beside):
            continue
        vectors = tuple(_vectors(recogniser, region, (before, after, hulls)) for recogniser in recognisers)
        found.append(_Seen(file.name, seen.embedding, vectors))
    return found


def _apart(regions: Sequence[Region]) -> list[Region]:
    """Return the faces, best first, without those that lie half within a better one: parts of it, and nobody else."""
    kept: list[Region] = []
    for region in regions:
        if all(region.box.overlap(k.box) <= min(region.box.area, k.box.area) / 2 for k in kept):
            kept.append(region)
    return kept


def _picture(path: Path) -> Pixels:
    source = probe(path)
    if source.media != "picture" or source.frames != 1:
        raise SourceError("videos and animations are not attacked", where=source.path, hint="prove pictures")
    return next(iter(read(source))).pixels


def _vectors(recogniser: Recogniser, region: Region, pictures: Sequence[Pixels]) -> Vectors:
    assert region.points is not None, "faces without points were left out"
    chips = [align(pixels, region.points, recogniser.framing) for pixels in pictures]
    return unit(recogniser(np.stack(chips)))


def _attempt(
    name: str, vectors: Vectors, names: Sequence[str], groups: Sequence[int], tried: NDArray[np.bool_]
) -> Attempt:
    """Return what one recogniser gets; vectors: (3, N, D) of clear, hidden and hulled faces."""
    ready = [centred(side) if len(side) >= _MANY else side for side in vectors]
    right = [_named(side @ ready[0].T, names, groups) & tried for side in ready]
    clear, hidden, hulls = (int(each.sum()) for each in right)
    n = int(tried.sum())
    chance = float(np.mean([1 / _candidates(names, groups, names[i]) for i in np.flatnonzero(tried).tolist()]))
    pictures = dict.fromkeys(names[i] for i in np.flatnonzero(right[1]).tolist())
    return Attempt(name, hidden, n, *wilson(hidden, n), chance, hulls, clear, tuple(pictures))


def _learnt(name: str, sides: Vectors, names: Sequence[str], groups: Sequence[int]) -> list[Attempt]:
    """Return what a parrot gets, none where there are not two people in three pictures each.

    sides: (3, N, D) of clear, hidden and hulled faces; for each the parrot learns from faces of its own kind, of a part
    of the pictures, and names those in the others. Source: McPherson et al. 2016, as in attack/parrot.py.
    """
    whose = np.array(groups)
    often = np.flatnonzero(np.bincount(whose)[whose] >= _OFTEN)
    if len(set(whose[often].tolist())) < 2:
        return []
    known, pictures = whose[often], [names[i] for i in often.tolist()]
    parts = np.unique(pictures, return_inverse=True)[1] % _PARTS
    right = np.zeros((len(sides), len(often)), bool)
    for part in np.unique(parts).tolist():
        asked = parts == part
        for kind, side in enumerate(sides[:, often]):
            right[kind, asked] = classify(side[~asked], known[~asked], side[asked]) == known[asked]
    clear, hidden, hulls = (int(each.sum()) for each in right)
    found = dict.fromkeys(pictures[i] for i in np.flatnonzero(right[1]).tolist())
    n, chance = len(often), 1 / len(set(known.tolist()))
    return [Attempt(name, hidden, n, *wilson(hidden, n), chance, hulls, clear, tuple(found), learnt=True)]


def _candidates(names: Sequence[str], groups: Sequence[int], picture: str) -> int:
    return len({g for n, g in zip(names, groups, strict=True) if n != picture})


def _named(likeness: NDArray[np.float32], names: Sequence[str], groups: Sequence[int]) -> NDArray[np.bool_]:
    """Return (N,) whether each probe's own person is likelier than all others in other pictures; ties are wrong."""
    pictures, whose = np.array(names), np.array(groups)
    allowed = np.where(pictures[:, None] != pictures[None, :], likeness, -np.inf)
    own = np.where(whose[:, None] == whose[None, :], allowed, -np.inf).max(axis=1)
    others = np.where(whose[:, None] != whose[None, :], allowed, -np.inf).max(axis=1)
    return np.asarray(own > others)
