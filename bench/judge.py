"""What judging costs: one method on 100 people x 8 pictures, in seconds of wall and CPU, and in memory at its most.

    python bench/judge.py [--method blur] [--people 100] [--pictures 8]

The verb runs in a process of its own, with an empty cache, on one or two cores; CPU seconds are all its threads', and
those of the process that it starts to measure costs. Needs the development data (VISARD_DATA). The first lines of the
result are printed too, so that what was measured is what was asked for.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(os.environ.get("VISARD_DATA", Path(__file__).parents[2] / "shared" / "data"))

_RUN = """
import sys, pathlib, visard.attack.cache as cache
real = cache.Cache.__init__
cache.Cache.__init__ = lambda self: real(self, pathlib.Path(sys.argv[1]))
import visard.cli.app as app
sys.exit(app.run(sys.argv[2:]))
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--method", default="blur")
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--pictures", type=int, default=8)
    arguments.add_argument("--recognisers", default="dlib,pixels")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-c", _RUN, f"{name}/kept.sqlite", "evaluate", "--data", str(DATA / "lfw_dev.tar")]
        command += ["--methods", chosen.method, "--recognisers", chosen.recognisers, "--out", f"{name}/out", "--quiet"]
        command += ["--people", str(chosen.people), "--pictures", str(chosen.pictures)]
        load, begun = os.getloadavg()[0], time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        wall, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    print("\n".join(done.stdout.splitlines()[:12]))
    print(f"\n{chosen.method}, {chosen.people} people x {chosen.pictures} pictures, {chosen.recognisers}: "
          f"{wall:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU, {used.ru_maxrss / 1024:.0f} MB at most; "
          f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores")  # fmt: skip


if __name__ == "__main__":
    main()
