"""Whoever stops a run, however and however often, finds no half-written file."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from visard.types import Pixels

from .test_cli import film


def begun(out: Path, *command: object) -> subprocess.Popen[str]:
    """Return a run that has begun a draft in its folder."""
    # Whoever runs the tests in the background may have told them to ignore signals; a terminal has not.
    process = subprocess.Popen(
        [sys.executable, "-m", "visard", *map(str, command)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(out.glob(".visard-*.mp4")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 2])
def test_no_draft_stays(tmp_path: Path, astronaut: Pixels, number: signal.Signals, times: int) -> None:
    clip = film(tmp_path / "a.mp4", astronaut, frames=240)
    process = begun(tmp_path / "o", "hide", clip, "--out", tmp_path / "o", "--offline")
    for _ in range(times):
        time.sleep(0.2)
        process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.count("\n") == 1 and "stopped" in err, err
    assert {p.name for p in (tmp_path / "o").iterdir()} == {"report.json", "report.html"}
