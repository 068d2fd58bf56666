"""Room 7, DOUBT, ahead of time: new faces are tried on before a video is written, which takes longer than to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from visard.detect import second_opinion
from visard.flow import ahead, side_by_side
from visard.found import Found, many
from visard.hider import Hider
from visard.types import Frame, Region
from visard.verify.kept import Kept
from visard.verify.known_again import KnownAgain
from visard.verify.originals import Originals
from visard.verify.promises import cover_of, promised, shows_a_face

Tried = tuple[Frame, Frame, Region]
"""A frame, the same with one face exchanged, and whose that is."""


def rehearse(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider, originals: Originals) -> None:
    """Give whoever is known again in a new face, or is not seen as one, the next, until the hider has none to spare.

    Each subject is looked at where it is clearest, by itself and as drawn. What else is hidden there, and what the
    codec does, only the draft shows, which is doubted all the same. Raises ModelError.
    """
    clearest = found.clearest()

    def try_on(frame: Frame) -> list[Tried]:
        shown = (r for r in found.at(frame.index) if (frame.index, r.track) in clearest)
        cast = (r for r in shown if r.kind in hider.casting and promised(hider, r) and shows_a_face(hider.method(r)))
        return [(frame, hider(frame, [r]), r) for r in cast]

    changed = True
    while changed:
        known, kept = KnownAgain(originals), Kept(originals, second_opinion(still=False))
        with many(still=False):
            for tried in side_by_side(try_on, ahead(frames())):
                for before, after, region in tried:
                    known.see(before, after, region, cover_of([region], hider, before.pixels.shape[:2]))
                    kept.see(before, after, region)
        changed = hider.insist([*kept.lost, *known.weak])
