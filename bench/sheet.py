"""Contact sheet: every method beside the original, on given photos. For looking at; never commit a person's picture.

python bench/sheet.py OUT.jpg PHOTO... [--methods fill,blur] [--strengths 0.2,0.5,0.9]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from visard.detect import find_faces
from visard.hider import Hider
from visard.media.read import probe, read
from visard.methods import METHODS, defaults
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels

HEIGHT = 320


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--strengths", default="")
    args = parser.parse_args()
    rows = [row(photo, args.methods.split(","), args.strengths) for photo in args.photos]
    width = max(r.shape[1] for r in rows)
    padded = [cv2.copyMakeBorder(r, 0, 6, 0, width - r.shape[1], cv2.BORDER_CONSTANT) for r in rows]
    Image.fromarray(np.vstack(padded)).save(args.out, quality=88)


def row(photo: Path, methods: list[str], strengths: str) -> Pixels:
    frame = next(iter(read(probe(photo))))
    regions = [r for r in find_faces(frame.pixels) if r.score >= Rule().min_score]
    cells = [small(frame.pixels)]
    for name in methods:
        has = "strength" in defaults(name)
        for settings in [{"strength": float(s)} for s in strengths.split(",")] if strengths and has else [{}]:
            hider = Hider(Policy({"face": Rule(name, settings)}))
            cells.append(small(hider(Frame(frame.pixels), regions).pixels))
    return np.hstack(cells)


def small(pixels: Pixels) -> Pixels:
    scale = HEIGHT / pixels.shape[0]
    size = (round(pixels.shape[1] * scale), HEIGHT)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
