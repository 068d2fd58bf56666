"""What finds each kind: the one table, and the search for several kinds at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from visard.detect.face import blazeface_net, centerface_net
from visard.detect.find import find_faces
from visard.detect.head import heads
from visard.detect.objects import NanoDet, nanodet_net
from visard.detect.plate import ClpDet, clpdet_net
from visard.detect.pose import find_large, movenet_net
from visard.detect.search import Effort
from visard.detect.text import PpOcr, ppocr_net
from visard.types import Box, Kind, Pixels, Region

NETWORKS: Mapping[Kind, tuple[str, ...]] = {
    "face": (),
    "head": ("nanodet", "nanodet_graph", "movenet", "movenet_graph", "selfie"),
    "person": ("nanodet", "nanodet_graph", "movenet", "movenet_graph", "selfie"),
    "plate": ("clpdet",),
    "text": ("ppocr_det",),
    "vehicle": ("nanodet", "nanodet_graph"),
}
"""Networks that a kind needs beside those of faces, by their names in the catalogue."""

_TURNED_AWAY = 0.45
"""What a person must score to have a head where nobody sees a face: a wrong one hides a piece of background."""

_MISSED, _SAME, _WITHIN = 0.5, 0.45, 0.7
"""What MoveNet must score for somebody whom NanoDet missed, and overlaps (IoU, and share of the smaller box) from which
on it is somebody whom that found. Of 204 people of 96 pixels and more in persons_dev NanoDet's one look misses 29, its
finest search 11; all but 10 and 5 are found so, and nobody else is."""

_AGREED = 0.5
"""Overlap (IoU) from which on MoveNet sees the person whom NanoDet found there."""

_CROWN = 0.06
"""By how much of its height a person's box is raised. Of 10 of 112 people of Penn-Fudan more than a twentieth of the
head was bare; with this and MoveNet's boxes of 2."""


def find_kinds(
    pixels: Pixels, min_scores: Mapping[Kind, float], effort: Effort = "fine", second: bool = True
) -> list[Region]:
    """Return what is in (H, W, 3) uint8 RGB pixels of each kind that has a minimum score, best first of each kind.

    effort: as for faces. second: whether another network looks for people as well. Heads come from faces, and
    from people to whom no face belongs. Raises ModelError.
    """
    wanted = set(min_scores)
    found: dict[Kind, Sequence[Region]] = {}
    if wanted & {"face", "head"}:
        found["face"] = find_faces(pixels, min(min_scores[k] for k in ("face", "head") if k in wanted), effort)
    objects: dict[Kind, float] = {k: s for k, s in min_scores.items() if k in ("person", "vehicle")}
    if "head" in wanted:
        objects["person"] = min(objects.get("person", 1.0), _TURNED_AWAY)
    if objects:
        seen = NanoDet(objects, effort)(pixels)
        found |= {kind: [r for r in seen if r.kind == kind] for kind in objects}
    if "person" in objects and second and pixels.size:
        found["person"] = _with_missed(
            found["person"], find_large(pixels, max(_MISSED, objects["person"])), effort == "fine"
        )
    if "head" in wanted:
        people = [person for person in found["person"] if person.score >= _TURNED_AWAY]
        found["head"] = heads(found["face"], people)
    if "person" in wanted:
        found["person"] = [_to_the_crown(person) for person in found["person"]]
    if "plate" in wanted:
        found["plate"] = ClpDet(min_scores["plate"], effort)(pixels)
    if "text" in wanted:
        found["text"] = PpOcr(min_scores["text"], effort)(pixels)
    return [r for kind in min_scores for r in found[kind] if r.score >= min_scores[kind]]


def _with_missed(people: Sequence[Region], others: Sequence[Region], wider: bool) -> list[Region]:
    """Return people, and whoever else another network sees, best first; wider: each with what that sees of them as
    well, which would come and go in a video."""
    missed = [other for other in others if not any(_are_one(other.box, person.box) for person in people)]
    known = list(people)
    for other in others if wider else ():
        overlaps = [person.box.iou(other.box) for person in people]
        if max(overlaps, default=0.0) >= _AGREED:
            own = overlaps.index(max(overlaps))
            known[own] = replace(known[own], box=known[own].box.union(other.box))
    return sorted([*known, *missed], key=lambda person: -person.score)


def _to_the_crown(person: Region) -> Region:
    """Return a person whose box reaches further up: one in five ends below the crown."""
    x0, y0, x1, y1 = person.box
    return replace(person, box=Box(x0, max(0.0, y0 - _CROWN * (y1 - y0)), x1, y1))


def _are_one(box: Box, other: Box) -> bool:
    return box.iou(other) >= _SAME or box.overlap(other) >= _WITHIN * min(box.area, other.area)


def load(kinds: Collection[Kind], doubt: bool) -> None:
    """Load the networks that find these kinds first, and who doubts them, if they are not; raises ModelError."""
    if {"face", "head"} & set(kinds):
        centerface_net().load()
    if {"person", "head", "vehicle"} & set(kinds):
        nanodet_net().load()
    if doubt:
        blazeface_net().load()


def rest() -> None:
    """Give back the memory of the search until the next one: a video is hidden and doubted for long without it."""
    for net in (centerface_net, nanodet_net, movenet_net, clpdet_net, ppocr_net):
        net().release()
