"""What a hidden picture is still good for: faces that detectors find, and the pose that they are in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.looks import Look, search
from visard.attack.score import Score, rate
from visard.detect import BlazeFace, CenterFace
from visard.evaluate.interval import mean
from visard.evaluate.meshes import Meshes
from visard.shape.landmarks import LEFT_EYE, RIGHT_EYE, Vertices


def detected(looks: Sequence[Look], keep: Keep = forget) -> tuple[Score, ...]:
    """Return the shares of hidden pictures in which each detector finds any face, and one where the face was.

    `any` is the published count (seed 001); `same place` asks for an overlap (IoU) of at least 0.5.
    """
    scores: list[Score] = []
    # BlazeFace searches as in the corridor: with one look, at 192 pixels, it misses 1.5 % of clear portraits.
    for name, detector in (("CenterFace", CenterFace(effort="coarse")), ("BlazeFace", BlazeFace(effort="fine"))):
        seen = [search(detector, look.hidden, keep) for look in looks]
        overlaps = [[face.box.iou(look.box) for face in found] for look, found in zip(looks, seen, strict=True)]
        scores.append(rate(f"{name} any", sum(map(bool, overlaps)), len(looks)))
        scores.append(rate(f"{name} same place", sum(max(each, default=0) >= 0.5 for each in overlaps), len(looks)))
    return tuple(scores)


def pose(looks: Sequence[Look], found: Sequence[Meshes | None]) -> tuple[Score, ...]:
    """Return how far landmarks moved, and in how many pictures there was a face to measure.

    The mean distance of the 468 mesh points before and after, in distances between the outer eye corners. Pictures
    in which no face is found again are failures, which `pose found` counts.
    """
    moved = [None if each is None else _moved(*each) for each in found]
    people = [look.person for look in looks]
    return (
        mean("pose", moved, people, "no face was found in a hidden picture"),
        rate("pose found", sum(each is not None for each in moved), len(looks)),
    )


def _moved(before: Vertices, after: Vertices) -> float | None:
    outer = float(np.linalg.norm(before[RIGHT_EYE[0], :2] - before[LEFT_EYE[0], :2]))
    return float(np.linalg.norm(before[:, :2] - after[:, :2], axis=1).mean()) / outer if outer else None
