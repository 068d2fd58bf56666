"""What another tool that runs finds of plates, and OpenCV's own detector of people, on the photos of `bench/kinds.py`.

    python bench/beside_haar.py

abstergo-censor looks for plates with OpenCV's cascade, which is not in OpenCV 5: it runs in an environment of its own,
made once, outside the tree. HOG and its support vectors are in the same OpenCV; no tool that runs without a download
looks for people. Prints a Markdown table with 95 % Wilson intervals. Needs the development data (VISARD_DATA).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kinds import Photo, box, people, plates
from tools import install

from visard.attack.score import wilson
from visard.types import Box

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

PACKAGES = ("abstergo-censor==0.1.3", "opencv-python-headless==4.12.0.88", "numpy<2.3")

FINDERS = {
    "plates, abstergo-censor": "abstergo_censor.plate_cascade.detectMultiScale("
    "cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), scaleFactor=1.2, minNeighbors=5, minSize=(30, 10))",
    "people, HOG": "hog.detectMultiScale(picture, winStride=(4, 4), padding=(8, 8), scale=1.05)[0]",
}

SCRIPT = """
import json, sys, cv2, abstergo_censor
hog = cv2.HOGDescriptor()
hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
for path in json.load(sys.stdin):
    picture = cv2.imread(path)
    print(json.dumps([[float(v) for v in found] for found in {finder}]))
"""


def main() -> None:
    # The tool asks for any OpenCV, and would get one without cascades.
    python = install("haar", "--no-deps", *PACKAGES) / "python"
    truths = {"plates, abstergo-censor": (list(plates(DATA)), 0.3), "people, HOG": (list(people(DATA)), 0.5)}
    print("| | recall | precision |\n|---|--:|--:|")
    for name, finder in FINDERS.items():
        photos, iou = truths[name]
        print(f"| {name} | {' | '.join(judged(photos, find(python, finder, photos), iou))} |")


def find(python: Path, finder: str, photos: Sequence[Photo]) -> list[list[Box]]:
    """Return the boxes that a finder gives for each photo."""
    files = json.dumps([str(photo.file) for photo in photos])
    command = [str(python), "-c", SCRIPT.format(finder=finder)]
    done = subprocess.run(command, input=files, capture_output=True, text=True, check=True)
    return [[box(*found) for found in json.loads(line)] for line in done.stdout.splitlines()]


def judged(photos: Sequence[Photo], found: Sequence[Sequence[Box]], iou: float) -> tuple[str, str]:
    """Return recall at an overlap and precision at .3, as `bench/kinds.py` counts them."""
    both = list(zip(photos, found, strict=True))
    hits = sum(any(one.iou(true) > iou for one in own) for photo, own in both for true in photo.truth)
    right = sum(any(one.iou(true) >= 0.3 for true in photo.truth) for photo, own in both for one in own)
    return share(hits, sum(len(photo.truth) for photo in photos)), share(right, sum(map(len, found)))


def share(part: int, n: int) -> str:
    low, high = wilson(part, n)
    return f"{100 * part / n:.1f} % ({100 * low:.1f}-{100 * high:.1f}, n = {n})"


if __name__ == "__main__":
    main()
