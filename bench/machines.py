"""Attacks on recognition, side by side: whom they fool, what they cost, how little they show.

python bench/machines.py --methods ifgsm,ifgvm,pfgvm --people 20 --fold tune --json OUT.json
python bench/machines.py --figure OUT.png

Each person's first picture is hidden (pasted, eight bits, JPEG at quality 90, found and aligned anew) and compared with
itself and with the second picture. SSIM, PSNR and L2 are those of the hidden part's window. --figure draws the
public-domain astronaut and the magnified perturbations instead. Needs torch, all recognisers, and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.looks import at_place, embed, faces, main_face
from visard.attack.recognisers import HELD_OUT, available, make
from visard.attack.score import Score, rate
from visard.evaluate.people import Picture, load
from visard.evaluate.quality import psnr, ssim
from visard.evaluate.table import cell
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels, Points, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

WHITE = ("dlib", "facenet")
SHARE = 1e-2
"""Share of pairs of strangers that is accepted."""

ENOUGH = 0.95
"""SSIM of the hidden part's window that a fooled network is worth."""

FIGURE = ("ifgsm", "ifgvm", "pfgvm", "ka3:k=2", "ka3:k=5", "ka3:k=10", "cloak")
GAIN = 10

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """A hidden picture as saved, its face's points as found anew, and what hiding cost and changed.

    found: whether it was; else the points are those of the clear picture.
    """

    pixels: Pixels
    points: Points
    found: bool
    seconds: float
    ssim: float
    psnr: float
    l2: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--methods", default="ifgsm,ifgvm,pfgvm,mifgsm,ka3,cloak", help="NAME[:KEY=VALUE...]")
    arguments.add_argument("--people", type=int, default=20)
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune")
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--figure", type=Path)
    chosen = arguments.parse_args()
    if chosen.figure:
        Image.fromarray(figure()).save(chosen.figure, quality=88)
        return
    cache = Cache()
    pictures = load(chosen.data, chosen.people, 2, chosen.fold)
    shown = [(p, main_face(faces(p.pixels, "fine", cache), p.pixels)) for p in pictures]
    both = [(a, b) for a, b in zip(shown[::2], shown[1::2], strict=True) if a[1] and b[1]]
    clear = {
        name: Clear(name, [*(a for a, _ in both), *(b for _, b in both)], cache)
        for name in (*WHITE, *available(HELD_OUT))
    }
    n = len(both)
    print(f"{n} people, fold {chosen.fold}; TAR at FAR {SHARE:g} against another picture, clear -> hidden; kept: a "
          "hidden picture is not matched with itself at that threshold.\n")  # fmt: skip
    print(f"| attack | SSIM (least) | PSNR | L2 | CPU s (most) | faces lost | dlib fooled at SSIM {ENOUGH:g} | "
          + " | ".join(clear) + " |")  # fmt: skip
    print("|---" * (7 + len(clear)) + "|")
    results = []
    for method in chosen.methods.split(","):
        hidden = [
            hide(method, p, face) for (p, face), _ in tqdm(both, desc=method, file=sys.stderr, leave=False) if face
        ]
        lost = sum(not h.found for h in hidden)
        points = [h.points for h in hidden]
        cells, own, clean = [], {}, np.array([h.ssim >= ENOUGH for h in hidden])
        for name, known in clear.items():
            vectors = embed(known.recogniser, [h.pixels for h in hidden], points)
            before, after = known.scores(known.vectors[:n]), known.scores(vectors)
            evades = known.evades(vectors)
            evaded = rate("evaded", int(evades.sum()), n)
            if name == WHITE[0]:
                both_kept = rate("fooled", int((evades & clean).sum()), n)
            own[name] = {"TAR clear": before.value, "TAR": after.value, "evaded": evaded.value}
            cells.append(f"{cell(evaded)}; TAR {cell(before)} -> {cell(after)}")
        mean = {key: float(np.mean([getattr(h, key) for h in hidden])) for key in ("ssim", "psnr", "l2", "seconds")}
        least, most = min(h.ssim for h in hidden), max(h.seconds for h in hidden)
        cells.insert(0, cell(both_kept))
        print(f"| {method} | {mean['ssim']:.3f} ({least:.3f}) | {mean['psnr']:.1f} | {mean['l2']:.2f} | "
              f"{mean['seconds']:.2f} ({most:.2f}) | {lost} | {' | '.join(cells)} |", flush=True)  # fmt: skip
        results.append({"method": method, "n": n, **mean, "least ssim": least, "recognisers": own})
    if chosen.json:
        machine = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        chosen.json.write_text(json.dumps({**machine, "fold": chosen.fold, "results": results}, indent=1) + "\n")


class Clear:
    """A recogniser and its vectors of the clear pictures: those to be hidden first, then each person's other one."""

    def __init__(self, name: str, shown: list[tuple[Picture, Region | None]], cache: Cache) -> None:
        self.recogniser = make(name)
        points = [face.points for _, face in shown if face is not None and face.points is not None]
        self.vectors = embed(self.recogniser, [p.pixels for p, _ in shown], points, cache)
        self.number = len(shown) // 2

    def scores(self, probes: Vectors) -> Score:
        """Return how many probes are taken for the person of the other picture."""
        likeness = probes @ self.vectors[self.number :].T
        return rate("TAR", int((np.diag(likeness) > self._threshold(likeness)).sum()), self.number)

    def evades(self, probes: Vectors) -> NDArray[np.bool_]:
        """Return which probes are not even taken for the person of the same picture."""
        clear = self.vectors[: self.number]
        threshold = self._threshold(clear @ self.vectors[self.number :].T)
        return np.asarray((probes * clear).sum(1) <= threshold)

    def _threshold(self, likeness: Vectors) -> float:
        return float(np.quantile(likeness[~np.eye(len(likeness), dtype=bool)], 1 - SHARE))


def hide(method: str, picture: Picture, face: Region) -> Hidden:
    """Hide one face as the corridor does, save it, and find it again."""
    hider, frame = Hider(Policy({"face": rule(method)}), source=picture.name), Frame(picture.pixels)
    began = process_time()
    new = hider(frame, [face]).pixels
    seconds = process_time() - began
    patch = hider.patch(frame, face)
    assert patch is not None, "the face lies in the picture"
    x, y = (int(v) for v in patch.to_frame[:, 2])
    cells = np.s_[y : y + patch.mask.shape[0], x : x + patch.mask.shape[1]]
    change = (new[cells].astype(np.float64) - picture.pixels[cells]) / 255
    saved = jpeg(new)
    again = at_place(face.box, faces(saved, "coarse"))
    points = face.points if again is None else again.points
    assert points is not None, "faces have points"
    quality = ssim(picture.pixels[cells], new[cells]), psnr(picture.pixels[cells], new[cells])
    return Hidden(saved, points, again is not None, seconds, *quality, float(np.linalg.norm(change)))


def rule(method: str) -> Rule:
    name, *pairs = method.split(":")
    settings: dict[str, Any] = {}
    for key, _, value in (pair.partition("=") for pair in pairs):
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value.replace("+", ",")
    return Rule(name, settings)


def jpeg(pixels: Pixels) -> Pixels:
    saved = io.BytesIO()
    Image.fromarray(pixels).save(saved, "JPEG", quality=90)
    return np.array(Image.open(saved))


def figure() -> Pixels:
    """Return the astronaut, clear and under each attack, above the perturbations, magnified."""
    from skimage import data

    pixels = np.asarray(data.astronaut())[:260, 90:350]
    face = main_face(faces(pixels), pixels)
    assert face is not None, "the astronaut has a face"
    shown, noise = [pixels], [np.full_like(pixels, 128)]
    for method in FIGURE:
        new = Hider(Policy({"face": rule(method)}))(Frame(pixels), [face]).pixels
        shown.append(new)
        change = 128 + GAIN * (new.astype(np.int64) - pixels)
        noise.append(np.clip(change, 0, 255).astype(np.uint8))
        print(method, f"SSIM {ssim(pixels, new):.3f}, L2 {np.linalg.norm((new / 255.0) - pixels / 255.0):.2f}")
    return np.vstack([np.hstack(shown), np.hstack(noise)])


if __name__ == "__main__":
    main()
