"""A cluster does what the local pool does, byte for byte, even when it loses a worker.

In processes of their own: Ray's talk to each other over loopback, which tests of this process may not.
"""

from __future__ import annotations

import contextlib
import os
import pickle
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

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None or find_spec("pyarrow") is None,
    reason="Ray Data is not installed: pip install 'visard[ray]'",
)
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to find workers in")


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


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    """Run Python in a folder, in a group of its own: Ctrl-C on a terminal reaches a whole group."""
    # Whoever runs the tests in the background may have told them to ignore Ctrl-C; a terminal has not.
    return subprocess.Popen([sys.executable, *command], cwd=folder, text=True, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # fmt: skip


def hide(photos: Path, *options: str) -> subprocess.Popen[str]:
    fixed = ["--out", "ray", "--engine", "ray", "--offline", "--method", "blur"]
    return start(photos.parent, "-m", "visard", "hide", photos.name, *fixed, *options)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.png"))}


def children(driver: int) -> dict[int, str]:
    """Numbers and names of the processes that a process has started, and those that they have."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(entry.name)
            parents[number] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            names[number] = (entry / "cmdline").read_bytes().decode()
    found = {driver}
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return {number: names[number] for number in found & names.keys()}


def workers_of(driver: int) -> list[int]:
    """Numbers of the workers that hide something for a process."""
    return [number for number, name in children(driver).items() if name.startswith("ray::MapWorker(Map(_Worker)).sub")]


def awaited(cluster: subprocess.Popen[str]) -> list[int]:
    deadline = time.monotonic() + 240
    while not (working := workers_of(cluster.pid)) and cluster.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert working, "no worker was ever seen"
    return working


def open_doors(driver: int) -> set[str]:
    """Addresses beyond loopback at which a process and its children listen, as the kernel writes them."""
    sockets = set()
    for number in children(driver):
        with contextlib.suppress(OSError):
            sockets |= {link.readlink().name for link in Path(f"/proc/{number}/fd").iterdir()}
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path("/proc/net", table).read_text().splitlines()[1:]]
    mine = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}
    return mine - {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@needs_ray
@needs_proc
def test_two_workers_one_of_them_lost_do_what_the_local_pool_does(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    assert run(["hide", "photos", "--out", "local", "--method", "blur", "--offline", "--quiet"]) == 3
    with hide(photos) as cluster:
        os.kill(awaited(cluster)[0], signal.SIGKILL)
        assert not open_doors(cluster.pid)
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


@needs_ray
@needs_proc
def test_a_run_that_was_stopped_goes_on_where_it_stopped(photos: Path, astronaut: Pixels) -> None:
    (photos / "broken.jpg").unlink()
    for i in range(6, 16):
        Image.fromarray(astronaut[8 * i : 8 * i + 300, 100:420]).save(photos / f"{i}.png")
    results = photos.parent / "ray"
    with hide(photos) as cluster:
        assert cluster.stdout is not None
        early = [cluster.stdout.readline() for _ in range(2)]
        journal = [r.output for r in load(results / ".visard-journal")]
        assert {line.strip().removeprefix("ray/") for line in early} <= set(journal)
        os.killpg(cluster.pid, signal.SIGINT)
        stopped = time.monotonic()
        out, err = cluster.communicate(timeout=60)
    assert cluster.returncode == 130 and "run the same command again" in err and err.count("\n") == 1, err
    assert time.monotonic() - stopped < 20
    # Nothing appeared that the report does not know, and nothing is left half-made.
    done = {r.output for r in load(results / "report.json")}
    assert 2 <= len(done) < 16 and done == set(files(results))
    assert len(out.splitlines()) == len(done) - 2
    with hide(photos) as again:
        _, err = again.communicate(timeout=240)
    assert f"{16 - len(done)} done, {len(done)} skipped" in err, err
    assert len(files(results)) == 16


@needs_ray
@needs_proc
def test_a_source_that_kills_whoever_takes_it_is_given_up_and_the_others_go_on(photos: Path) -> None:
    (photos.parent / "poison.py").write_text("""
import os, pathlib, sys

class Poison(type(pathlib.Path())):
    def open(self, *args, **more):
        os.kill(os.getpid(), 9)

if __name__ == "__main__":
    from poison import Poison
    from visard.cluster import cluster
    from visard.pipeline import Order, Task
    from visard.policy import Policy, Rule

    policy = Policy({"face": Rule("fill")})
    names = ["0.png", "1.png", "2.png", "3.png"]
    sources = [(Poison if name == "1.png" else pathlib.Path)("photos", name) for name in names]
    with cluster(1, policy) as engine:
        orders = [Order(i, source, pathlib.Path(source.name)) for i, source in enumerate(sources)]
        engine(orders, Task(policy), lambda i, what: print(i, getattr(what, "status", what), flush=True), print)
""")
    with start(photos.parent, "poison.py") as cluster:
        out, err = cluster.communicate(timeout=240)
    assert not err and cluster.returncode == 0, err
    lost = "1 photos/1.png: lost 2 workers one after the other; is there memory enough? hide it alone"
    assert sorted(out.splitlines()) == ["0 done", lost, "2 done", "3 done"]
    assert not (photos.parent / "1.png").exists()


@needs_ray
def test_one_face_a_person_needs_one_process(photos: Path) -> None:
    with hide(photos, "--method", "surrogate", "--identity", "person") as cluster:
        _, err = cluster.communicate(timeout=240)
    assert cluster.returncode == 2 and "drop --identity person" in err and len(err.splitlines()) == 1, err


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
