"""The m-SVDD layer beside the linear one: clean accuracy, and how much noise each attack needs, white box.

python bench/msvdd.py --people 100 --pictures 20

Both layers lie on dlib's features of the same CelebA people. Attacks go through the layer's own outputs and its
rejection, back to the picture's pixels; L2 is the noise's norm on the picture (values 0 to 1) when an attack first
succeeds in eight bits. Each picture has the same target for both. Gradients have length 1, so that layers of different
scale compare. `unknown` only wants not to be known: misnamed or rejected. Needs torch and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from visard.attack.score import rate
from visard.evaluate.table import cell
from visard.methods.adversarial.ifgsm import sign_step
from visard.methods.adversarial.ifgvm import scaled, value_step
from visard.methods.adversarial.objectives import cross_entropy, rank_loss, rank_of_person
from visard.methods.adversarial.pfgvm import penalised_step
from visard.models.runtimes import one_thread
from visard.nets.descent import descend
from visard.nets.msvdd import Linear, Msvdd
from visard.nets.scene import Scene, warp
from visard.nets.whitebox import white_box
from visard.shape.similarity import fit
from visard.train.faces import Photo, packed
from visard.train.msvdd import LEAST, Defence, gather
from visard.train.msvdd import fit as train

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

STEPS, LENGTH, SIGN, PENALTY, RANK = 80, 0.25, 0.0015, 0.02, 4
MARGIN = 0.2

Head = Linear | Msvdd
Step = Callable[[Tensor, Tensor, Tensor], Tensor]

RULES: dict[str, Step] = {
    "ifgsm": lambda x, g, origin: sign_step(x, g, origin, SIGN, 0.1),
    "ifgvm": lambda x, g, origin: value_step(x, scaled(g, "unit"), LENGTH),
    "pfgvm": lambda x, g, origin: penalised_step(x, scaled(g, "unit"), origin, LENGTH, PENALTY),
    "ka3": lambda x, g, origin: penalised_step(x, scaled(g, "unit"), origin, LENGTH, PENALTY),
    "unknown": lambda x, g, origin: penalised_step(x, scaled(g, "unit"), origin, LENGTH, PENALTY),
}


class Victim:
    """A picture, its person's class, and what a layer says of it."""

    def __init__(self, photo: Photo, label: int, defence: Defence) -> None:
        assert photo.region.points is not None, "photos come with points"
        self.scene = Scene(photo.pixels, np.ones(photo.pixels.shape[:2], np.float32), photo.region.points)
        self.box, self.label, self.defence = white_box("dlib"), label, defence
        self._matrix = fit(self.scene.points, self.box.framing.template())

    def outputs(self, x: Tensor, head: Head) -> Tensor:
        face = warp(x, self._matrix, self.box.framing.side)
        out: Tensor = head((self.box.net(face) - self.defence.mean) / self.defence.spread)[0]
        return out

    def attack(self, how: str, head: Head, target: int) -> Tensor | None:
        """Return the perturbed picture, None where the attack fails within its steps."""

        def does(x: Tensor) -> bool:
            with torch.no_grad():
                return self.fooled(how, self.outputs((x * 255).round() / 255, head), head, target)

        def objective(x: Tensor) -> tuple[Tensor, bool]:
            return self._loss(how, self.outputs(x, head), head, target), True

        origin = self.scene.picture
        x = descend(origin, objective, lambda x, g: RULES[how](x, g, origin), STEPS, does)
        return x if does(x) else None

    def fooled(self, how: str, outputs: Tensor, head: Head, target: int) -> bool:
        accepted = bool(head.accepts(outputs[None])[0])
        if how == "ka3":
            return accepted and rank_of_person(self._own_first(outputs)) == RANK
        if how == "unknown":
            return not accepted or int(outputs.argmax()) != self.label
        return accepted and int(outputs.argmax()) == target

    def _loss(self, how: str, outputs: Tensor, head: Head, target: int) -> Tensor:
        defended = isinstance(head, Msvdd)
        refused = (-outputs.max()).clamp(min=0) if defended else outputs.new_zeros(())
        if how == "ka3":
            return rank_loss(self._own_first(outputs), RANK, MARGIN) + refused
        if how == "unknown":
            others = torch.cat([outputs[: self.label], outputs[self.label + 1 :]])
            return outputs[self.label] if defended else outputs[self.label] - others.max()
        return cross_entropy(outputs, target) + ((-outputs[target]).clamp(min=0) if defended else 0)

    def _own_first(self, outputs: Tensor) -> Tensor:
        return torch.cat([outputs[self.label, None], outputs[: self.label], outputs[self.label + 1 :]])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--pictures", type=int, default=20)
    arguments.add_argument("--data", type=Path, default=DATA)
    chosen = arguments.parse_args()
    photos, total = packed(chosen.data, "celeba_train")
    known = gather(photos, total, chosen.people, lambda *_: None, chosen.data)
    defence = train(known, 0)
    test = int((known.part == 2).sum())
    print(f"{len(known.people)} people, {test} test photos: linear {100 * defence.accuracy[0]:.1f} % right, m-SVDD "
          f"{100 * defence.accuracy[1]:.1f} %; {100 * defence.accepted:.1f} % right and accepted\n")  # fmt: skip
    with one_thread(torch):
        compare(list(islice(victims(chosen.data, known.people, defence), chosen.pictures)), defence)


def compare(people: list[Victim], defence: Defence) -> None:
    print("| attack | linear: succeeds | L2, median | m-SVDD: succeeds | L2, median | ratio, both succeed | "
          "linear's noise on m-SVDD: succeeds | not known |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for how in RULES:
        noise: list[tuple[float, float]] = []
        transfer = unknown = 0
        for one in tqdm(people, desc=how, file=sys.stderr, leave=False):
            with torch.no_grad():
                ranked = one.outputs(one.scene.picture, defence.linear).argsort(descending=True)
            target = int(ranked[1] if int(ranked[0]) == one.label else ranked[0])
            results = [one.attack(how, head, target) for head in (defence.linear, defence.msvdd)]
            energies = [np.nan if x is None else float((x - one.scene.picture).norm()) for x in results]
            noise.append((energies[0], energies[1]))
            if results[0] is not None:
                with torch.no_grad():
                    outputs = one.outputs(results[0], defence.msvdd)
                transfer += one.fooled(how, outputs, defence.msvdd, target)
                unknown += one.fooled("unknown", outputs, defence.msvdd, target)
        table, n = np.array(noise), len(people)
        won = np.isfinite(table)
        both = won.all(axis=1)
        ratio = float(np.median(table[both, 1] / table[both, 0])) if both.any() else float("nan")
        done = int(won[:, 0].sum())
        first, second = (cell(rate("succeeds", int(won[:, i].sum()), n)) for i in range(2))
        carried = [cell(rate("transfer", count, done)) if done else "-" for count in (transfer, unknown)]
        median = [float(np.nanmedian(table[:, i])) if won[:, i].any() else float("nan") for i in range(2)]
        sizes = f"{first} | {median[0]:.2f} | {second} | {median[1]:.2f}"
        print(f"| {how} | {sizes} | {ratio:.2f} (n = {int(both.sum())}) | "
              f"{carried[0]} | {carried[1]} |", flush=True)  # fmt: skip


def victims(data: Path, people: tuple[str, ...], defence: Defence) -> Iterator[Victim]:
    """Yield one test photo a person that both layers name rightly and m-SVDD accepts."""
    seen: dict[str, int] = {}
    done: set[str] = set()
    photos, _ = packed(data, "celeba_train")
    for photo in photos:
        if photo.person not in people or photo.person in done:
            continue
        seen[photo.person] = seen.get(photo.person, 0) + 1
        if seen[photo.person] % LEAST:
            continue
        one = Victim(photo, people.index(photo.person), defence)
        with torch.no_grad():
            outputs = [one.outputs(one.scene.picture, head) for head in (defence.linear, defence.msvdd)]
        named = all(int(o.argmax()) == one.label for o in outputs)
        if named and bool(defence.msvdd.accepts(outputs[1][None])[0]):
            done.add(photo.person)
            yield one


if __name__ == "__main__":
    main()
