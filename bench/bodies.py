"""Who is known by clothes and body in a clip, when faces are hidden, and when people are?

python bench/bodies.py --frames 200

People are found and followed in the clear clip; each track's first looks are the gallery, clear, and its last ones the
probes, from the hidden clip, at the clear clip's boxes. Prints rank-1 by colour and by shape with 95 % Wilson intervals
(looks of one track are not independent: the intervals are too narrow), beside chance. Needs the development data.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visard.attack.bodies import colours, known_by, shape
from visard.errors import VisardError
from visard.evaluate.table import cell
from visard.found import follow
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.pipeline import Task, deidentify
from visard.policy import Policy, default_rule, only, with_rule
from visard.types import Box, Kind

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIPS = ("street_multiface_960x540.mp4", "persons_768x432_400f.mp4")
LOOKS, LEAST = 5, 14

Places = Mapping[int, Sequence[tuple[int, Box]]]
"""Track -> (frame index, box) of some of its looks."""

CASES: dict[str, tuple[str, Kind, str]] = {
    "faces, surrogate": ("faces", "face", "surrogate"),
    "heads, wig": ("heads", "head", "wig"),
    "people and faces, garment": ("people,faces", "person", "garment"),
    "people, silhouette": ("people", "person", "silhouette"),
    "people, cancel": ("people", "person", "cancel"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, help="Take every so many frames.")
    asked = parser.parse_args()
    print("| clip | hidden | people | by colour | by shape | chance |\n|---|---|--:|--:|--:|--:|")
    for name in CLIPS:
        with tempfile.TemporaryDirectory() as folder:
            clear = Path(folder) / "clear.mp4"
            source = probe(DATA / "video_dev" / name)
            frames = [f for f in read(source) if f.index % asked.every == 0][: asked.frames]
            write(clear, (replace(f, index=n) for n, f in enumerate(frames)), source, Output(crf=16))
            measure(name, clear, Path(folder))


def measure(name: str, clear: Path, folder: Path) -> None:
    source = probe(clear)
    policy = Policy({"person": replace(default_rule("person"), min_score=0.5)})
    found = follow(source, partial(read, source), policy, lambda index: None)
    places: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for index in sorted(found.regions):
        for region in found.at(index):
            places[region.track].append((index, region.box))
    tracks = {track: own for track, own in places.items() if len(own) >= LEAST}
    wanted = {t: (own[:: max(1, len(own) // (3 * LOOKS))][:LOOKS], own[-LOOKS:]) for t, own in tracks.items()}
    gallery = looks(clear, {t: first for t, (first, _) in wanted.items()})
    for case in ("nothing", *CASES):
        hidden = clear
        if case != "nothing":
            words, kind, method = CASES[case]
            hidden = folder / f"{method}.mp4"
            try:
                deidentify(clear, hidden, Task(with_rule(only(Policy(), words), kind, method=method), overwrite=True))
            except VisardError as error:
                print(f"| {name} | {case} | | {str(error)[-120:]} | | |", flush=True)
                continue
        probes = looks(hidden, {t: last for t, (_, last) in wanted.items()})
        scores = [known_by(n, gallery[n], probes[n]) for n in ("colour", "shape")]
        chance = f"{100 / max(1, len(tracks)):.0f} %"
        print(f"| {name} | {case} | {len(tracks)} | {cell(scores[0])} | {cell(scores[1])} | {chance} |", flush=True)


def looks(path: Path, places: Places) -> dict[str, list[tuple[int, NDArray[np.float32]]]]:
    """Return by name of the feature (track, vector) of each place in a clip."""
    at: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for track, own in places.items():
        for index, box in own:
            at[index].append((track, box))
    seen: dict[str, list[tuple[int, NDArray[np.float32]]]] = {"colour": [], "shape": []}
    for frame in read(probe(path)):
        for track, box in at[frame.index]:
            seen["colour"].append((track, colours(frame.pixels, box)))
            seen["shape"].append((track, shape(frame.pixels, box)))
    return seen


if __name__ == "__main__":
    main()
