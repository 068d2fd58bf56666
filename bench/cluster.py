"""Two workers of a Ray cluster on this machine beside the local pool, on the same photos; one worker is killed.

Run with `python bench/cluster.py FOLDER [METHOD]`; whole processes, so that start-up counts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.test_cluster import workers_of


def main(folder: Path, method: str) -> None:
    """Print one JSON line for each way to work, and whether the bytes are the same."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for engine, kill in (("local", False), ("ray", False), ("ray", True)):
            print(json.dumps(measure(folder, work, engine, kill, method)), flush=True)
        results = [outputs(work / way) for way in ("local", "ray", "ray-killed")]
        print(json.dumps({"files": len(results[0]), "same": results[0] == results[1] == results[2]}))


def measure(folder: Path, work: Path, engine: str, kill: bool, method: str) -> dict[str, Any]:
    """Hide a folder in a process of its own; kill: one worker is killed in the middle."""
    out = work / (f"{engine}-killed" if kill else engine)
    command = [sys.executable, "-m", "visard", "hide", str(folder), "--out", str(out), "--engine", engine]
    middle = sum(path.is_file() for path in folder.rglob("*")) // 2
    began, killed = time.monotonic(), 0
    with subprocess.Popen([*command, "--method", method, "--offline"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        done = 0
        for _ in run.stdout:
            done += 1
            if kill and not killed and done >= middle and (working := workers_of(run.pid)):
                killed = working[0]
                os.kill(killed, signal.SIGKILL)
    spent = time.monotonic() - began
    return {"engine": engine, "killed": bool(killed), "done": done, "seconds": round(spent, 1),
            "code": run.returncode, "load": os.getloadavg()[0]}  # fmt: skip


def outputs(out: Path) -> dict[str, bytes]:
    """Return the results by name."""
    files = (path for path in out.rglob("*") if path.is_file() and not path.name.startswith(("report.", ".")))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "fill")
