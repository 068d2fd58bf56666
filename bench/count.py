"""What becomes of the numbers: people, sexes and ages counted before and after hiding, method by method.

python bench/count.py --photos 12

Prints one Markdown table over photos of groups_dev: people counted and the mean change a photo, faces whose sex and age
the network tells, the share of women among them (95 % Wilson), and how far the shares of five age bands moved (half the
sum of their changes: 0 none, 1 all). The same counter looks before and after; what it says of the originals is no
truth. Needs the development data (VISARD_DATA), torch and faceres.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from visard.attack.score import wilson
from visard.evaluate.count import BANDS, Counted, band, count
from visard.pipeline import Task
from visard.policy import Policy, only, with_rule
from visard.types import Kind
from visard.verbs import hide

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

CASES: dict[str, tuple[str, Kind, str]] = {
    "faces, surrogate": ("faces", "face", "surrogate"),
    "faces, inpaint": ("faces", "face", "inpaint"),
    "faces, blur": ("faces", "face", "blur"),
    "faces, pixelate": ("faces", "face", "pixelate"),
    "faces, fill": ("faces", "face", "fill"),
    "heads, wig": ("heads", "head", "wig"),
    "heads, silhouette": ("heads", "head", "silhouette"),
    "people and faces, garment": ("people,faces", "person", "garment"),
    "people, silhouette": ("people", "person", "silhouette"),
    "people, cancel": ("people", "person", "cancel"),
}


def row(name: str, before: list[Counted], after: list[Counted]) -> str:
    were, are = ([len(one.subjects) for one in own] for own in (before, after))
    known = [[s for one in own for s in one.subjects if s.man is not None] for own in (before, after)]
    women = sum(s.man is not None and s.man <= 0.5 for s in known[1])
    bands = [np.array([sum(band(s.age or 0.0) == b for s in own) for b in BANDS]) for own in known]
    moved = 0.5 * np.abs(bands[0] / max(1, bands[0].sum()) - bands[1] / max(1, bands[1].sum())).sum()
    change = np.mean(np.abs(np.array(are) - were))
    share = "-"
    if known[1]:
        low, high = wilson(women, len(known[1]))
        share = f"{100 * women / len(known[1]):.0f} % ({100 * low:.0f}-{100 * high:.0f})"
    told = f"{moved:.2f}" if known[1] else "-"
    return f"| {name} | {sum(are)} of {sum(were)} | {change:.1f} | {len(known[1])} | {share} | {told} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--cases", default=";".join(CASES), help="Names of rows, separated by semicolons.")
    chosen = parser.parse_args()
    photos = sorted((DATA / "groups_dev").rglob("*.jpg"))
    photos = photos[:: max(1, len(photos) // chosen.photos)][: chosen.photos]
    before = [count(photo) for photo in photos]
    print(f"{len(photos)} photos\n")
    print(
        "| hidden | people counted | change a photo | faces told | women | age bands moved |\n|---|--:|--:|--:|--:|--:|"
    )
    print(row("nothing", before, before), flush=True)
    for name in chosen.cases.split(";"):
        words, kind, method = CASES[name]
        out = Path(tempfile.mkdtemp())
        policy = with_rule(only(Policy(), words), kind, method=method)
        run = hide([str(photo) for photo in photos], out, task=Task(policy), jobs=1)
        # What was not written was not hidden, and is left out on both sides.
        done = {report.source: out / report.output for report in run.reports if report.status == "done"}
        pairs = [(one, count(done[p.name])) for one, p in zip(before, photos, strict=True) if p.name in done]
        shutil.rmtree(out)
        label = name if len(pairs) == len(photos) else f"{name} ({len(pairs)} photos)"
        print(row(label, [a for a, _ in pairs], [b for _, b in pairs]), flush=True)


if __name__ == "__main__":
    main()
