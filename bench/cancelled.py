"""How many people who were taken out of a photo does the detector of people find again?

python bench/cancelled.py --photos 40

Everybody in a photo is taken out, and then, in the original, the largest of those who have company alone. Found again
is who has a detection over them (IoU above 0.5, the rule's minimum score, fine search): at first, and when those whom
the doubting room sees, by the same search, were filled anew, as `visard hide` does. Detections of company do not count.
Prints a Markdown table with 95 % Wilson intervals. Needs the development data (VISARD_DATA).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from visard.attack.score import wilson
from visard.belongings import gather
from visard.detect import find_kinds
from visard.found import Found, find
from visard.hider import Hider
from visard.media.read import probe, read
from visard.policy import Policy, default_rule, only, with_rule
from visard.types import Frame, Pixels, Region
from visard.verify.seen_again import SeenAgain

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
_DRAFTS = 2
"""Drafts after which `hide` stops filling anew."""

POLICY = with_rule(only(Policy(), "people"), "person", method="cancel")


@dataclass
class Tally:
    """People taken out, those found again at each stage, and CPU seconds."""

    n: int = 0
    again: list[int] = field(default_factory=lambda: [0, 0])
    seconds: float = 0.0


def taken_out(frame: Frame, people: tuple[Region, ...]) -> tuple[Pixels, Pixels]:
    """Return the frame without those people, at first, and when the doubting room has looked at it as in `hide`."""
    hider = Hider(POLICY)
    found = gather(partial(_only, frame), Found({0: people}), hider, True)
    first = last = hider(frame, found.at(0))
    cover = np.full(first.pixels.shape[:2], 255, np.uint8)
    for _ in range(_DRAFTS):
        doubt = SeenAgain(["person"], still=True)
        gone = [r for r in found.at(0) if hider.removes(r) and r.track not in hider.unfit]
        doubt.see(last, found.at(0), cover, gone)
        if not hider.insist(doubt.weak):
            break
        last = hider(frame, found.at(0))
    return first.pixels, last.pixels


def _only(frame: Frame) -> Iterator[Frame]:
    return iter([frame])


def again(pixels: Pixels, gone: list[Region], company: list[Region]) -> int:
    seen = find_kinds(pixels, {"person": default_rule("person").min_score})
    own = [r for r in seen if not any(r.box.iou(other.box) > 0.5 for other in company)]
    return sum(any(person.box.iou(r.box) > 0.5 for r in own) for person in gone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=40, help="Of each set.")
    chosen = parser.parse_args()
    print(
        "| set | taken out | n | found again at first | when filled anew | CPU s a photo |\n|---|---|--:|--:|--:|--:|"
    )
    for name in ("persons_dev", "groups_dev"):
        photos = sorted((DATA / name).rglob("*.jpg"))
        photos = photos[:: max(1, len(photos) // chosen.photos)][: chosen.photos]
        tallies = {"everybody": Tally(), "one": Tally()}
        for photo in photos:
            (frame,) = read(probe(photo))
            people = find(probe(photo), partial(_only, frame), POLICY, lambda index: None).at(0)
            if not people:
                continue
            largest = max(people, key=lambda r: r.box.area)
            for case, gone in (("everybody", list(people)), ("one", [largest])):
                if case == "one" and len(people) == 1:
                    continue
                begun = process_time()
                results = taken_out(frame, tuple(replace(r, hide=r in gone) for r in people))
                own = tallies[case]
                own.seconds += process_time() - begun
                own.n += len(gone)
                for stage, pixels in enumerate(results):
                    own.again[stage] += again(pixels, gone, [r for r in people if r not in gone])
        for case, own in tallies.items():
            cells = " | ".join(share(hits, own.n) for hits in own.again)
            print(f"| `{name}` | {case} | {own.n} | {cells} | {own.seconds / len(photos):.1f} |", flush=True)


def share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits}, {100 * hits / n:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


if __name__ == "__main__":
    main()
