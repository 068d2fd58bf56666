"""The main job on real input: hide the face in a photo and in a clip, and say where to look.

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
SECONDS, FPS, WIDTH, HEIGHT = 4, 25, 640, 480


def main() -> int:
    """Make the sources, hide the people in them, and print where the results are."""
    sources = OUT / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    photo = np.asarray(data.astronaut())
    Image.fromarray(photo).save(sources / "astronaut.jpg", quality=92)
    film(photo, sources / "astronaut.mp4")
    visard = [sys.executable, "-m", "visard"]
    command = [*visard, "hide", str(sources), "--out", str(OUT / "hidden"), "--overwrite"]
    print("$ visard", *command[3:], flush=True)
    done = subprocess.run(command, check=False).returncode
    if done == 0:
        for name in ("astronaut.jpg", "astronaut.mp4", "report.json", "report.html"):
            print((OUT / "hidden" / name).resolve())
    return done


def film(photo: np.ndarray, target: Path) -> None:  # type: ignore[type-arg]
    """Write a clip in which the camera moves over the photo."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for t in np.linspace(0.0, 2.0 * np.pi, SECONDS * FPS):
            zoom = 1.6 + 0.5 * np.sin(t)
            centre = 230 + 40 * np.cos(t), 150 + 30 * np.sin(2 * t)
            view = np.array([[zoom, 0, WIDTH / 2 - zoom * centre[0]], [0, zoom, HEIGHT / 2 - zoom * centre[1]]])
            image = cv2.warpAffine(photo, view, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    sys.exit(main())
