"""A video before and after each method: how much the hidden part flickers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import tee
from pathlib import Path

import numpy as np

from visard.attack.score import Score
from visard.errors import UsageError
from visard.evaluate.flicker import flicker
from visard.evaluate.results import Result
from visard.found import Found, find
from visard.hider import Hider
from visard.media.read import probe, read
from visard.policy import Policy
from visard.report.record import sha256
from visard.shape.mask import outline
from visard.tracing import trace
from visard.types import Frame, Mask


class Film:
    """A video whose faces are found once, and hidden by one method after the other.

    Raises SourceError where it cannot be read, UsageError for a picture, or where no face is found.
    """

    def __init__(self, file: Path, seen: Callable[[int], None] = lambda index: None) -> None:
        self._source = probe(file)
        if self._source.still:
            raise UsageError("not a video", where=file, hint="pictures go to --data")
        self.name, self.setup = file.name, sha256(file)[:16]
        self._found = find(self._source, partial(read, self._source, exact=False), Policy(), seen)
        if not any(self._found.all()):
            raise UsageError("no face in any frame", where=file, hint="give a video of people")

    def measure(self, method: str, policy: Policy) -> Result:
        """Return the flicker of a method's result, before it is encoded, and that of the source."""
        hider = Hider(policy, source=self.setup, secret=hashlib.sha256(self.setup.encode()).digest())
        found = trace(self._frames, self._found, hider, still=False)
        before, hidden, masked = tee(self._frames(), 3)
        scores: tuple[Score, ...] = flicker(
            (frame.pixels for frame in before),
            (hider(frame, found.at(frame.index)).pixels for frame in hidden),
            (_mask(frame, found, policy) for frame in masked),
        )
        return Result(self.setup, method, self.name, scores)

    def _frames(self) -> Iterator[Frame]:
        return read(self._source, exact=False)


def _mask(frame: Frame, found: Found, policy: Policy) -> Mask:
    height, width = frame.pixels.shape[:2]
    whole: Mask = np.zeros((height, width), np.float32)
    for region in found.at(frame.index):
        if region.hide:
            rule = policy.rules[region.kind]
            whole = np.maximum(whole, outline(region, rule, (slice(0, height), slice(0, width))))
    return whole
