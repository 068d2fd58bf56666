"""Whom a method serves worse: re-identification, detection and landmark error by sex, age band and skin tone.

python bench/fairness.py --method surrogate --people 100 --pictures 4 --recognisers mobileface,faceres --fold judge

Prints one Markdown table with n and 95 % Wilson intervals; progress goes to standard error. Needs the development data
(VISARD_DATA). LFW has no labels of this kind: what visard's own linear reader sees in the clear picture stands in their
place, so a group is "read as", and errors of the reader blur the differences. Tones are the thirds of the pictures' own
skin lightness.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visard.attack.cache import Cache
from visard.attack.evidence import number
from visard.attack.identify import ranks
from visard.attack.looks import Look, vectors
from visard.attack.recognisers import RECOGNISERS, make
from visard.attack.score import rate
from visard.evaluate.judge import Judge
from visard.evaluate.meshes import meshes
from visard.evaluate.people import load
from visard.evaluate.results import CLEAR
from visard.evaluate.table import cell
from visard.evaluate.utility import detected, pose
from visard.methods.donors import bank
from visard.shape.identity import look as embed
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import canonical
from visard.shape.texture import skin_tone
from visard.types import Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

Groups = dict[str, NDArray[np.bool_]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="surrogate", help="NAME[:KEY=VALUE...]")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=4, help="of each person")
    parser.add_argument("--recognisers", default="mobileface,faceres", help=f"of {', '.join(RECOGNISERS)}")
    parser.add_argument("--fold", choices=("tune", "judge"), default="tune", help="judge is not for tuning")
    parser.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = parser.parse_args()

    judge = Judge(load(chosen.data, chosen.people, chosen.pictures, chosen.fold), Cache(), say)
    clear, hidden = judge.looks(CLEAR), judge.looks(chosen.method)
    groups = read(clear)
    names = chosen.recognisers.split(",")
    first = {name: (firsts(clear, name, judge), firsts(hidden, name, judge)) for name in names}
    print(f"\n`{chosen.method}`, {len(hidden)} pictures of {judge.people} people, fold {chosen.fold}. Percent.\n")
    head = [f"rank-1 {name}, {what}" for name in names for what in ("clear", "hidden")]
    print("| read as | n | " + " | ".join([*head, "found again (CenterFace)", "landmark error / eyes"]) + " |")
    print("|---" * (len(head) + 4) + "|")
    for group, members in groups.items():
        own = [look for look, member in zip(hidden, members, strict=True) if member]
        found = next(score for score in detected(own, judge.keep) if score.name == "CenterFace same place")
        moved = pose(own, meshes(own, judge.keep))[0]
        cells = [cell(rate("rank-1", int(hits[members].sum()), len(own))) for name in names for hits in first[name]] + [
            cell(found),
            f"{moved.value:.3f}",
        ]
        print(f"| {group} | {len(own)} | " + " | ".join(cells) + " |")


def say(method: str, group: str, done: int, total: int) -> None:
    print(f"\r\033[K{method} {group} {done}/{total}", end="", file=sys.stderr, flush=True)


def firsts(looks: list[Look], name: str, judge: Judge) -> NDArray[np.bool_]:
    """Return whose own person comes first among the clear pictures."""
    people, shots = number([look.person for look in looks])
    recogniser = make(name)
    clean = vectors(recogniser, [look.clean for look in looks], [look.points for look in looks], judge.keep)
    hidden = vectors(recogniser, [look.hidden for look in looks], [look.best_points for look in looks], judge.keep)
    return np.asarray(ranks(hidden @ clean.T, people, shots) <= 1)


def read(looks: list[Look]) -> Groups:
    """Return the groups, as masks over the pictures, that the reader sees in the clear ones."""
    sexes, ages, tones = [], [], []
    for look in looks:
        region = Region("face", look.box, 1.0, look.points)
        texture = canonical().unwrap(look.clean, find_mesh(look.clean, region).vertices)
        who = embed(region, look.clean)
        sex, age = bank().reader(texture, None if who is None else who.embedding)[:2]
        sexes.append(float(sex))
        ages.append(10 * float(age))
        tones.append(float(skin_tone(texture)[0]))
    sex_, age_, tone = np.array(sexes), np.array(ages), np.array(tones)
    dark, light = np.quantile(tone, [1 / 3, 2 / 3])
    return {
        "everybody": np.ones(len(looks), bool),
        "women": sex_ < 0.5,
        "men": sex_ >= 0.5,
        "under 35": age_ < 35,
        "35 to 50": (age_ >= 35) & (age_ < 50),
        "from 50": age_ >= 50,
        "darkest third": tone < dark,
        "middle third": (tone >= dark) & (tone < light),
        "lightest third": tone >= light,
    }


if __name__ == "__main__":
    main()
