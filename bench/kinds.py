"""Recall and precision of the search for plates, people and heads, how well outlines cover people, and milliseconds.

Prints one JSON line, then Markdown tables. Needs the development data (VISARD_DATA) and the networks of these kinds.
Truth: boxes of plates_dev; boxes and masks of persons_dev, where people far away are partly unlabelled, so that what
is counted as wrong need not be. NanoDet was trained on COCO, of which half of persons_dev is a part.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from visard.attack.score import wilson
from visard.detect import figure, find_kinds
from visard.detect.search import Effort
from visard.policy import default_rule
from visard.shape.mask import outline, window
from visard.types import Box, Kind, Pixels

SMALL = 24
"""Pixels of height below which a plate is small; people: four times as many."""

HEAD = 0.13
"""Share of a standing person's height, from the crown, that is head for sure."""

EFFORTS: Sequence[Effort] = ("fine", "key", "coarse")


class Photo(NamedTuple):
    """A photo: its group, its file, the true boxes, and a file of masks, if there is one."""

    group: str
    file: Path
    truth: list[Box]
    masks: Path | None = None


def read(path: Path) -> Pixels:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def box(x: float, y: float, width: float, height: float) -> Box:
    return Box(x, y, x + width, y + height)


def plates(data: Path) -> Iterator[Photo]:
    folder = data / "plates_dev"
    for name, own in json.loads((folder / "plates_dev.json").read_text()).items():
        yield Photo(own["region"], folder / name, [box(*plate["box"]) for plate in own["plates"]])


def people(data: Path) -> Iterator[Photo]:
    folder = data / "persons_dev"
    for own in json.loads((folder / "pennfudan.json").read_text()).values():
        truth = [box(*person["box"]) for person in own["persons"]]
        yield Photo("pennfudan", folder / own["image"], truth, folder / own["mask"])
    for name, own in json.loads((folder / "coco128.json").read_text()).items():
        yield Photo("coco128", folder / "coco128" / name, [box(*person) for person in own["persons"]])


def search(photos: Sequence[Photo], kind: Kind, effort: Effort, iou: float) -> dict[str, Any]:
    """Return recall by group and size, precision, and milliseconds a picture."""
    hits, all_of, wrong, found_of, spent = Counter[str](), Counter[str](), 0, 0, 0.0
    least, small = default_rule(kind).min_score, SMALL if kind == "plate" else 4 * SMALL
    for photo in photos:
        pixels = read(photo.file)
        start = time.perf_counter()
        found = [region.box for region in find_kinds(pixels, {kind: least}, effort)]
        spent += time.perf_counter() - start
        found_of += len(found)
        wrong += sum(all(one.iou(true) < 0.3 for true in photo.truth) for one in found)
        for true in photo.truth:
            for group in ("all", photo.group, "small" if true.height < small else "large"):
                all_of[group] += 1
                hits[group] += any(one.iou(true) > iou for one in found)
    recall = {group: [hits[group] / n, *wilson(hits[group], n), n] for group, n in all_of.items()}
    precision = [1 - wrong / max(1, found_of), *wilson(found_of - wrong, found_of), found_of]
    return {"recall": recall, "precision": precision, "ms": round(1000 * spent / len(photos))}


def covered(photos: Sequence[Photo]) -> dict[str, Any]:
    """Return how much of each found person's true mask the rule's mask hides, and of the box's background with it."""
    rule, without = default_rule("person"), 0
    shares: list[float] = []
    around: list[float] = []
    for photo in photos:
        if photo.masks is None:
            continue
        pixels, masks = read(photo.file), np.asarray(Image.open(photo.masks))
        height, width = masks.shape
        found = find_kinds(pixels, {"person": rule.min_score})
        for number, true in enumerate(photo.truth, 1):
            likeness = [region.box.iou(true) for region in found]
            if max(likeness, default=0.0) < 0.5:
                continue
            best = found[int(np.argmax(likeness))]
            region = replace(best, outline=figure(pixels, best))
            without += region.outline is None
            whole = np.zeros((height, width), bool)
            cells = window(region, rule, height, width)
            whole[cells] = outline(region, rule, cells) >= 1
            shares.append(float(whole[masks == number].mean()))
            inside = best.box.cells(height, width)
            nobody = masks[inside] == 0
            around.append(float(whole[inside][nobody].mean()) if nobody.any() else 1.0)
    low, middle = np.quantile(shares, (0.05, 0.5))
    return {
        "people": len(shares), "mean": round(float(np.mean(shares)), 4), "median": round(float(middle), 4),
        "worst_5_percent": round(float(low), 4), "background_in_box": round(float(np.mean(around)), 3),
        "without_outline": int(without),
    }  # fmt: skip


def heads_covered(photos: Sequence[Photo]) -> dict[str, Any]:
    """Return how much of the heads of people of 96 pixels and more the rule's masks hide, of whoever they are."""
    rule, shares = default_rule("head"), []
    for photo in photos:
        if photo.masks is None:
            continue
        pixels, masks = read(photo.file), np.asarray(Image.open(photo.masks))
        whole = np.zeros(masks.shape, bool)
        found = find_kinds(pixels, {"head": rule.min_score})
        for head in found:
            region = replace(head, outline=figure(pixels, head, [other for other in found if other is not head]))
            cells = window(region, rule, *masks.shape)
            whole[cells] |= outline(region, rule, cells) >= 1
        for number in range(1, len(photo.truth) + 1):
            rows = np.flatnonzero((masks == number).any(axis=1))
            tall = rows[-1] + 1 - rows[0]
            if tall >= 4 * SMALL:
                top = slice(rows[0], rows[0] + int(HEAD * tall))
                shares.append(float(whole[top][masks[top] == number].mean()))
    all_but_a_twentieth = sum(share >= 0.95 for share in shares)
    low, high = wilson(all_but_a_twentieth, len(shares))
    told = f"{all_but_a_twentieth} ({100 * low:.1f} to {100 * high:.1f} %)"
    return {"heads": len(shares), "mean": round(float(np.mean(shares)), 4), "to_95_percent": told}


def table(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| kind, effort | group | recall | n |\n|---|---|---|---|"
    for name, result in results.items():
        for group, (share, low, high, n) in result["recall"].items():
            yield f"| {name} | {group} | {100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f}) | {n} |"
    yield "\n| kind, effort | precision | found | ms a picture |\n|---|---|---|---|"
    for name, result in results.items():
        share, low, high, n = result["precision"]
        yield f"| {name} | {100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f}) | {n} | {result['ms']} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effort", choices=EFFORTS, action="append", help="Which searches (default fine).")
    parser.add_argument("--kind", choices=("plate", "person"), action="append", help="Which kinds (default both).")
    chosen = parser.parse_args()
    data = Path(os.environ.get("VISARD_DATA", "shared/data"))
    sets: dict[Kind, list[Photo]] = {"plate": list(plates(data)), "person": list(people(data))}
    results: dict[str, Any] = {}
    for kind in chosen.kind or sets:
        for effort in chosen.effort or ["fine"]:
            results[f"{kind}, {effort}"] = search(sets[kind], kind, effort, 0.5 if kind == "person" else 0.3)
    outlines = covered(sets["person"]) if "person" in (chosen.kind or sets) else {}
    machine = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    print(json.dumps(machine | {"results": results, "outlines": outlines}))
    print("\n".join(table(results)))
    for told in (outlines, heads_covered(sets["person"])) if outlines else ():
        print("\n" + ", ".join(f"{key} {value}" for key, value in told.items()))


if __name__ == "__main__":
    main()
