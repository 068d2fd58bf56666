"""How well each recogniser tells the people of LFW apart: accuracy on pairs, for its card, and framings for tuning.

python bench/recognisers.py --recognisers dlib,facenet --fold judge

Half of the pairs are genuine: up to 20 of each person. Thresholds are chosen in ten parts: each part's pairs are judged
by the threshold that is best for the others. Vectors are seen from their mean. Needs VISARD_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.evidence import number
from visard.attack.looks import faces, main_face, vectors
from visard.attack.recognisers import RECOGNISERS, find_recogniser, make
from visard.attack.score import rate
from visard.evaluate.people import load

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

PEOPLE, PICTURES, PAIRS, PARTS = 150, 4, 20, 10


def pairs(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (M, 2) pairs of pictures: genuine ones first, then as many of strangers."""
    genuine: list[tuple[int, int]] = []
    for person in np.unique(people):
        own = np.flatnonzero(people == person)
        genuine += [(int(a), int(b)) for a, b in combinations(own, 2)][:PAIRS]
    random = np.random.default_rng(0)
    strangers: set[tuple[int, int]] = set()
    while len(strangers) < len(genuine):
        a, b = sorted(random.integers(len(people), size=2).tolist())
        if people[a] != people[b]:
            strangers.add((a, b))
    return np.array([*genuine, *sorted(strangers)])


def right(likeness: NDArray[np.float32], same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pairs are judged rightly, by thresholds from the other parts."""
    part = np.arange(len(same)) % PARTS
    judged = np.zeros(len(same), bool)
    for i in range(PARTS):
        known = part != i
        levels = np.unique(likeness[known])
        share = [((likeness[known] > level) == same[known]).mean() for level in levels]
        judged[~known] = (likeness[~known] > levels[int(np.argmax(share))]) == same[~known]
    return judged


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--recognisers", default="dlib", help=f"of {', '.join(RECOGNISERS)}, separated by commas")
    arguments.add_argument("--fold", choices=("tune", "judge"), default="judge")
    arguments.add_argument("--people", type=int, default=PEOPLE)
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = arguments.parse_args()
    cache = Cache()
    pictures = load(chosen.data, chosen.people, PICTURES, chosen.fold)
    searched = tqdm(pictures, desc="find", file=sys.stderr, leave=False)
    main_faces = [main_face(faces(p.pixels, "fine", cache), p.pixels) for p in searched]
    shown = [(p, face.points) for p, face in zip(pictures, main_faces, strict=True) if face and face.points is not None]
    people, _ = number([p.person for p, _ in shown])
    compared = pairs(people)
    same = people[compared[:, 0]] == people[compared[:, 1]]
    print("| recogniser | framing | right pairs, % (95 %) | n | AUC |\n|---|---|---|---|---|")
    for name in chosen.recognisers.split(","):
        rows = vectors(make(name), [p.pixels for p, _ in shown], [points for _, points in shown], cache)
        likeness = (rows[compared[:, 0]] * rows[compared[:, 1]]).sum(1)
        score = rate("accuracy", int(right(likeness, same).sum()), len(same))
        below = np.searchsorted(np.sort(likeness[~same]), likeness[same]).mean() / (~same).sum()
        framing = find_recogniser(name).framing
        print(f"| {name} | {framing} | {100 * (score.value or 0):.1f} ({100 * (score.low or 0):.1f}-"
              f"{100 * (score.high or 0):.1f}) | {score.n} | {below:.4f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
