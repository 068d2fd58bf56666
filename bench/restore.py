"""Does undoing a blur first help the naive attacker? Deconvolution, and a U-Net trained on other people.

python bench/restore.py --strengths 0.1,0.2,0.5 --people 50 --steps 300

Prints one Markdown table for people of the tuning half of LFW; the network learns from CelebA people (needs torch).
Needs the development data (VISARD_DATA). Vectors are remembered as in bench/identity.py.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from visard.attack.cache import Cache
from visard.attack.looks import Look
from visard.attack.recognisers import make
from visard.attack.restore import richardson_lucy, wiener
from visard.evaluate.judge import Judge
from visard.evaluate.people import load
from visard.evaluate.privacy import recognised
from visard.evaluate.table import cell

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

COLUMNS = ("rank-1", "TAR@0.01", "parrot rank-1")


def say(method: str, group: str, done: int, total: int) -> None:
    print(f"\r\033[K{method} {group} {done}/{total}", end="", file=sys.stderr, flush=True)


def attacked(judge: Judge, learners: Judge | None, method: str, steps: int) -> Iterator[tuple[str, list[Look]]]:
    yield "as it is", judge.looks(method)
    yield "Wiener", judge.looks(method, wiener)
    yield "Richardson-Lucy", judge.looks(method, richardson_lucy)
    if learners is not None:
        from visard.attack import inverter

        net = inverter.train(learners.looks(method), steps, seen=lambda step, loss: say(method, "learn", step, steps))
        looks = judge.looks(method)
        guesses, points = inverter.invert(net, looks)
        made = zip(looks, guesses, points, strict=True)
        yield "U-Net", [replace(look, hidden=guess, moved=place, found=None) for look, guess, place in made]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--strengths", default="0.1,0.2,0.5", help="of blur, separated by commas")
    arguments.add_argument("--people", type=int, default=50)
    arguments.add_argument("--pictures", type=int, default=4, help="of each person")
    arguments.add_argument("--recogniser", default="dlib")
    arguments.add_argument("--steps", type=int, default=300, help="of training the U-Net, 0 to leave it out")
    arguments.add_argument("--learn-from", type=int, default=100, help="CelebA people, 3 pictures of each")
    chosen = arguments.parse_args()

    cache, recogniser = Cache(), make(chosen.recogniser)
    judge = Judge(load(DATA / "lfw_dev.tar", chosen.people, chosen.pictures, "tune"), cache, say)
    learners = Judge(load(DATA / "celeba_train.tar", chosen.learn_from, 3), cache, say) if chosen.steps else None
    print(f"{len(judge.pictures)} pictures of {judge.people} people, {chosen.recogniser}. Percent, 95 % intervals.\n")
    print(f"| blur | undone by | {' | '.join(COLUMNS)} |\n|---|---|---|---|---|")
    for strength in chosen.strengths.split(","):
        for name, looks in attacked(judge, learners, f"blur:strength={strength}", chosen.steps):
            scores = {score.name: score for score in recognised(looks, recogniser, cache)}
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            print(f"| {strength} | {name} | {' | '.join(cell(scores[c]) for c in COLUMNS)} |", flush=True)


if __name__ == "__main__":
    main()
