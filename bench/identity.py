"""Who is recognised after hiding, on LFW: clean gallery, hidden probes, and the parrot whose gallery is hidden too.

    python bench/identity.py [--methods surrogate,fill,...] [--people 100] [--pictures 4] [--fold judge|tune]

People are split by the hash of their name: half were looked at while methods were made (tune), half never were
(judge). One picture of each is the gallery, the others are probes, aligned by the clean picture's points, an
attacker's best case. `context` is a grey hull over the face: what hair, ears and scene alone give away.
The recogniser is dlib's ResNet (the one that `surrogate` consults when it chooses a donor, so its numbers flatter
that method; recognisers that had no part are the burglar's). Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from visard.detect import find_faces, second_opinion
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.shape.identity import look
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import OVAL
from visard.tracing import trace
from visard.types import Frame, Pixels, Region

OUTER_EYES = (33, 263)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="surrogate,fill,blur,pixelate")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--fold", choices=("tune", "judge"), default="tune")
    parser.add_argument("--out", type=Path, default=Path("bench/out/identity.json"))
    args = parser.parse_args()
    pictures = load(args.people, args.pictures, args.fold)
    rows = {"clean": judge(pictures, lambda pixels, face: pixels), "context": judge(pictures, hull)}
    for method in args.methods.split(","):
        rows[method] = judge(pictures, lambda pixels, face, method=method: hide(pixels, face, method))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows, len(pictures), args.fold))


Picture = tuple[str, Pixels, Region]


def load(people: int, each: int, fold: str) -> list[Picture]:
    """Return (name, pixels, face) of the first pictures of each person of the fold, best face in the middle."""
    data = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
    by: dict[str, list[tarfile.TarInfo]] = defaultdict(list)
    with tarfile.open(data / "lfw_dev.tar") as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile():
                by[Path(member.name).parent.name].append(member)
        names = sorted(by, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        half = len(names) // 2
        chosen = (names[:half] if fold == "tune" else names[half:])[:people]
        found = []
        for name in chosen:
            for member in by[name][:each]:
                file = tar.extractfile(member)
                assert file is not None
                pixels = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
                faces = find_faces(pixels)
                if faces:
                    middle = np.array(pixels.shape[1::-1]) / 2
                    face = min(faces, key=lambda r: float(np.hypot(*(np.array(r.box.centre) - middle))))
                    found.append((name, pixels, face))
    return found


def hide(pixels: Pixels, face: Region, method: str) -> Pixels:
    """Return the picture hidden by a method, under a key of its own."""
    seed = int.from_bytes(hashlib.sha256(pixels.tobytes()).digest()[:4], "big")
    hider = Hider(Policy({"face": Rule(method)}, seed=seed))
    frame, found = Frame(pixels), Found({0: (face,)})
    found = trace(lambda: iter([frame]), found, hider, still=True)
    return hider(frame, found.at(0)).pixels


def hull(pixels: Pixels, face: Region) -> Pixels:
    """Return the picture with a grey hull over the face's outline."""
    outline = find_mesh(pixels, face).vertices[list(OVAL), :2]
    covered = pixels.copy()
    cv2.fillConvexPoly(covered, cv2.convexHull(np.round(outline).astype(np.int32)), (128, 128, 128))
    return covered


def judge(pictures: list[Picture], change: Any) -> dict[str, Any]:
    began, seconds = time.perf_counter(), 0.0
    clean, hidden, errors = [], [], []
    first, again = 0, 0
    names = [name for name, _, _ in pictures]
    second = second_opinion(still=False)
    for _, pixels, face in pictures:
        was = look(face, pixels)
        assert was is not None
        start = time.perf_counter()
        new = change(pixels, face)
        seconds += time.perf_counter() - start
        clean.append(was.embedding)
        hidden.append(was.again(new[was.cells]))
        first += any(r.box.iou(face.box) >= 0.5 for r in find_faces(new))
        again += any(r.box.iou(face.box) >= 0.3 for r in second(new))
        before, after = find_mesh(pixels, face), find_mesh(new, face)
        apart = float(np.linalg.norm(np.subtract(*before.vertices[list(OUTER_EYES), :2])))
        errors.append(float(np.linalg.norm((before.vertices - after.vertices)[:, :2], axis=1).mean()) / apart)
    one, other = np.stack(clean), np.stack(hidden)
    gallery = [i for i, name in enumerate(names) if name not in names[:i]]
    probes = [i for i in range(len(names)) if i not in set(gallery)]
    naive, same = distances(other[probes], one[gallery]), match(names, probes, gallery)
    parrot = distances(other[probes], other[gallery])
    limit = float(np.quantile(naive[~same], 0.01))
    n = len(probes)
    return {
        "n": n,
        "rank1": rate(int(same[np.arange(n), naive.argmin(axis=1)].sum()), n),
        "tar": rate(int((naive[same] <= limit).sum()), int(same.sum())),
        "parrot": rate(int(same[np.arange(n), parrot.argmin(axis=1)].sum()), n),
        "detected": [rate(first, len(names)), rate(again, len(names))],
        "landmarks": float(np.mean(errors)),
        "ms": 1e3 * seconds / len(names),
        "chance": 1 / len(gallery),
        "seconds": time.perf_counter() - began,
    }


def distances(one: Any, other: Any) -> Any:
    return np.linalg.norm(one[:, None] - other[None], axis=2)


def match(names: list[str], rows: list[int], columns: list[int]) -> Any:
    return np.array([[names[r] == names[c] for c in columns] for r in rows])


def rate(hits: int, n: int) -> list[float]:
    """Return the rate and its Wilson interval at 95 %."""
    z, p = 1.96, hits / n
    middle, half = (p + z * z / (2 * n)), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [round(float(v), 4) for v in (p, (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n))]


def table(rows: dict[str, Any], n: int, fold: str) -> str:
    lines = [f"{fold}: {n} pictures, chance {rows['clean']['chance']:.3f}", ""]
    lines += ["| method | n | rank-1 | TAR at FAR 1e-2 | parrot rank-1 | CenterFace | BlazeFace | landmarks | ms |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, row in rows.items():
        shown = [f"{r[0]:.3f} ({r[1]:.3f}-{r[2]:.3f})" for r in (row["rank1"], row["tar"], row["parrot"])]
        seen = [f"{r[0]:.3f}" for r in row["detected"]]
        cells = [name, str(row["n"]), *shown, *seen, f"{row['landmarks']:.3f}", f"{row['ms']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
