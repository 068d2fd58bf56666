"""Seed 003's tables of attributes by degrees: edited faces beside unedited ones, and what readings say of them.

python bench/degrees.py --weights sdn.onnx --people 25

Prints one Markdown table a measure, published rows beside ours, for people of the tuning half of LFW. FID needs
thousands of pictures: here it is another distance, under its own name. Needs the development data (VISARD_DATA) and a
network with its card.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from visard.attack.looks import faces, main_face
from visard.evaluate.features import MobileNetV2
from visard.evaluate.hiding import ready
from visard.evaluate.people import load
from visard.evaluate.perception import MobileLpips, perceived
from visard.evaluate.quality import frechet, ssim
from visard.evaluate.seeds import reproduce
from visard.methods.sdn import Sdn
from visard.policy import Policy, Rule
from visard.shape.landmarks import find_mesh
from visard.train.directions import READINGS
from visard.types import Frame, Pixels

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
DEGREES = (-2, -1, 0, 1, 2)
NAMES = {"smiling": "Smiling", "mouth-open": "Mouth", "moustache": "Mustache"}


def edited(weights: str, people: int) -> tuple[dict[tuple[str, int], list[Pixels]], list[str]]:
    """Return (attribute, degree) -> faces and some of what is around them, and whose they are."""
    policy = Policy({"face": Rule("sdn", {"weights": weights})})
    method, shown, names = Sdn(weights=weights), dict[tuple[str, int], list[Pixels]](), list[str]()
    for picture in load(DATA / "lfw_dev.tar", people, 2, "tune"):
        main = main_face(faces(picture.pixels, "fine"), picture.pixels)
        if main is None:
            continue
        hider, found = ready(picture, [main], policy)
        if hider.unfit:
            continue
        names.append(picture.person)
        roles = hider.methods["face"]
        for attribute, direction in method.directions.items():
            for degree in DEGREES:
                hider.methods["face"] = roles.shifted(np.float32(degree) * direction)  # type: ignore[attr-defined]
                new = hider(Frame(picture.pixels), found.at(0)).pixels
                shown.setdefault((attribute, degree), []).append(new[main.box.grow(0.5).cells(*new.shape[:2])])
    return shown, names


def measured(before: Sequence[Pixels], after: Sequence[Pixels], people: Sequence[str]) -> dict[str, float | None]:
    network = MobileNetV2()
    one, other = (np.stack([network(p) for p in side]).astype(np.float64) for side in (before, after))
    return {
        "FID": frechet(one, other),
        "SSIM": float(np.mean([ssim(*pair) for pair in zip(before, after, strict=True)])),
        "LPIPS": perceived(MobileLpips, list(zip(before, after, strict=True)), people).value,
    }


def read(attribute: str, pictures: Sequence[Pixels]) -> float:
    values = []
    for pixels in pictures:
        main = main_face(faces(pixels, "fine"), pixels)
        if main is not None:
            values.append(READINGS[attribute](pixels, find_mesh(pixels, main).vertices))
    return float(np.mean(values)) if values else float("nan")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--weights", required=True, help="an ONNX file that `visard train export` made")
    arguments.add_argument("--people", type=int, default=25)
    chosen = arguments.parse_args()
    cv2.setNumThreads(1)
    shown, people = edited(chosen.weights, chosen.people)
    attributes = list(dict.fromkeys(attribute for attribute, _ in shown))
    scores = {key: measured(shown[key[0], 0], pictures, people) for key, pictures in shown.items()}
    print(f"{len(people)} faces and half their size around them. FID: fd_mobilenetv2; LPIPS: lpips_mobilenetv2.\n")
    for measure, digits in (("FID", 2), ("SSIM", 3), ("LPIPS", 4)):
        title = f"SDN's degrees of attributes, {measure} (seed 003)"
        (table,) = (table for table in reproduce("sdn", []) if table.title == title)
        rows = [list(row) for row in table.rows]
        for attribute in attributes:
            values = [scores[attribute, degree][measure] for degree in DEGREES]
            cells = ["-" if value is None else f"{value:.{digits}f}" for value in values]
            rows.append([f"visard: {NAMES[attribute]} (n = {len(people)})", *cells])
        print(f"{table.title}\n\n| {' | '.join(table.head)} |\n|{'---|' * len(table.head)}")
        print("\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n")
    print("| reading | -2 | -1 | 0 | +1 | +2 |\n|---|---|---|---|---|---|")
    for attribute in attributes:
        print(f"| {attribute} | {' | '.join(f'{read(attribute, shown[attribute, d]):.3f}' for d in DEGREES)} |")


if __name__ == "__main__":
    main()
