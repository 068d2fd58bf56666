"""A video before and after each method: how much the hidden part flickers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import tee
from pathlib import Path

import numpy as np

from visard.attack.score import Score
from visard.backdrop import look_behind
from visard.belongings import gather
from visard.errors import UsageError
from visard.evaluate.flicker import flicker
from visard.evaluate.results import Result
from visard.figures import absorb
from visard.found import Found, find
from visard.hider import Hider
from visard.media.read import probe, read
from visard.policy import Policy
from visard.report.record import sha256
from visard.shape.mask import outline
from visard.tracing import trace
from visard.types import Frame, Mask


class Film:
    """A video in which a policy's kinds are found once, to be hidden by one method after the other.

    Raises SourceError where it cannot be read, UsageError for a picture, or where nobody is found.
    """

    def __init__(
        self, file: Path, policy: Policy | None = None, seen: Callable[[int], None] = lambda index: None
    ) -> None:
        self._source = probe(file)
        if self._source.still:
            raise UsageError("not a video", where=file, hint="pictures go to --data")
        self.name, self.setup = file.name, sha256(file)[:16]
        self.found = find(self._source, self.frames, policy or Policy(), seen)
        if not any(self.found.all()):
            raise UsageError("no face in any frame", where=file, hint="give a video of people")

    def measure(self, method: str, policy: Policy) -> Result:
        """Return the flicker of a method's result, before it is encoded, and that of the source."""
        hider, found = self.ready(policy)
        before, hidden, masked = tee(self.frames(), 3)
        scores: tuple[Score, ...] = flicker(
            (frame.pixels for frame in before),
            (hider(frame, found.at(frame.index)).pixels for frame in hidden),
            (_mask(frame, found, hider) for frame in masked),
        )
        return Result(self.setup, method, self.name, scores)

    def ready(self, policy: Policy) -> tuple[Hider, Found]:
        """Return what hides any frame by a policy, and what is to be hidden: all rooms before the pasting are done."""
        hider = Hider(policy, source=self.setup, secret=hashlib.sha256(self.setup.encode()).digest())
        kinds = policy.rules.keys()
        known = {index: tuple(r for r in own if r.kind in kinds) for index, own in self.found.regions.items()}
        found = trace(self.frames, hider.shaped(absorb(Found(known), hider.covers)), hider, still=False)
        found = gather(self.frames, found, hider, still=False)
        look_behind(self.frames, found, hider)
        return hider, found

    def frames(self) -> Iterator[Frame]:
        """Return the video's frames, from its beginning."""
        return read(self._source, exact=False)


def _mask(frame: Frame, found: Found, hider: Hider) -> Mask:
    height, width = frame.pixels.shape[:2]
    whole: Mask = np.zeros((height, width), np.float32)
    for region in found.at(frame.index):
        if region.hide:
            own = outline(region, hider.rule(region), (slice(0, height), slice(0, width)))
            whole = np.maximum(whole, own)
    return whole
