"""What a password is worth that a network learnt: right, wrong and nearly right ones, all 16 bits of one tried, copies.

python bench/unlock.py --method transformer --weights transformer.onnx --people 20 --keys 4096

Prints Markdown tables for people of the tuning half of LFW: how like themselves people are, hidden and brought back, to
two recognisers that nobody was taught with; how an attacker who has another photo of somebody ranks the right password
among others; and what copies of the file leave. Needs the development data (VISARD_DATA) and a network with its card.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.attack.looks import faces, main_face
from visard.attack.recognisers import make
from visard.attack.recognisers.recogniser import Recogniser, stack
from visard.attack.score import wilson
from visard.evaluate.hiding import ready
from visard.evaluate.people import Picture, load
from visard.evaluate.quality import psnr, ssim
from visard.found import Found
from visard.hider import Hider
from visard.methods.keyed import Keyed
from visard.methods.learned import Described, Learned
from visard.policy import Policy, Rule
from visard.reveal import backwards
from visard.types import Frame, Pixels, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
Vectors = NDArray[np.float32]

FALSE = 0.01
"""Share of strangers whom a recogniser takes for one person at the threshold that it is asked with."""


@dataclass(frozen=True, eq=False)
class Case:
    """A picture, who hides it, where, and how it looks hidden."""

    picture: Picture
    hider: Hider
    region: Region
    hidden: Pixels

    def back(self, secret: bytes, pixels: Pixels | None = None, factors: dict[str, str] | None = None) -> Pixels:
        """Return what comes back under a secret, of the hidden pixels or of a copy of them."""
        hider = backwards(self.hider, factors)
        method = hider.methods["face"]
        assert isinstance(method, Keyed)
        hider.methods["face"] = method.keyed(secret)
        return hider(Frame(self.hidden if pixels is None else pixels), [self.region]).pixels

    @property
    def secret(self) -> bytes:
        """The right one."""
        method = self.hider.methods["face"]
        assert isinstance(method, Learned)
        return method._secret

    @property
    def crop(self) -> tuple[slice, slice]:
        """The face's box in the picture."""
        return self.region.box.cells(*self.picture.pixels.shape[:2])


def cases(pictures: Sequence[Picture], policy: Policy) -> Iterator[Case]:
    for picture in pictures:
        main = main_face([replace(r, track=1) for r in faces(picture.pixels, "fine")], picture.pixels)
        if main is not None:
            hider, found = ready(picture, [main], policy)
            (region,) = Found(found.regions).at(0)
            if region.mesh is not None and region.track not in hider.unfit:
                yield Case(picture, hider, region, hider(Frame(picture.pixels), [region]).pixels)


def looks(recogniser: Recogniser, cases: Sequence[Case], shown: Sequence[Pixels]) -> Vectors:
    points = [case.region.points for case in cases]
    vectors = recogniser(stack(shown, [p for p in points if p is not None], recogniser.framing))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def flipped(secret: bytes, bit: int) -> bytes:
    changed = bytearray(secret)
    changed[bit // 8] ^= 128 >> bit % 8
    return bytes(changed)


def other(secret: bytes, number: int, bits: int) -> bytes:
    """Return a secret whose first bits are a number's."""
    wanted = np.array([number >> place & 1 for place in range(bits)], np.uint8)
    whole = np.unpackbits(np.frombuffer(secret, np.uint8))
    whole[:bits] = wanted
    return np.packbits(whole).tobytes()


def passwords(them: Sequence[Case], bits: int, recognisers: Sequence[Recogniser], chance: np.random.Generator) -> None:
    wrong = [case.back(chance.bytes(32)) for case in them]
    near = [case.back(flipped(case.secret, int(chance.integers(bits)))) for case in them]
    shown = {
        "as it was": [case.picture.pixels for case in them],
        "hidden": [case.hidden for case in them],
        "hidden, another password": [rehidden(case, chance.bytes(32)) for case in them],
        "right password": [case.back(case.secret) for case in them],
        "one bit wrong": near,
        "wrong password": wrong,
    }
    if isinstance(them[0].hider.methods["face"], Described):
        turned = [case.back(case.secret, factors={"sex": opposite(case)}) for case in them]
        shown["right password, wrong sex"] = turned
    clean = {r.name: looks(r, them, shown["as it was"]) for r in recognisers}
    limits = {name: threshold(vectors, them) for name, vectors in clean.items()}
    told = "; ".join(f"{name} at cosine {limit:.2f}" for name, limit in limits.items())
    print(f"\nKnown as themselves, of {len(them)}; {100 * FALSE:g} % of strangers are taken for one person ({told}).\n")
    print(f"| | {' | '.join(limits)} | cosine by {next(iter(limits))} | PSNR | SSIM |")
    print(f"|---|{'---|' * (len(limits) + 3)}")
    for name, pixels in shown.items():
        cells, first = [], None
        for recogniser in recognisers:
            alike = (looks(recogniser, them, pixels) * clean[recogniser.name]).sum(1)
            first = alike if first is None else first
            known = int((alike > limits[recogniser.name]).sum())
            low, high = wilson(known, len(them))
            cells.append(f"{100 * known / len(them):.0f} % ({100 * low:.0f}-{100 * high:.0f})")
        assert first is not None
        pairs = [(case.picture.pixels[case.crop], p[case.crop]) for case, p in zip(them, pixels, strict=True)]
        db = [value for pair in pairs if (value := psnr(*pair)) is not None]
        quality = f"{np.mean(db):.1f} dB" if np.isfinite(db).all() else "infinite"
        like = np.mean([ssim(*pair) for pair in pairs])
        print(f"| {name} | {' | '.join(cells)} | {first.mean():.2f} | {quality} | {like:.3f} |", flush=True)


def rehidden(case: Case, secret: bytes) -> Pixels:
    method = case.hider.methods["face"]
    assert isinstance(method, Keyed)
    hider = backwards(case.hider)
    hider.methods["face"] = method.keyed(secret)
    return hider(Frame(case.picture.pixels), [case.region]).pixels


def opposite(case: Case) -> str:
    (role,) = case.hider.methods["face"]._roles.values()  # type: ignore[attr-defined]
    return "female" if role.sex == "male" else "male"


def threshold(vectors: Vectors, them: Sequence[Case]) -> float:
    people = np.array([case.picture.person for case in them])
    strangers = (vectors @ vectors.T)[people[:, None] != people[None]]
    return float(np.quantile(strangers, 1 - FALSE))


def search(them: Sequence[Case], bits: int, keys: int, recogniser: Recogniser, chance: np.random.Generator) -> None:
    """Rank the right key among others by likeness to another photo of the same person, and count the tries."""
    ranks, begun, tries = [], time.perf_counter(), 0
    for _, own in groupby(them, key=lambda case: case.picture.person):
        one, *rest = own
        if not rest:
            continue
        target = looks(recogniser, rest[:1], [rest[0].picture.pixels])[0]
        numbers = chance.permutation(1 << bits)[: keys - 1] if bits <= 20 else chance.integers(0, 1 << 62, keys - 1)
        guesses = [one.secret, *(other(one.secret, int(n), bits) for n in numbers)]
        alike = [float(looks(recogniser, [one], [one.back(guess)])[0] @ target) for guess in guesses]
        tries += len(guesses)
        ranks.append(1 + int((np.array(alike[1:]) >= alike[0]).sum()))
    each = (time.perf_counter() - begun) / max(tries, 1)
    first = sum(rank == 1 for rank in ranks)
    print(f"\nThe right one of {keys} passwords, by likeness to another photo ({recogniser.name}): rank")
    print(f"{np.median(ranks):.0f} (median of {len(ranks)} people; chance {keys / 2:.0f}), first for {first}. One try")
    print(f"takes {1000 * each:.0f} ms, all 2^{bits} of them {each * 2.0**bits / 3600:.3g} hours of one thread.")


def copies(them: Sequence[Case]) -> None:
    def jpeg(quality: int) -> Callable[[Pixels], Pixels]:
        def copied(pixels: Pixels) -> Pixels:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=quality)
            return np.asarray(Image.open(file))

        return copied

    def smaller(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)

    ways = {"PNG": lambda p: p, "JPEG 95": jpeg(95), "JPEG 75": jpeg(75), "JPEG 50": jpeg(50), "half the size": smaller}
    print("\n| copy | brought back |\n|---|---|")
    for name, way in ways.items():
        back = [(case.picture.pixels[case.crop], case.back(case.secret, way(case.hidden))[case.crop]) for case in them]
        db = [value for pair in back if (value := psnr(*pair)) is not None]
        print(f"| {name} | {np.mean(db):.2f} dB (n = {len(db)}) |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--method", default="transformer")
    arguments.add_argument("--weights", default="", help="an ONNX file that `visard train export` made")
    arguments.add_argument("--people", type=int, default=20)
    arguments.add_argument("--keys", type=int, default=256, help="tried for each person, 0 for none")
    arguments.add_argument("--attacked", type=int, default=5, help="people for whom they are tried")
    arguments.add_argument("--recognisers", default="faceres,mobileface")
    chosen = arguments.parse_args()
    cv2.setNumThreads(1)
    settings = {"weights": chosen.weights} if chosen.weights else {}
    policy, chance = Policy({"face": Rule(chosen.method, settings)}), np.random.default_rng(0)
    bits = int(Hider(policy).methods["face"]._net.facts["bits"])  # type: ignore[attr-defined]
    recognisers = [make(name) for name in chosen.recognisers.split(",")]
    them = list(cases(load(DATA / "lfw_dev.tar", chosen.people, 2, "tune"), policy))
    print(f"{chosen.method}: {len(them)} pictures of {chosen.people} people, {bits} bits.")
    passwords(them, bits, recognisers, chance)
    copies(them)
    if chosen.keys:
        search(them[: 2 * chosen.attacked], bits, chosen.keys, recognisers[0], chance)


if __name__ == "__main__":
    main()
