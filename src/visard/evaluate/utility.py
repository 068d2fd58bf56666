"""What a hidden picture is still good for: faces that detectors find, and the pose that they are in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.looks import Look, search
from visard.attack.score import Score, absent, rate
from visard.detect import BlazeFace, CenterFace
from visard.shape.landmarks import LEFT_EYE, RIGHT_EYE, find_mesh
from visard.types import Region


def detected(looks: Sequence[Look], keep: Keep = forget) -> tuple[Score, ...]:
    """Return the shares of hidden pictures in which each detector finds any face, and one where the face was.

    `any` is the published count (seed 001); `same place` asks for an overlap (IoU) of at least 0.5.
    """
    scores: list[Score] = []
    for name, detector in (("CenterFace", CenterFace(effort="coarse")), ("BlazeFace", BlazeFace(effort="coarse"))):
        seen = [search(detector, look.hidden, keep) for look in looks]
        overlaps = [[face.box.iou(look.box) for face in found] for look, found in zip(looks, seen, strict=True)]
        scores.append(rate(f"{name} any", sum(map(bool, overlaps)), len(looks)))
        scores.append(rate(f"{name} same place", sum(max(each, default=0) >= 0.5 for each in overlaps), len(looks)))
    return tuple(scores)


def pose(looks: Sequence[Look]) -> tuple[Score, ...]:
    """Return how far landmarks moved, and in how many pictures there was a face to measure.

    The mean distance of the 468 mesh points before and after, in distances between the outer eye corners. In the
    clean picture they are looked for where the face was found; in the hidden one where it is found again. Pictures
    in which it is not found are failures, which `pose found` counts.
    """
    moved = [distance for look in looks if (distance := _moved(look)) is not None]
    found = rate("pose found", len(moved), len(looks))
    if not moved:
        return (absent("pose", "no face was found in a hidden picture"), found)
    mean, half = float(np.mean(moved)), 1.96 * float(np.std(moved)) / len(moved) ** 0.5
    return (Score("pose", mean, len(moved), mean - half, mean + half), found)


def _moved(look: Look) -> float | None:
    if look.found_box is None:
        return None
    before, after = (
        find_mesh(pixels, Region("face", box, 1.0)).vertices[:, :2]
        for pixels, box in ((look.clean, look.box), (look.hidden, look.found_box))
    )
    outer = float(np.linalg.norm(before[RIGHT_EYE[0]] - before[LEFT_EYE[0]]))
    return float(np.linalg.norm(before - after, axis=1).mean()) / outer if outer else None
