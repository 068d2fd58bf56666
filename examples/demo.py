"""The main job on real input: another face for the person in a photo and in a clip, and where to look.

The photo is scikit-image's astronaut (NASA, public domain); the clip pans and zooms over it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image
from skimage import data

OUT = Path("demo-out")
SEEDS = (10, 6, 1)
VIEW = (90, 0, 370, 280)
SECONDS, FPS, WIDTH, HEIGHT = 4, 25, 640, 480


def main() -> int:
    """Make the sources, hide the people in them, and print where the results are."""
    sources = OUT / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    photo = np.asarray(data.astronaut())
    Image.fromarray(photo).save(sources / "astronaut.jpg", quality=92)
    film(photo, sources / "astronaut.mp4")
    visard = [sys.executable, "-m", "visard"]
    whole = [str(sources), "--out", str(OUT / "hidden")]
    variants = [[str(sources / "astronaut.jpg"), "--out", str(variant(seed)), "--seed", str(seed)] for seed in SEEDS]
    for arguments in (whole, *variants):
        command = [*visard, "hide", *arguments, "--overwrite"]
        print("$ visard", *command[3:], flush=True)
        done = subprocess.run(command, check=False).returncode
        if done != 0:
            return done
    Image.fromarray(beside([sources / "astronaut.jpg", *map(variant, SEEDS)])).save(OUT / "variants.jpg", quality=90)
    for name in ("hidden/astronaut.mp4", "hidden/report.json", "hidden/report.html", "variants.jpg"):
        print((OUT / name).resolve())
    return 0


def variant(seed: int) -> Path:
    """Return where the photo with one of the faces goes."""
    return OUT / "variants" / f"{seed}.jpg"


def beside(photos: list[Path]) -> np.ndarray:  # type: ignore[type-arg]
    """Return photos side by side."""
    return np.hstack([np.asarray(Image.open(photo).convert("RGB").crop(VIEW).resize((360, 360))) for photo in photos])


def film(photo: np.ndarray, target: Path) -> None:  # type: ignore[type-arg]
    """Write a clip in which the camera moves over the photo."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for t in np.linspace(0.0, 2.0 * np.pi, SECONDS * FPS):
            zoom = 1.8 + 0.5 * np.sin(t)
            room = zoom - 1.3  # at 1.3 the view is nearly as wide as the photo
            centre = 256 + 60 * np.cos(t) * room, 190 + (20 * np.sin(2 * t) - 40) * room
            view = np.array([[zoom, 0, WIDTH / 2 - zoom * centre[0]], [0, zoom, HEIGHT / 2 - zoom * centre[1]]])
            image = cv2.warpAffine(photo, view, (WIDTH, HEIGHT))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    sys.exit(main())
