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
from pathlib import Path

from visard.attack.cache import Cache
from visard.attack.recognisers import RECOGNISERS, WHITE_BOX, make
from visard.evaluate.judge import Judge
from visard.evaluate.people import load
from visard.evaluate.privacy import recognised
from visard.evaluate.results import CLEAR, CONTEXT, MASKED
from visard.evaluate.table import cell
from visard.evaluate.utility import detected

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

COLUMNS = ("rank-1", "own rank-1", "TAR@0.01", "TAR@0.001", "parrot rank-1", "linkability")
FOUND = ("CenterFace same place", "BlazeFace same place")


def say(method: str, group: str, done: int, total: int) -> None:
    print(f"\r\033[K{method} {group} {done}/{total}", end="", file=sys.stderr, flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--methods", default="fill,blur,pixelate", help="NAME[:KEY=VALUE...], separated by commas")
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--pictures", type=int, default=4, help="of each person")
    arguments.add_argument("--recognisers", default="dlib", help=f"of {', '.join(RECOGNISERS)}, separated by commas")
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune", help="judge is not for tuning")
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = arguments.parse_args()

    judge = Judge(load(chosen.data, chosen.people, chosen.pictures, chosen.fold), Cache(), say)
    n = len(judge.pictures)
    print(
        f"\n{n} pictures of {judge.people} people, fold {chosen.fold}; chance {100 / judge.people:.1f} %. Percent, with"
    )
    print(f"95 % Wilson intervals. {judge.faceless} pictures without a face found are left out. n = {n} for ranks and")
    print(f"detection, {n * (chosen.pictures - 1)} for TAR.\n")
    print("| pictures | recogniser | " + " | ".join((*COLUMNS, *FOUND)) + " |")
    print("|---" * (len(COLUMNS) + len(FOUND) + 2) + "|")
    for method in (CLEAR, CONTEXT, MASKED, *chosen.methods.split(",")):
        looks = judge.looks(method)
        shares = {score.name: score for score in detected(looks, judge.keep)}
        for name in chosen.recognisers.split(","):
            say(method, name, 0, 1)
            scores = {score.name: score for score in recognised(looks, make(name), judge.keep)} | shares
            role = "white box" if name in WHITE_BOX else "held out"
            cells = [cell(scores[column]) for column in (*COLUMNS, *FOUND)]
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            print(f"| {method} | {name}, {role} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
