"""How well is a background predicted? Square holes of three sizes in scenes that nobody learnt from.

python bench/background.py --engines background,patches,telea,cv2.inpaint --scenes 60

Prints one Markdown table: mean over scenes of PSNR in the hole, of SSIM and `look_mobilenetv2` (squared distance of
MobileNetV2's features, each of length 1, summed over its layers; needs torch; LPIPS's part, and not its numbers) on the
hole with a rim of 16 pixels, of the seam in grey levels, of sharpness (1 as sharp as it was), and of seconds. Needs the
development data (VISARD_DATA).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from visard.evaluate.quality import psnr, seam, sharpness, ssim
from visard.methods.cancel import Cancel
from visard.nets.features import MobileNetV2
from visard.train.scenes import gather
from visard.types import Pixels

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIZES = (0.15, 0.3, 0.5)
HEADS = ("PSNR", "SSIM", "look_mobilenetv2", "seam", "sharpness", "CPU seconds")
RIM = 16
TELEA = "cv2.inpaint"
"""OpenCV's own, which takes no care of creases; visard's engine `telea` is smoother, and less like the scene."""

Flags = NDArray[np.bool_]


def measured(scene: Pixels, new: Pixels, at: tuple[int, int, int], net: MobileNetV2) -> Iterator[float]:
    """Yield the figures of one hole; at: its corner and side."""
    y, x, side = at
    hole = np.s_[y : y + side, x : x + side]
    near = np.s_[max(0, y - RIM) : y + side + RIM, max(0, x - RIM) : x + side + RIM]
    mask = np.zeros(scene.shape[:2], np.float32)
    mask[hole] = 1
    ring = cv2.dilate(mask, np.ones((3, 3))) - cv2.erode(mask, np.ones((3, 3)))
    yield min(99.0, psnr(scene[hole], new[hole]))
    yield ssim(scene[near], new[near])
    yield look(scene[near], new[near], net)
    yield seam(scene, new, np.where(ring > 0, np.float32(0.5), np.float32(0)))
    yield sharpness(scene, new, mask)


def look(one: Pixels, other: Pixels, net: MobileNetV2) -> float:
    with torch.inference_mode():
        both = [torch.from_numpy(p.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1) for p in (one, other)]
        pairs = zip(*(net(p) for p in both), strict=True)
        return float(sum((a - b).square().sum(1).mean() for a, b in pairs))


def _telea(pixels: Pixels, hole: Flags, known: Flags, seed: int) -> Pixels:
    return np.asarray(cv2.inpaint(pixels, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="background,patches,telea,cv2.inpaint")
    parser.add_argument("--scenes", type=int, default=60)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    scenes = gather(DATA, held=True)
    scenes = scenes[:: max(1, len(scenes) // asked.scenes)][: asked.scenes]
    net = MobileNetV2()
    print(f"{len(scenes)} scenes of {scenes.shape[1]} x {scenes.shape[2]} pixels\n")
    print(f"| hole | engine | {' | '.join(HEADS)} |\n|---|---|{'--:|' * len(HEADS)}")
    for size in SIZES:
        for name in asked.engines.split(","):
            predict = _telea if name == TELEA else Cancel(name).predict
            rng, rows = np.random.default_rng(0), []
            for scene in scenes:
                side = round(size * len(scene))
                y, x = (int(v) for v in rng.integers(0, len(scene) - side, 2))
                hole = np.zeros(scene.shape[:2], np.bool_)
                hole[y : y + side, x : x + side] = True
                begun = process_time()
                new = predict(scene, hole, ~hole, 0)
                spent = process_time() - begun
                rows.append([*measured(scene, new, (y, x, side), net), spent])
            print(f"| {side} px | `{name}` | {' | '.join(f'{v:.3f}' for v in np.nanmean(rows, axis=0))} |", flush=True)


if __name__ == "__main__":
    main()
