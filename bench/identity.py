"""Who is recognised in hidden pictures: attacks on methods, beside the clear pictures and a grey blank.

python bench/identity.py --methods fill,blur:strength=0.3 --people 100 --pictures 4 --recognisers dlib --fold tune

Prints one Markdown table; progress goes to standard error. Needs the development data (VISARD_DATA). A picture is
hidden as `visard hide` does it, face by face; the checks that would refuse or strengthen a weak result are left out.
Vectors and faces are remembered in the cache folder, under the hash of the pixels.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.context import blank
from visard.attack.looks import Look, faces, main_face, see_hidden
from visard.attack.recognisers import HELD_OUT, RECOGNISERS, WHITE_BOX, make
from visard.attack.score import Score
from visard.evaluate.people import Picture, load
from visard.evaluate.privacy import detected, recognised
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

COLUMNS = ("rank-1", "own rank-1", "TAR@0.01", "TAR@0.001", "parrot rank-1", "linkability")


def policy(described: str) -> Policy:
    """Return the policy of NAME[:KEY=VALUE...], values as in TOML."""
    name, *pairs = described.split(":")
    settings: dict[str, Any] = {}
    for key, _, value in (pair.partition("=") for pair in pairs):
        try:
            settings[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key] = value
    return Policy({"face": Rule(method=name, settings=settings)})


def looks(
    pictures: Sequence[Picture], found: Sequence[list[Region]], hide: Callable[[Frame, list[Region]], Pixels],
    cache: Cache, name: str,
) -> list[Look]:  # fmt: skip
    result = []
    for picture, regions in tqdm(list(zip(pictures, found, strict=True)), desc=name, file=sys.stderr, leave=False):
        main = main_face(regions, picture.pixels)
        assert main is not None, "pictures without a face were left out"
        hidden = hide(Frame(picture.pixels), regions)
        result.append(see_hidden(picture.person, picture.pixels, hidden, main, cache))
    return result


def cell(score: Score) -> str:
    if score.value is None:
        return score.reason
    interval = "" if score.low is None else f" ({100 * score.low:.1f}-{100 * (score.high or 0):.1f})"
    return (f"{100 * score.value:.1f}{interval}" if score.low is not None else f"{score.value:.2f}")  # fmt: skip


def rows(case: str, seen: list[Look], recognisers: Sequence[str], cache: Cache) -> Iterator[str]:
    found = " | ".join(f"{100 * (score.value or 0):.1f}" for score in detected(seen, cache))
    for name in tqdm(recognisers, desc=f"{case}: recognise", file=sys.stderr, leave=False):
        scores = {score.name: score for score in recognised(seen, make(name), cache)}
        role = "white box" if name in WHITE_BOX else "held out"
        yield f"| {case} | {name}, {role} | " + " | ".join(cell(scores[c]) for c in COLUMNS) + f" | {found} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--methods", default="fill,blur,pixelate", help="NAME[:KEY=VALUE...], separated by commas")
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--pictures", type=int, default=4, help="of each person")
    arguments.add_argument("--recognisers", default="dlib", help=f"of {', '.join(RECOGNISERS)}, separated by commas")
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune", help="judge is not for tuning")
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = arguments.parse_args()
    assert set(chosen.recognisers.split(",")) <= {*WHITE_BOX, *HELD_OUT}, "unknown recogniser"

    cache, names = Cache(), chosen.recognisers.split(",")
    pictures = load(chosen.data, chosen.people, chosen.pictures, chosen.fold)
    searched = tqdm(pictures, desc="find", file=sys.stderr, leave=False)
    found = [[replace(r, track=i) for i, r in enumerate(faces(p.pixels, "fine", cache))] for p in searched]
    faceless = sum(not regions for regions in found)
    pairs = [(p, regions) for p, regions in zip(pictures, found, strict=True) if regions]
    pictures, found = [p for p, _ in pairs], [regions for _, regions in pairs]

    people = len({p.person for p in pictures})
    print(f"{len(pictures)} pictures of {people} people, fold {chosen.fold}; chance {100 / people:.1f} %. Percent,")
    print(f"with 95 % Wilson intervals. {faceless} pictures without a face found are left out. n = {len(pictures)} for")
    print(f"ranks and detection, {len(pictures) * (chosen.pictures - 1)} for TAR.\n")
    print("| pictures | recogniser | " + " | ".join(COLUMNS) + " | CenterFace | BlazeFace |")
    print("|---" * (len(COLUMNS) + 4) + "|")
    cases: dict[str, Callable[[Frame, list[Region]], Pixels]] = {
        "clear (ceiling)": lambda frame, regions: frame.pixels,
        "grey hull (context)": lambda frame, regions: blank(frame, regions, Policy()).pixels,
    }
    for described in chosen.methods.split(","):
        hider = Hider(policy(described))
        cases[described] = lambda frame, regions, hider=hider: hider(frame, regions).pixels  # type: ignore[misc]
    for case, hide in cases.items():
        for row in rows(case, looks(pictures, found, hide, cache, case), names, cache):
            print(row, flush=True)


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
