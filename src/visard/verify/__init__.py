"""Room 7, DOUBT: the written draft is read back, and every claim of the methods is checked on its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path

import numpy as np

from visard.detect import CenterFace, part_of_face, second_opinion
from visard.flow import Aside, ahead
from visard.found import Found, many
from visard.hider import Hider
from visard.media.read import Source, probe, read
from visard.shape.mask import outline, window
from visard.track import Sighting
from visard.types import Check, Frame, Pixels, Region
from visard.verify.found_again import FoundAgain, Glance
from visard.verify.kept import Kept
from visard.verify.known_again import KnownAgain
from visard.verify.originals import Originals
from visard.verify.promises import WITH_FACES, Cover, cover_of, keeps_its_outline, may_show, promised, shows_a_face
from visard.verify.seen_again import SeenAgain
from visard.verify.seen_through import SeenThrough
from visard.verify.tags import check_tags
from visard.verify.untouched import Detail, Untouched, outlines

Clearest = frozenset[tuple[int, int]]
"""(Frame index, track) at which a recogniser looks: each subject at its clearest, once in a while."""

_LOSSLESS = {"PNG", "BMP", "TIFF"}

_BEHIND = 4
"""Frames that may wait for whoever looks at all of them: each costs memory."""

_FAR_BEHIND = 20
"""Likewise for the slowest networks, which look at every tenth frame: the others cost nothing meanwhile."""

_OF_PEOPLE = {"face", "head", "person"}
"""Kinds of which one is hidden wherever a face may not be seen."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the doubting room has to say.

    missed: faces, and things of other kinds, that nobody had found before, frame by frame. weak: regions that a check
    still saw through. lost: regions that should show a face and do not.
    """

    checks: tuple[Check, ...]
    missed: Sequence[Sighting]
    weak: Sequence[Region]
    lost: Sequence[Region]
    frames: int

    @property
    def passed(self) -> bool:
        """True where every check passed."""
        return all(check.passed for check in self.checks)


def meet(original: Source, frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider) -> Originals:
    """Return who the hidden people are; at a picture the looking begins at once, beside the writing."""
    originals = Originals()
    if original.still and original.frames == 1:
        for frame in frames():
            originals.expect(frame, [r for r in found.at(frame.index) if promised(hider, r)])
    return originals


def verify(
    draft: Path,
    original: Source,
    frames: Callable[[], Iterator[Frame]],
    found: Found,
    hider: Hider,
    originals: Originals,
    keep_metadata: tuple[str, ...] = (),
) -> Doubt:
    """Return what is to be said against a draft, read from its bytes beside the original's frames.

    Which checks apply follows from the claims of each region's method: whoever promises that nobody
    recognises the person is asked whether anybody does. originals: who the hidden people were.
    """
    written = probe(draft)
    room = _Room(written, hider, originals, found.clearest())
    before = frames() if original.still else ahead(frames())
    after = read(written, exact=False) if original.still else ahead(read(written, exact=False))
    with many(original.still):
        for old, new in zip_longest(before, after):
            room.frames += old is not None
            if old is None or new is None or old.pixels.shape != new.pixels.shape:
                room.lost += 1
            else:
                room.see(old, new, found.at(old.index))
        tags = check_tags(draft, keep_metadata)  # while the networks are still looking
        checks = (*room.checks(), tags)
    return Doubt(checks, room.missed, room.weak, room.kept.lost, room.frames)


class _Room:
    """All checks over one draft, frame by frame."""

    def __init__(self, written: Source, hider: Hider, originals: Originals, clearest: Clearest) -> None:
        self.hider, self._clearest = hider, clearest
        self.lost = self.frames = 0
        self.untouched = Untouched(written.format in _LOSSLESS)
        self.found_again = look_again(self._detectors(written.still), hider)
        self.seen_through = SeenThrough(second_opinion(written.still))
        self.seen_again = SeenAgain(hider.methods, written.still)
        self.known_again = KnownAgain(originals)
        self.kept = Kept(originals, second_opinion(still=False))
        self.detail = Detail()
        # One thread for each network, which sees the frames in their order.
        self._faces, self._others, self._known = Aside(_BEHIND), Aside(_FAR_BEHIND), Aside(_BEHIND)

    def see(self, before: Frame, after: Frame, regions: Sequence[Region]) -> None:
        """Compare one frame with its draft; the networks, which are slow, work beside the other checks."""
        hidden = [r for r in regions if r.hide]
        cover = cover_of(regions, self.hider, before.pixels.shape[:2])
        new = cover_of([r for r in hidden if self._exchanged(r)], self.hider, before.pixels.shape[:2])
        self._faces(self._find, after, regions, cover)
        if self.seen_again.looks_at(after.index):
            self._others(self._look, after, regions, cover)
        else:
            self._others(self.seen_again.pass_over, after.index, after.time)
        clearest = [r for r in hidden if (before.index, r.track) in self._clearest]
        if clearest:
            self._known(self._recognise, before, after, clearest, new)
        self.untouched.see(before.index, before.pixels, after.pixels, cover)
        figures = [r for r in hidden if r.outline is not None and keeps_its_outline(self.hider.method(r))]
        drawn = outlines(figures, before.pixels.shape[:2])
        over = {kind: new.copy() for kind in {r.kind for r in figures}}
        for region in sorted(hidden, key=self.hider.depth, reverse=True):
            method, rule = self.hider.method(region), self.hider.rule(region)
            own = over.get(region.kind, new)
            if method.goal == "everyone" and method.form != "generate":
                self.detail.see(before.index, before.pixels, after.pixels, region, rule, own, drawn)
            if region in figures:
                # Of a figure behind another one only what is seen of it can tell: the nearer is asked for itself.
                cells = window(region, rule, *own.shape)
                own[cells] |= (outline(region, replace(rule, margin=0.0), cells) >= 1).view(np.uint8)

    def checks(self) -> Iterator[Check]:
        """Return the result of every check."""
        for aside in (self._faces, self._others, self._known):
            aside.end()
        yield Check("frames_lost", float(self.lost), 0.0)
        yield from (c.check() for c in self._all)

    @property
    def _all(self) -> tuple[Untouched | FoundAgain | SeenThrough | SeenAgain | KnownAgain | Kept | Detail, ...]:
        faces = self.found_again, self.seen_through, self.seen_again, self.known_again, self.kept
        return self.untouched, *faces, self.detail

    @property
    def missed(self) -> list[Sighting]:
        """What nobody had found before, as what the policy hides of it."""
        faces, others = self.found_again.missed, self.seen_again.missed
        kinds = self.hider.methods
        parts = [replace(s, regions=tuple(part_of_face(face, kinds) for face in s.regions)) for s in faces]
        if not parts or not others:
            return parts or others
        return [replace(s, regions=s.regions + o.regions) for s, o in zip(parts, others, strict=True)]

    @property
    def weak(self) -> list[Region]:
        """Regions that some check still saw through."""
        return [*self.found_again.weak, *self.seen_again.weak, *self.known_again.weak, *self.detail.weak]

    def _find(self, after: Frame, regions: Sequence[Region], cover: Cover) -> None:
        if _OF_PEOPLE & self.hider.methods.keys():
            # Other clothes are no cover for a face.
            left = [r for r in regions if r.hide and getattr(self.hider.method(r), "leaves_faces", False)]
            over = [r for r in regions if r not in left]
            shape = after.pixels.shape[:2]
            self.found_again.see(after, over, cover_of(over, self.hider, shape) if left else cover)
            self.seen_through.see(after, regions)

    def _look(self, after: Frame, regions: Sequence[Region], cover: Cover) -> None:
        gone = [r for r in regions if r.kind == "person" and self.hider.removes(r) and r.track not in self.hider.unfit]
        people = (r for r in regions if r.hide and r.kind == "person")
        lost = [r for r in people if self.hider.method(r).goal == "detectors"]
        self.seen_again.see(after, regions, cover, gone, lost)

    def _recognise(self, before: Frame, after: Frame, clearest: Sequence[Region], new: Cover) -> None:
        for region in clearest:
            if promised(self.hider, region):
                own = cover_of([region], self.hider, new.shape)
                if not self._exchanged(region):
                    own[new > 0] = 0
                self.known_again.see(before, after, region, own)
            if region.kind in WITH_FACES and self._exchanged(region):
                self.kept.see(before, after, region)

    def _exchanged(self, region: Region) -> bool:
        return shows_a_face(self.hider.method(region))

    def _detectors(self, still: bool) -> list[Glance]:
        """Return who looks for faces; who promises that detectors lose them is held to the first one as well."""
        blinded = any(method.goal == "detectors" for method in self.hider.methods.values())
        first = [CenterFace(effort="fine" if still else "coarse")] if blinded else []
        return [second_opinion(still), *first]


def look_again(detectors: Sequence[Glance], hider: Hider) -> FoundAgain:
    """Return who looks for faces in what a hider made."""

    def flatten(pixels: Pixels, regions: Sequence[Region], others: Sequence[Region]) -> Pixels:
        hidden, kept = (cover_of(own, hider, pixels.shape[:2]) > 0 for own in (regions, others))
        hidden &= ~kept
        flat = pixels.copy()
        if hidden.any():
            flat[hidden] = pixels[hidden].mean(axis=0).astype(np.uint8)
        return flat

    return FoundAgain(detectors, partial(may_show, hider), lambda r: shows_a_face(hider.method(r)), flatten)
