"""Room 7, DOUBT, for one frame at a time: whatever is seen bare in it was missed, and is watched from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from visard.detect import second_opinion
from visard.hider import Hider
from visard.track import Sighting, Tracker
from visard.types import Frame, Region
from visard.verify import look_again
from visard.verify.promises import cover_of

_NEAR = 0.5
"""By how much of its box a suspect may have moved, on each side."""


class Doubter:
    """Looks at hidden frames with the second detector, and remembers where the first one saw nobody."""

    def __init__(self, hider: Hider) -> None:
        self._hider, self._second = hider, second_opinion(still=False)
        self._missed = Tracker(min_score=0.0)
        self._suspects: tuple[Region, ...] = ()

    def suspects(self, frame: Frame) -> tuple[Region, ...]:
        """Return where a frame shows whoever was seen bare in an earlier one; they are filled."""
        if not self._suspects:
            return ()
        # The second detector must follow them: the first does not see them, and hidden they cannot be seen.
        near = [region.box.grow(_NEAR) for region in self._suspects]
        seen = [face for face in self._second(frame.pixels) if any(box.overlap(face.box) for box in near)]
        self._follow(frame, seen)
        return self._suspects

    def sees(self, after: Frame, regions: Sequence[Region]) -> bool:
        """Return whether a hidden frame shows a face, bare or through its cover; the frames to come will not."""
        again = look_again([self._second], self._hider)
        again.see(after, regions, cover_of(regions, self._hider, after.pixels.shape[:2]))
        missed = [face for sight in again.missed for face in sight.regions]
        if missed:
            self._follow(after, missed)
        self._hider.insist(again.weak)
        return bool(missed or again.weak)

    def _follow(self, frame: Frame, faces: Sequence[Region]) -> None:
        self._missed.see(Sighting(frame.index, frame.time, tuple(faces)))
        found = self._missed.regions(unfinished=True)
        self._missed.forget(frame.time - 2.0)
        # Numbers below zero: those above are the first detector's.
        self._suspects = tuple(replace(r, track=-1 - r.track) for r in found[frame.index])
        self._hider.black_out(self._suspects)
