"""Who is known by clothes and body in a clip, when faces are hidden, and when people are?

python bench/bodies.py --frames 105

Heads, faces and people are found and followed once, in the clear clip; each track's first looks are the gallery, clear,
and its last ones the probes, hidden, at the boxes of the clear clip: the attacker is told where everybody was. Frames
are looked at as they are hidden, before a codec blurs them, and nobody is hidden more thoroughly after doubt. Prints
rank-1 by colour and by shape with 95 % Wilson intervals (looks of one track are not independent: the intervals are too
narrow), beside chance. Needs the development data (VISARD_DATA).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.attack.bodies import colours, known_by, shape
from visard.evaluate.film import Film
from visard.evaluate.table import cell
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.policy import Policy, only, with_rule
from visard.types import Box, Frame, Kind, Pixels

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIPS = ("street_multiface_960x540.mp4", "persons_768x432_400f.mp4")
LOOKS, LEAST = 5, 14

Places = Mapping[int, Sequence[tuple[int, Box]]]
"""Track -> (frame index, box) of some of its looks."""

CASES: dict[str, tuple[str, Kind, str]] = {
    "faces, surrogate": ("faces", "face", "surrogate"),
    "heads, wig": ("heads", "head", "wig"),
    "people and faces, garment": ("people,faces", "person", "garment"),
    "people, body": ("people", "person", "body"),
    "people, blur": ("people", "person", "blur"),
    "people, silhouette": ("people", "person", "silhouette"),
    "people, cancel": ("people", "person", "cancel"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=105)
    parser.add_argument("--every", type=int, default=1, help="Take every so many frames.")
    parser.add_argument("--clips", default=",".join(CLIPS))
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    print("| clip | hidden | people | looks | by colour | by shape | chance |\n|---|---|--:|--:|--:|--:|--:|")
    for name in asked.clips.split(","):
        with tempfile.TemporaryDirectory() as folder:
            clear = Path(folder) / "clear.mp4"
            source = probe(DATA / "video_dev" / name)
            frames = [f for f in read(source) if f.index % asked.every == 0][: asked.frames]
            write(clear, (replace(f, index=n) for n, f in enumerate(frames)), source, Output(crf=16))
            measure(name, clear)


def measure(name: str, clear: Path) -> None:
    film = Film(clear, only(Policy(), "faces,heads,people"))
    places: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for index in sorted(film.found.regions):
        for region in film.found.at(index):
            if region.kind == "person" and region.score >= 0.5:
                places[region.track].append((index, region.box))
    tracks = {track: own for track, own in places.items() if len(own) >= LEAST}
    first = {track: own[:: max(1, len(own) // (3 * LOOKS))][:LOOKS] for track, own in tracks.items()}
    last = {track: own[-LOOKS:] for track, own in tracks.items()}
    gallery = looks(film.frames, lambda frame: frame.pixels, first)
    for case in ("nothing", *CASES):
        probes = looks(film.frames, hidden_by(film, case), last)
        scores = [known_by(n, gallery[n], probes[n]) for n in ("colour", "shape")]
        cells = " | ".join(cell(score) for score in scores)
        chance = f"{100 / max(1, len(tracks)):.0f} %"
        print(f"| {name} | {case} | {len(tracks)} | {len(probes['shape'])} | {cells} | {chance} |", flush=True)


def hidden_by(film: Film, case: str) -> Callable[[Frame], Pixels]:
    if case == "nothing":
        return lambda frame: frame.pixels
    words, kind, method = CASES[case]
    hider, found = film.ready(with_rule(only(Policy(), words), kind, method=method))
    return lambda frame: hider(frame, found.at(frame.index)).pixels


def looks(
    frames: Callable[[], Iterator[Frame]], shown: Callable[[Frame], Pixels], places: Places
) -> dict[str, list[tuple[int, NDArray[np.float32]]]]:
    """Return by name of the feature (track, vector) of each place in a clip."""
    at: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for track, own in places.items():
        for index, box in own:
            at[index].append((track, box))
    seen: dict[str, list[tuple[int, NDArray[np.float32]]]] = {"colour": [], "shape": []}
    for frame in frames():
        if frame.index not in at:
            continue
        pixels = shown(frame)
        for track, box in at[frame.index]:
            seen["colour"].append((track, colours(pixels, box)))
            seen["shape"].append((track, shape(pixels, box)))
    return seen


if __name__ == "__main__":
    main()
