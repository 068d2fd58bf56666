"""The m-SVDD layer beside the linear one: clean accuracy, and how much noise each attack needs, white box.

python bench/msvdd.py --people 100 --pictures 20

Both layers lie on dlib's features of the same CelebA people. Attacks go through the layer's own outputs and its
rejection, back to the picture's pixels; L2 is the noise's norm on the picture (values 0 to 1) when an attack first
succeeds in eight bits. Each picture has the same target for both. Gradients have length 1, so that layers of different
scale compare. `unknown` only wants not to be known: misnamed or rejected. A black box knows neither the layer nor the
features: the same attacks on FaceNet's features of the same people and a linear layer of its own. Needs torch, FaceNet
and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from visard.attack.score import rate
from visard.evaluate.table import cell
from visard.methods.adversarial.ifgsm import sign_step
from visard.methods.adversarial.ifgvm import scaled, value_step
from visard.methods.adversarial.objectives import cross_entropy, rank_loss, rank_of_person
from visard.methods.adversarial.pfgvm import penalised_step
from visard.models.runtimes import one_thread
from visard.nets.descent import descend, drawn_back, minimise
from visard.nets.msvdd import Linear, Msvdd
from visard.nets.scene import Scene, portraits, warp
from visard.nets.ssim import ssim
from visard.nets.transfer import chained, diverse, momentum, translated
from visard.nets.whitebox import WhiteBox, white_box
from visard.shape.similarity import Matrix, fit
from visard.train.faces import Photo, packed
from visard.train.msvdd import LEAST, Defence, gather
from visard.train.msvdd import fit as train

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

STEPS, LENGTH, SIGN, PENALTY, RANK = 80, 0.25, 0.0015, 0.02, 4
MARGIN = 0.2
BOUND, RATE, SIMILAR, DEAR = 0.1, 0.05, 0.95, 60.0
"""The cloak's largest change, its step, the structural similarity that it keeps, and what that weighs."""

PHOTOS = 4
"""Of each person, that the black box learns from."""

Head = Linear | Msvdd
Step = Callable[[Tensor, Tensor, Tensor], Tensor]


def penalised(x: Tensor, gradient: Tensor, origin: Tensor) -> Tensor:
    return penalised_step(x, scaled(gradient, "unit"), origin, LENGTH, PENALTY)


def gathered() -> Step:
    change = chained(translated(7), momentum(1.0))
    return lambda x, g, origin: sign_step(x, change(g), origin, SIGN, 0.1)


RULES: dict[str, Callable[[], Step]] = {
    "ifgsm": lambda: lambda x, g, origin: sign_step(x, g, origin, SIGN, 0.1),
    "ifgvm": lambda: lambda x, g, origin: value_step(x, scaled(g, "unit"), LENGTH),
    "pfgvm": lambda: penalised,
    "mifgsm": gathered,
    "ka3": lambda: penalised,
    "unknown": lambda: penalised,
}
ATTACKS = (*list(RULES)[:-1], "cloak", "unknown")


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A recogniser's features as a layer sees them: less their mean, divided by their spread."""

    box: WhiteBox
    mean: Tensor
    spread: Tensor

    def __call__(self, x: Tensor, matrix: Matrix, diversity: float, random: torch.Generator) -> Tensor:
        face = warp(x, matrix, self.box.framing.side)
        face = diverse(face, diversity, random) if diversity else face
        return (self.box.net(face) - self.mean) / self.spread


class Victim:
    """A picture, its person's class, and what a layer says of it."""

    def __init__(self, photo: Photo, label: int, known: Known) -> None:
        assert photo.region.points is not None, "photos come with points"
        self.scene = Scene(photo.pixels, np.ones(photo.pixels.shape[:2], np.float32), photo.region.points)
        self.label, self.known = label, known

    def outputs(self, x: Tensor, head: Head, known: Known | None = None, diversity: float = 0.0) -> Tensor:
        """Return what a layer says; known: of whose features, of dlib's as they are known here unless said."""
        known = known or self.known
        matrix = fit(self.scene.points, known.box.framing.template())
        out: Tensor = head(known(x, matrix, diversity, self.scene.random))[0]
        return out

    def attack(self, how: str, head: Head, target: int, known: Known | None = None) -> Tensor | None:
        """Return the perturbed picture, None where the attack fails within its steps."""

        def does(x: Tensor) -> bool:
            with torch.no_grad():
                return self.fooled(how, self.outputs((x * 255).round() / 255, head, known), head, target)

        def loss(x: Tensor) -> Tensor:
            return self._loss(how, self.outputs(x, head, known, 0.5 * (how == "mifgsm")), head, target)

        origin = self.scene.picture
        if how == "cloak":
            return self._cloak(loss, does)
        step = RULES[how]()
        x = descend(origin, lambda x: (loss(x), True), lambda x, g: step(x, g, origin), STEPS, does)
        return x if does(x) else None

    def _cloak(self, loss: Callable[[Tensor], Tensor], does: Callable[[Tensor], bool]) -> Tensor | None:
        """Return what a cloak within its budget comes to, its change drawn back as far as it still does."""
        origin = self.scene.picture

        def picture(w: Tensor) -> Tensor:
            return (origin + BOUND * w.tanh()).clamp(0, 1)

        def beyond(x: Tensor) -> Tensor:
            return loss(x) + DEAR * (SIMILAR - ssim(x, origin)).clamp(min=0)

        x = self.scene.within(minimise(beyond, picture, origin, STEPS, RATE), SIMILAR)
        return drawn_back(x, origin, does) if does(x) else None

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
        own = Known(white_box("dlib"), defence.mean, defence.spread)
        people = list(islice(victims(chosen.data, known.people, defence, own), chosen.pictures))
        compare(people, defence)
        black_box(people, defence, *foreign(chosen.data, known.people))


def aimed(one: Victim, defence: Defence) -> int:
    """Return at whom attacks on a picture aim: the class that the linear layer finds next likely."""
    with torch.no_grad():
        ranked = one.outputs(one.scene.picture, defence.linear).argsort(descending=True)
    return int(ranked[1] if int(ranked[0]) == one.label else ranked[0])


def compare(people: list[Victim], defence: Defence) -> None:
    print("| attack | linear: succeeds | L2, median | m-SVDD: succeeds | L2, median | ratio, both succeed | "
          "linear's noise on m-SVDD: succeeds | not known |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for how in ATTACKS:
        noise: list[tuple[float, float]] = []
        transfer = unknown = 0
        for one in tqdm(people, desc=how, file=sys.stderr, leave=False):
            target = aimed(one, defence)
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


def black_box(people: list[Victim], defence: Defence, known: Known, head: Linear) -> None:
    """Print what noise made on another network, by somebody who knows only who is who, does to both layers."""
    print("\n| black box: attack on FaceNet | succeeds there | linear: misnamed | m-SVDD: misnamed | or rejected |")
    print("|---|---|---|---|---|")
    layers: tuple[Head, ...] = (defence.linear, defence.msvdd, defence.msvdd)
    for how in ATTACKS:
        counts, made = [0, 0, 0], 0
        for one in tqdm(people, desc=how, file=sys.stderr, leave=False):
            x = one.attack(how, head, aimed(one, defence), known)
            made += x is not None
            if x is None:
                continue
            with torch.no_grad():
                for i, layer in enumerate(layers):
                    outputs = one.outputs((x * 255).round() / 255, layer)
                    named = int(outputs.argmax()) != one.label
                    accepted = bool(layer.accepts(outputs[None])[0])
                    counts[i] += (not accepted or named) if i == 2 else (named and accepted)
        cells = [
            cell(rate("there", made, len(people))),
            *(cell(rate("carried", c, made)) if made else "-" for c in counts),
        ]
        print(f"| {how} | {' | '.join(cells)} |", flush=True)


def foreign(data: Path, people: tuple[str, ...]) -> tuple[Known, Linear]:
    """Return FaceNet's features and a linear layer on them, learned from a few photos of each of the people."""
    box, rows, labels = white_box("facenet"), [], []
    photos, total = packed(data, "celeba_train")
    seen: Counter[str] = Counter()
    for photo in tqdm(photos, total=total, desc="facenet", file=sys.stderr, leave=False):
        if photo is None or photo.person not in people or seen[photo.person] >= PHOTOS:
            continue
        seen[photo.person] += 1
        assert photo.region.points is not None, "photos come with points"
        rows.append(portraits(box, [(photo.pixels, photo.region.points)])[0])
        labels.append(people.index(photo.person))
    x, y = torch.stack(rows), torch.tensor(labels)
    known = Known(box, x.mean(dim=0), x.std())
    torch.manual_seed(0)
    head = Linear(x.shape[1], len(people))
    adam = torch.optim.Adam(head.parameters(), lr=1e-2, weight_decay=1e-4)
    for _ in range(200):
        adam.zero_grad()
        nn.functional.cross_entropy(head((x - known.mean) / known.spread), y).backward()
        adam.step()
    head.eval().requires_grad_(False)
    return known, head


def victims(data: Path, people: tuple[str, ...], defence: Defence, known: Known) -> Iterator[Victim]:
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
        one = Victim(photo, people.index(photo.person), known)
        with torch.no_grad():
            outputs = [one.outputs(one.scene.picture, head) for head in (defence.linear, defence.msvdd)]
        named = all(int(o.argmax()) == one.label for o in outputs)
        if named and bool(defence.msvdd.accepts(outputs[1][None])[0]):
            done.add(photo.person)
            yield one


if __name__ == "__main__":
    main()
