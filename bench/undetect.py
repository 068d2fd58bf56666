"""undetect: the least strength at which two detectors lose a face, and whether a third one still finds it.

python bench/undetect.py --people 40 --fold tune

The third is dlib's HOG detector, which has no part in the search; CenterFace and BlazeFace look at the whole saved
picture (JPEG at quality 90). Needs dlib and VISARD_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import dlib
import numpy as np
from machines import jpeg
from tqdm import tqdm

from visard.attack.cache import Cache
from visard.attack.looks import faces, main_face
from visard.attack.score import rate
from visard.detect import BlazeFace, CenterFace
from visard.errors import VisardError
from visard.evaluate.people import load
from visard.evaluate.quality import psnr, ssim
from visard.evaluate.table import cell
from visard.methods.undetect import Undetect
from visard.paste import paste
from visard.policy import Rule
from visard.shape.align import cut
from visard.types import Box, Frame, Pixels

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
_SAME = 0.3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=40)
    arguments.add_argument("--fold", choices=("tune", "judge"), default="tune")
    arguments.add_argument("--data", type=Path, default=DATA / "lfw_dev.tar")
    chosen = arguments.parse_args()
    pictures = load(chosen.data, chosen.people, 2, chosen.fold)[::2]
    cache = Cache()
    hog = dlib.get_frontal_face_detector()

    def third(pixels: Pixels, box: Box) -> bool:
        return any(box.iou(Box(r.left(), r.top(), r.right(), r.bottom())) > _SAME for r in hog(pixels, 1))

    print(
        "| by | strength, median (10 %, 90 %) | refused | CenterFace | BlazeFace | "
        "dlib HOG, held out (clear) | SSIM | PSNR |"
    )
    print("|---" * 8 + "|")
    for by in ("noise", "impulse", "svd"):
        least: list[float] = []
        similar, noise, seen, before, refused = [], [], [0, 0, 0], 0, 0
        for picture in tqdm(pictures, desc=by, file=sys.stderr, leave=False):
            face = main_face(faces(picture.pixels, "fine", cache), picture.pixels)
            patch = None if face is None else cut(Frame(picture.pixels), face, Rule(), len(least))
            if face is None or patch is None:
                continue
            method = Undetect(by=by)
            try:
                new = method(patch)
            except VisardError:
                refused += 1
                continue
            canvas = Frame(picture.pixels.copy())
            paste(canvas, patch, new)
            saved = jpeg(canvas.pixels)
            least += method._least.values()
            similar.append(ssim(patch.pixels, new))
            noise.append(psnr(patch.pixels, new))
            for i, looks in enumerate((CenterFace()(saved), BlazeFace()(saved))):
                seen[i] += any(other.box.iou(face.box) > _SAME for other in looks)
            seen[2] += third(saved, face.box)
            before += third(picture.pixels, face.box)
        n = len(least)
        low, middle, high = np.quantile(least, (0.1, 0.5, 0.9))
        found = [cell(rate("found", count, n)) for count in seen]
        clear = cell(rate("found", before, n))
        print(f"| {by} | {middle:.3f} ({low:.3f}, {high:.3f}) | {refused} of {n + refused} | {found[0]} | {found[1]} | "
              f"{found[2]} ({clear}) | {np.mean(similar):.3f} | {np.mean(noise):.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
