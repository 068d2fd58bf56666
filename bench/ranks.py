"""k-A3: at which place of a ranking the person comes, over K places, beside the plain attack.

python bench/ranks.py --people 60 --places 2,5,10 --fold tune

A closed set: one class a person, dlib's vector of their second picture; the first picture is perturbed, saved as JPEG
at quality 90, found, aligned and ranked anew. Each place is asked for equally often. Needs torch and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from machines import jpeg
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.looks import at_place, embed, faces, main_face
from visard.attack.recognisers import make
from visard.attack.score import rate
from visard.evaluate.people import Picture, load
from visard.evaluate.quality import ssim
from visard.evaluate.table import cell
from visard.methods.adversarial.ka3 import Ka3, spread
from visard.methods.adversarial.objectives import cross_entropy, rank_of_person
from visard.methods.adversarial.pfgvm import penalised_step
from visard.models.runtimes import one_thread
from visard.nets.descent import descend
from visard.nets.scene import Scene, Sight
from visard.nets.whitebox import white_box
from visard.paste import paste
from visard.policy import Rule
from visard.shape.align import cut
from visard.types import Frame, Patch, Pixels, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

CRITICAL = {2: 3.84, 5: 9.49, 10: 16.92}
"""Chi-square that uniform places exceed in one of twenty trials, for K - 1 degrees of freedom."""

STEP = 0.3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=60)
    arguments.add_argument("--places", default="2,5,10")
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune")
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = arguments.parse_args()
    cache = Cache()
    pictures = load(chosen.data, chosen.people, 2, chosen.fold)
    found = [(p, main_face(faces(p.pixels, "fine", cache), p.pixels)) for p in pictures]
    pairs = [(p, f, q, g) for (p, f), (q, g) in zip(found[::2], found[1::2], strict=True) if f and g]
    classes = torch.from_numpy(
        embed(
            make("dlib"), [q.pixels for *_, q, _ in pairs], [g.points for *_, g in pairs if g.points is not None], cache
        )
    )
    n = len(pairs)
    print(f"{n} people, fold {chosen.fold}; chi-square against uniform over the K places asked for\n")
    print("| attack | places of the person: how often | chi-square (critical) | most at one place | first | SSIM |")
    print("|---|---|---|---|---|---|")
    for k in (None, *(int(k) for k in chosen.places.split(","))):
        ranks = np.random.default_rng(k or 0).permutation([2 + i % (k or 1) for i in range(n)])
        places, similar = [], []
        for i, (picture, face, *_) in enumerate(tqdm(pairs, desc=f"K = {k}", file=sys.stderr, leave=False)):
            place, quality = attack(picture, face, classes, i, k, int(ranks[i]))
            places.append(place)
            similar.append(quality)
        print(row(k, places, similar), flush=True)


def attack(
    picture: Picture, face: Region, classes: torch.Tensor, person: int, k: int | None, rank: int
) -> tuple[int, float]:
    """Return at which place the person comes in the saved picture, and the window's SSIM; no k is the plain attack."""
    frame = Frame(picture.pixels)
    patch = cut(frame, face, Rule(), person)
    assert patch is not None and patch.points is not None, "the face lies in the picture"
    others = torch.cat([classes[:person], classes[person + 1 :]])
    with one_thread(torch):
        scene = Scene(patch.pixels, patch.mask, patch.points, person)
        seen = scene.sight(white_box("dlib"), others, classes.mean(dim=0))
        sight = Sight(seen.box, seen.matrix, classes[person], others, seen.centre)
        how = Ka3(k=k or 2)
        x = plain(scene, sight, how) if k is None else spread(scene, [sight], rank, how, far=False)
        new = scene.finish(x)
    saved = jpeg(pasted(frame, patch, new))
    again = at_place(face.box, faces(saved, "coarse"))
    points = face.points if again is None else again.points
    assert points is not None, "faces have points"
    vector = torch.from_numpy(embed(make("dlib"), [saved], [points]))[0]
    return rank_of_person(sight.logits(vector)), ssim(patch.pixels, new)


def plain(scene: Scene, sight: Sight, how: Ka3) -> torch.Tensor:
    """Return P-FGVM's picture, aimed at the class most alike: what seed 002 compares with."""
    label = 1 + int(sight.logits(sight.own)[1:].argmax())

    def does(x: torch.Tensor) -> bool:
        return int(sight.logits(scene.saved(x, [sight])[0]).argmax()) == label

    def objective(x: torch.Tensor) -> tuple[torch.Tensor, bool]:
        logits = sight.logits(scene.look(x, [sight], ("jpeg", "align"))[0])
        return cross_entropy(logits, label), int(logits.detach().argmax()) == label

    def step(x: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        return penalised_step(x, gradient, scene.picture, STEP / 10, how.penalty)

    return descend(scene.picture, objective, step, how.steps, does)


def pasted(frame: Frame, patch: Patch, new: Pixels) -> Pixels:
    canvas = Frame(frame.pixels.copy())
    paste(canvas, patch, new)
    return canvas.pixels


def row(k: int | None, places: list[int], similar: list[float]) -> str:
    counts, n = Counter(places), len(places)
    asked = range(2, 2 + (k or 1))
    wrong = n - sum(counts[place] for place in asked)
    # Places that were not asked for are one cell of their own, which nobody should be in.
    chi = sum((counts[place] - n / (k or 1)) ** 2 / (n / (k or 1)) for place in asked) if k else float("nan")
    most = rate("most", max(counts.values()), n)
    shown = ", ".join(f"{place}: {counts[place]}" for place in sorted(counts))
    name = f"k-A3, K = {k} (1/K = {100 / k:.0f} %)" if k else "P-FGVM (plain)"
    limit = f"{chi:.2f} ({CRITICAL.get(k, float('nan'))}); {wrong} elsewhere" if k else "-"
    first = rate("first", counts[1], n)
    return f"| {name} | {shown} | {limit} | {cell(most)} | {cell(first)} | {np.mean(similar):.3f} |"


if __name__ == "__main__":
    main()
