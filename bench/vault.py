"""What a seal costs: bytes beside the regions' own PNG size, time per megapixel, and memory over a minute of 1080p.

    python bench/vault.py [--seconds 60]

Photos are the astronaut enlarged; the video is panned over it. Each command runs in a process of its own; memory is its
largest resident size. Bytes: what the file grew by, beside the size of the sealed pixels as PNG files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image
from skimage import data

_RUN = "import resource, sys; import visard.cli.app as app; code = app.run(sys.argv[1:]);"
_RUN += "print('PEAK', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr); sys.exit(code)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        visard(work, "keygen", "--out", "key")
        for side in (512, 2048):
            photo(work, side)
        for seconds in (arguments.seconds // 6, arguments.seconds):
            film(work, seconds)


def photo(work: Path, side: int) -> None:
    """Seal the same picture as JPEG and PNG."""
    pixels: Any = cv2.resize(PHOTOS.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC)
    for kind in ("jpg", "png"):
        Image.fromarray(np.asarray(pixels, np.uint8)).save(work / f"a.{kind}")
        plain, _ = visard(work, "hide", f"a.{kind}", "--out", "plain", "--method", "fill", "--overwrite")
        with_seal, _ = visard(work, "hide", f"a.{kind}", "--out", "h", "--method", "fill", "--overwrite", *SEAL)
        back, _ = visard(work, "unseal", f"h/a.{kind}", "--out", "back.png", "--key", "key", "--overwrite")
        visard(work, "unseal", f"h/a.{kind}", "--out", "parts", "--key", "key", "--detached", "--overwrite")
        pieces = sum(piece.stat().st_size for piece in (work / "parts").rglob("*.png"))
        grown = (work / f"h/a.{kind}").stat().st_size - (work / f"plain/a.{kind}").stat().st_size
        area = side * side / 1e6
        print(
            f"{kind} {side}x{side}: {grown} bytes for {pieces} of PNG ({grown / pieces - 1:+.1%}); sealing "
            f"{(with_seal - plain) / area:.3f}, opening {back / area:.3f} s per megapixel, start-up included"
        )


def film(work: Path, seconds: int) -> None:
    """Seal a 1080p video."""
    photo: Any = cv2.resize(PHOTOS.astronaut(), (2200, 2200))
    with av.open(str(work / "clip.mp4"), "w") as out:
        video: Any = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 1920, 1080, "yuv420p"
        for i in range(25 * seconds):
            x, y = (int(140 * (1 + np.sin(i / k))) for k in (40.0, 60.0))
            view = np.ascontiguousarray(photo[y : y + 1080, x : x + 1920], dtype=np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        out.mux(video.encode(None))
    for seal in ((), SEAL):
        took, peak = visard(work, "hide", "clip.mp4", "--out", "h", "--method", "fill", "--overwrite", *seal)
        size = (work / "h/clip.mp4").stat().st_size
        print(f"1080p, {seconds} s, {'sealed' if seal else 'plain'}: {took:.1f} s, {peak} MB, {size} bytes")
    took, peak = visard(work, "unseal", "h/clip.mp4", "--out", "b.mkv", "--key", "key", "--overwrite")
    print(f"1080p, {seconds} s, opened: {took:.1f} s, {peak} MB")


PHOTOS: Any = data
"""scikit-image's, which has no types."""

SEAL = ("--seal", "--recipient", "key.pub")


def visard(work: Path, *arguments: str) -> tuple[float, int]:
    """Return the seconds that a command took, and its peak memory in MB."""
    began = time.perf_counter()
    quiet = ["--quiet", "--offline"] if arguments[0] == "hide" else []
    command = [sys.executable, "-c", _RUN, *arguments, *quiet]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed: {done.stderr[-400:]}")
    return time.perf_counter() - began, int(done.stderr.rsplit("PEAK", 1)[1])


if __name__ == "__main__":
    main()
