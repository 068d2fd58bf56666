"""Live: frames a second and latency of a clip served over HTTP on loopback, also with a slow search planted.

Run with `python bench/live.py CLIP...`; JSON lines with the machine's load, because both are worth nothing without it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import av

from visard.detect import find_faces
from visard.live import window
from visard.live.show import show
from visard.policy import Policy, Rule
from visard.types import Region

_CASES = [("fill", 0.0), ("blur", 0.0), ("surrogate", 0.0), ("fill", 0.5)]
"""Method, and seconds that each look takes longer from the second second of the clip on."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def measure(clip: Path, method: str, pause: float) -> dict[str, Any]:
    """Return what became of a clip's frames."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server,
    ):
        _remux(clip, Path(folder, "clip.ts"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/clip.ts"
        began = time.monotonic()

        def slowly(*arguments: Any) -> list[Region]:
            time.sleep(pause if time.monotonic() - began > 2 else 0)
            return find_faces(*arguments)

        busy = time.process_time()
        with mock.patch.object(window, "find_faces", slowly):
            tally = show(address, str(Path(folder, "out.mp4")), Policy({"face": Rule(method=method)}))
        server.shutdown()
        return {
            "clip": clip.name, "method": method, "pause": pause, "frames": tally.came, "shown": tally.shown,
            "rate": round(tally.rate, 1), "latency": [round(tally.latency(percent), 3) for percent in (50, 95)],
            "skipped": tally.skipped, "late": tally.late, "unchecked": tally.unchecked, "bare": tally.bare,
            "stalled": tally.stalled, "cpu": round(time.process_time() - busy, 1), "load": os.getloadavg()[0],
        }  # fmt: skip


def _remux(clip: Path, target: Path) -> None:
    with av.open(str(clip)) as source, av.open(str(target), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for method, pause in _CASES:
            print(json.dumps(measure(Path(name), method, pause)), flush=True)
