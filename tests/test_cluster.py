"""A cluster does what the local pool does, byte for byte, even when it loses a worker.

In processes of their own: Ray's talk to each other over loopback, which tests of this process may not.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from visard.cli.app import run
from visard.errors import SourceError, VerificationFailed, VisardError
from visard.report.record import load
from visard.types import Check, Pixels

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'visard[ray]'")


@pytest.fixture
def photos(tmp_path: Path, astronaut: Pixels) -> Path:
    """A folder with six photos, one of them in a folder of its own, and one that is broken."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for i in range(6):
        name = folder / ("more" if i == 5 else "") / f"{i}.png"
        Image.fromarray(astronaut[8 * i : 8 * i + 300, 100:420]).save(name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


def hide(photos: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "visard", "hide", photos.name, "--out", "ray", "--engine", "ray", "--offline"]
    return subprocess.Popen(
        [*command, *options], cwd=photos.parent, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.png"))}


def workers_of(driver: int) -> list[int]:
    """Numbers of the workers that hide something for a process."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(entry.name)
            parents[number] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            names[number] = (entry / "cmdline").read_bytes().decode()
    found = []
    for number in (n for n, name in names.items() if name.startswith("ray::_Worker.hide")):
        up = number
        while up in parents and up != driver:
            up = parents[up]
        found += [number] if up == driver else []
    return found


@needs_ray
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to find workers in")
def test_two_workers_one_of_them_lost_do_what_the_local_pool_does(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    assert run(["hide", "photos", "--out", "local", "--method", "blur", "--offline", "--quiet"]) == 3
    with hide(photos, "--method", "blur") as cluster:
        deadline = time.monotonic() + 240
        while not (working := workers_of(cluster.pid)) and cluster.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert working, "no worker was ever seen"
        os.kill(working[0], signal.SIGKILL)
        out, err = cluster.communicate(timeout=240)
    assert cluster.returncode == 3, err
    assert "6 done, 1 failed" in err and err.count("\n") == 2, err
    assert len(out.splitlines()) == 6
    assert files(Path("ray")) == files(Path("local"))
    ours, theirs = (
        {r.source: (r.status, r.output, r.output_sha256, r.policy) for r in load(Path(where, "report.json"))}
        for where in ("ray", "local")
    )
    assert ours == theirs
    # Finished files are recognised, whoever hid them.
    shutil.rmtree("ray/more")
    with hide(photos, "--method", "blur") as again:
        _, err = again.communicate(timeout=240)
    assert "1 done, 5 skipped, 1 failed" in err
    assert files(Path("ray")) == files(Path("local"))


@needs_ray
def test_no_cluster_is_one_line(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with hide(photos) as cluster:
        _, err = cluster.communicate(timeout=240)
    assert cluster.returncode == 2 and "no Ray cluster answers" in err and len(err.splitlines()) == 1, err


def test_failures_come_back_as_they_were() -> None:
    for error in (
        SourceError("is empty", where="a.jpg", hint="copy it"),
        VerificationFailed([Check("untouched", 3.0, 0.0)], where="b.mp4", hint="raise --margin"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, VisardError)
        assert str(again) == str(error) and again.exit_code == error.exit_code and vars(again) == vars(error)
