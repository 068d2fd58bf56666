"""undetect: the least strength at which detectors lose a face or a person, and whether one not asked still finds them.

python bench/undetect.py --people 40 --fold tune
python bench/undetect.py --kind person --people 20 --by svd+noise+impulse

Faces: dlib's HOG detector has no part in the search; CenterFace and BlazeFace look at the whole saved picture (JPEG at
quality 90). Persons: those of Penn-Fudan that NanoDet and MoveNet find, each hidden alone; PoseNet has no part. Needs
dlib, movenet and posenet, and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

import cv2
import dlib
import numpy as np
from machines import jpeg
from PIL import Image
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.looks import faces, main_face
from visard.attack.score import rate
from visard.detect import BlazeFace, CenterFace, MoveNet, NanoDet
from visard.errors import VisardError
from visard.evaluate.people import load
from visard.evaluate.quality import psnr, ssim
from visard.evaluate.table import cell
from visard.found import Found
from visard.hider import Hider
from visard.models.pose import posenet
from visard.models.runtimes import OpenCvNet
from visard.policy import Policy, Rule, default_rule
from visard.types import Box, Frame, Kind, Pixels, Region

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
_SAME = 0.3

_LEAST_SIDE, _APART = 60.0, 0.1
"""Height in pixels of a person, and overlap with others at most: hidden alone, a neighbour would be found for them."""

_SIDE, _AROUND, _A_PERSON = 385, 1.3, 0.4
"""Side in pixels of what PoseNet sees, in longer sides of a person's box, and the mean of the joints' best scores from
which on there is a person."""

Look = Callable[[Pixels, Box], bool]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kind", choices=("face", "person"), default="face")
    arguments.add_argument("--by", default="noise,impulse,svd")
    arguments.add_argument("--people", type=int, default=40)
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune")
    arguments.add_argument("--data", type=Path, default=DATA)
    chosen = arguments.parse_args()
    if chosen.kind == "face":
        pictures = list(lfw(chosen.data / "lfw_dev.tar", chosen.people, chosen.fold))
        looks: dict[str, Look] = {"CenterFace": found(CenterFace()), "BlazeFace": found(BlazeFace()), "dlib HOG": hog()}
    else:
        pictures = list(islice(street(chosen.data / "persons_dev"), chosen.people))
        looks = {"NanoDet": found(NanoDet({"person": 0.35})), "MoveNet": found(MoveNet()), "PoseNet": joints()}
    asked = [f"{name}{', held out' if name == list(looks)[-1] else ''} (clear)" for name in looks]
    print(f"| by | strength, median (10 %, 90 %) | refused | {' | '.join(asked)} | SSIM | PSNR |")
    print("|---" * 8 + "|")
    clear = {name: sum(look(pixels, region.box) for pixels, region in pictures) for name, look in looks.items()}
    for by in chosen.by.split(","):
        print(row(by, pictures, looks, clear), flush=True)


def row(by: str, pictures: Sequence[tuple[Pixels, Region]], looks: dict[str, Look], clear: dict[str, int]) -> str:
    least: list[float] = []
    similar, noise, seen, refused = [], [], dict.fromkeys(looks, 0), 0
    for i, (pixels, region) in enumerate(tqdm(pictures, desc=by, file=sys.stderr, leave=False)):
        hider, frame = Hider(Policy({region.kind: rule(region.kind, by)}, seed=i)), Frame(pixels)
        (shaped,) = hider.shaped(Found({0: (region,)})).regions[0]
        try:
            new = hider(frame, [shaped]).pixels
        except VisardError:
            refused += 1
            continue
        rows, columns = region.box.cells(*pixels.shape[:2])
        least += [lost.least for lost in hider.methods[region.kind]._least.values()]  # type: ignore[attr-defined]
        similar.append(ssim(pixels[rows, columns], new[rows, columns]))
        noise.append(psnr(pixels[rows, columns], new[rows, columns]))
        saved = jpeg(new)
        for name, look in looks.items():
            seen[name] += look(saved, region.box)
    n = len(least)
    low, middle, high = np.quantile(least, (0.1, 0.5, 0.9)) if n else (np.nan,) * 3
    cells = [f"{cell(rate('found', seen[k], n)) if n else '-'} ({clear[k]} of {len(pictures)})" for k in looks]
    quality = f"{np.mean(similar):.3f} | {np.mean(noise):.1f}" if n else "- | -"
    strengths = f"{middle:.3f} ({low:.3f}, {high:.3f})"
    return f"| {by} | {strengths} | {refused} of {n + refused} | {' | '.join(cells)} | {quality} |"


def rule(kind: Kind, by: str) -> Rule:
    """Return how a kind is cut out, and with what it is hidden."""
    return replace(default_rule(kind), method="undetect", settings={"by": by.replace("+", ",")})


def lfw(data: Path, people: int, fold: Literal["tune", "judge"]) -> Iterator[tuple[Pixels, Region]]:
    """Yield one picture of each person, and its face."""
    cache = Cache()
    for picture in load(data, people, 2, fold)[::2]:
        face = main_face(faces(picture.pixels, "fine", cache), picture.pixels)
        if face is not None:
            yield picture.pixels, face


def street(data: Path) -> Iterator[tuple[Pixels, Region]]:
    """Yield pictures of streets, and of each the largest person who stands apart from others and is found by both."""
    both = found(NanoDet({"person": 0.35})), found(MoveNet())
    for entry in json.loads((data / "pennfudan.json").read_text("utf-8")).values():
        pixels = np.array(Image.open(data / entry["image"]).convert("RGB"))
        boxes = [Box(x, y, x + w, y + h) for x, y, w, h in (person["box"] for person in entry["persons"])]
        apart = [box for box in boxes if not any(box.iou(other) > _APART for other in boxes if other is not box)]
        apart = [box for box in apart if box.height >= _LEAST_SIDE]
        largest = max(apart, key=lambda box: box.area, default=None)
        if largest is not None and all(look(pixels, largest) for look in both):
            yield pixels, Region("person", largest, 1.0, track=1)


def found(detector: Callable[[Pixels], list[Region]]) -> Look:
    return lambda pixels, box: any(box.iou(seen.box) > _SAME for seen in detector(pixels))


def hog() -> Look:
    detector = dlib.get_frontal_face_detector()

    def look(pixels: Pixels, box: Box) -> bool:
        return any(box.iou(Box(r.left(), r.top(), r.right(), r.bottom())) > _SAME for r in detector(pixels, 1))

    return look


def joints() -> Look:
    net = OpenCvNet("posenet", to_onnx=posenet)

    def look(pixels: Pixels, box: Box) -> bool:
        scale = _SIDE / (_AROUND * max(box.width, box.height))
        (x, y), half = box.centre, _SIDE / 2
        there = np.array([[scale, 0, half - scale * x], [0, scale, half - scale * y]])
        square = cv2.warpAffine(pixels, there, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        (logits,) = net((square / 127.5 - 1).transpose(2, 0, 1)[None].copy())
        return float((1 / (1 + np.exp(-logits[0].max(axis=(1, 2))))).mean()) > _A_PERSON

    return look


if __name__ == "__main__":
    main()
