"""Recall and precision of the face search against deface, and bare runs of faces after tracking.

Prints one JSON line, then Markdown tables. Needs the development data (VISARD_DATA). Truth: WIDER boxes on
group photos, faces with both sides >= 20 px; a machine-made pseudo truth on the video.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect import find_faces
from visard.found import find
from visard.media.read import probe
from visard.media.read import read as media_read
from visard.policy import Policy, Rule
from visard.types import Box, Pixels, Region

Boxes = NDArray[np.float64]

_DEFACE = """
import json, sys, time, cv2
from deface.centerface import CenterFace
net, found, start = CenterFace(), {}, time.perf_counter()
for name in sys.argv[1:]:
    found[name] = net(cv2.cvtColor(cv2.imread(name), cv2.COLOR_BGR2RGB), threshold=0.2)[0][:, :5].tolist()
print(json.dumps([found, time.perf_counter() - start]))
"""


def read(path: Path) -> Pixels:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def corners(boxes: Sequence[Sequence[float]]) -> Boxes:
    result = np.array(boxes, float).reshape(-1, 4)
    result[:, 2:] += result[:, :2]
    return result


def overlaps(one: Boxes, two: Boxes) -> tuple[Boxes, Boxes]:
    """Return (n, m) IoU, and the share of each of `one` that lies in each of `two`."""
    size = np.minimum(one[:, None, 2:], two[None, :, 2:]) - np.maximum(one[:, None, :2], two[None, :, :2])
    both = np.prod(np.maximum(size, 0), -1)
    a, b = np.prod(one[:, 2:] - one[:, :2], -1)[:, None], np.prod(two[:, 2:] - two[:, :2], -1)[None]
    return both / np.maximum(a + b - both, 1e-9), both / np.maximum(a, 1e-9)


def wilson(hits: int, n: int) -> list[float]:
    """Return the share and its 95 % interval."""
    if n == 0:
        return [float("nan")] * 3
    share, z = hits / n, 1.96
    middle, half = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return [round(v, 4) for v in (share, (middle - half) / scale, (middle + half) / scale)]


def grown(boxes: Boxes, margin: float) -> Boxes:
    return np.array([Box(*b).grow(margin) for b in boxes]).reshape(-1, 4)


def one_photo(found: Boxes, truth: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return counts: large faces, matched, covered, covered with margin, right and wrong detections."""
    faces = corners([f["box"] for f in truth["faces"]])
    ignored = corners(truth["ignore"])
    large = ((faces[:, 2:] - faces[:, :2]) >= 20).all(1)
    boxes = found[np.argsort(-found[:, 4], kind="stable"), :4]
    iou, _ = overlaps(boxes, faces)
    taken, wrong = np.zeros(len(faces), bool), 0
    for k in range(len(boxes)):
        match = np.where(~taken & (iou[k] >= 0.5), iou[k], -1)
        if len(match) and match.max() >= 0:
            taken[match.argmax()] = True
        elif not _is_ignored(boxes[k : k + 1], ignored):
            wrong += 1
    bare = covered(faces, boxes) >= 0.8
    margin = covered(faces, grown(boxes, 0.1)) >= 0.8
    return np.array([large.sum(), (taken & large).sum(), (bare & large).sum(), (margin & large).sum(),
                     taken.sum(), wrong])  # fmt: skip


def covered(faces: Boxes, boxes: Boxes) -> Boxes:
    """Return the share of each face that the union of the boxes covers, on a grid of 32 x 32 points."""
    shares = np.zeros(len(faces))
    grid = (np.arange(32) + 0.5) / 32
    for i, (x0, y0, x1, y1) in enumerate(faces):
        x, y = np.meshgrid(x0 + grid * (x1 - x0), y0 + grid * (y1 - y0))
        inside = np.zeros(x.shape, bool)
        for b in boxes:
            inside |= (x >= b[0]) & (x < b[2]) & (y >= b[1]) & (y < b[3])
        shares[i] = inside.mean()
    return shares


def _is_ignored(box: Boxes, ignored: Boxes) -> bool:
    return len(ignored) > 0 and bool(overlaps(box, ignored)[1].max() >= 0.5)


def summary(found: Mapping[str, Boxes], truth: Mapping[str, Any]) -> dict[str, Any]:
    n, hit, bare, margin, right, wrong = np.sum([one_photo(found[name], truth[name]) for name in truth], axis=0)
    return {
        "n": int(n),
        "recall": wilson(int(hit), int(n)),
        "covered80": wilson(int(bare), int(n)),
        "covered80_margin10": wilson(int(margin), int(n)),
        "precision": wilson(int(right), int(right + wrong)),
        "wrong": int(wrong),
    }


def ours(paths: Sequence[Path], min_score: float) -> tuple[dict[str, Boxes], float]:
    found, seconds = {}, 0.0
    for path in paths:
        pixels, start = read(path), time.perf_counter()
        regions = find_faces(pixels, min_score)
        seconds += time.perf_counter() - start
        found[path.name] = np.array([[*r.box, r.score] for r in regions]).reshape(-1, 5)
    return found, seconds


def theirs(paths: Sequence[Path], python: str) -> tuple[dict[str, Boxes], float]:
    command = [python, "-c", _DEFACE, *map(str, paths)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found, seconds = json.loads(out.strip().splitlines()[-1])
    return {Path(p).name: np.array(v, float).reshape(-1, 5) for p, v in found.items()}, seconds


def follow(path: Path, min_score: float) -> Mapping[int, tuple[Region, ...]]:
    source = probe(path)
    policy = Policy({"face": Rule(min_score=min_score)})
    return find(source, lambda: media_read(source), policy, lambda index: None).regions


def bare_runs(tracks: Sequence[Sequence[Mapping[str, Any]]], hidden: Mapping[int, tuple[Region, ...]]) -> Any:
    """Return for each true track its frames, the longest run of bare ones, and where that run ends."""
    runs: dict[int, list[int]] = {}
    for index, faces in enumerate(tracks):
        boxes = grown(np.array([r.box for r in hidden.get(index, ())]).reshape(-1, 4), 0.1)
        shares = covered(corners([f["box"] for f in faces]), boxes)
        for face, share in zip(faces, shares, strict=True):
            run = runs.setdefault(face["id"], [0, 0, 0, -1])
            run[0] += 1
            run[1] = run[1] + 1 if share < 0.5 else 0
            if run[1] > run[2]:
                run[2:] = [run[1], index]
    return {number: {"frames": r[0], "longest_bare": r[2], "ends": r[3]} for number, r in runs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deface-python", help="an interpreter that has deface 1.5.0")
    parser.add_argument("--min-score", type=float, default=0.3)
    parser.add_argument("--no-video", action="store_true")
    parser.add_argument("--only-video", action="store_true")
    args = parser.parse_args()
    data = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
    result: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "tools": {}}
    if not args.only_video:
        _photos(data / "groups_dev", args, result)
    if not args.no_video:
        clip = data / "video_dev" / "street_multiface_960x540.mp4"
        truth = json.loads((clip.parent / "tracks.json").read_text("utf-8"))["tracks"]
        result["bare"] = bare_runs(truth, follow(clip, args.min_score))
    print(json.dumps(result))
    _print_tables(result)


def _photos(folder: Path, args: argparse.Namespace, result: dict[str, Any]) -> None:
    truth = json.loads((folder / "groups_dev.json").read_text("utf-8"))
    paths = [folder / name for name in truth]
    runs = {"visard": ours(paths, args.min_score)}
    if args.deface_python:
        runs["deface 1.5.0"] = theirs(paths, args.deface_python)
    for tool, (found, seconds) in runs.items():
        result["tools"][tool] = summary(found, truth) | {"seconds": round(seconds, 2)}


def _print_tables(result: Mapping[str, Any]) -> None:
    def show(value: Sequence[float]) -> str:
        return "{:.3f} ({:.3f}-{:.3f})".format(*value)

    names = ["recall", "covered80", "covered80_margin10", "precision"]
    if result["tools"]:
        print("\n| tool | n | " + " | ".join(names) + " | wrong | s |\n|" + "---|" * (len(names) + 4))
    for tool, row in result["tools"].items():
        cells = " | ".join(show(row[name]) for name in names)
        print(f"| {tool} | {row['n']} | {cells} | {row['wrong']} | {row['seconds']} |")
    if "bare" in result:
        print("\n| true track | frames | longest bare run | ends at frame |\n|---|---|---|---|")
    for number, row in result.get("bare", {}).items():
        print(f"| {number} | {row['frames']} | {row['longest_bare']} | {row['ends']} |")


if __name__ == "__main__":
    main()
