"""A real service in a process of its own, spoken to over a socket; pictures of several people; a real browser."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from visard.types import Pixels

from ..faces import person, render

KEY = "a-key-for-tests-alone"
Answer = tuple[int, Any]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these tests reach this machine's own services, and nothing else."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", f"a test reaches for the network: {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


class Service:
    """`visard serve` in a process."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.process: subprocess.Popen[str]
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-P",
            "-m",
            "visard",
            "serve",
            "--port",
            "0",
            "--data",
            str(self.folder),
            *self.options,
        ]
        environment = os.environ | {"VISARD_TOKEN": KEY}
        self.log = (self.folder.parent / f"{self.folder.name}.log").open("a")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment, cwd=self.folder.parent
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.address
        self.port = int(self.address.split(":")[2].partition("/")[0])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def stop(self) -> None:
        self.process.terminate()
        self.end()

    def end(self) -> None:
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()

    def logged(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.log").read_text()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Return the status and the answer, decoded if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Authorization": f"Bearer {KEY}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if body is not None and not isinstance(body, bytes):
            given.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, data, given)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        return answer.status, json.loads(content) if content and is_json else content

    def job(self, **values: Any) -> str:
        status, job = self.ask("POST", "/api/jobs", values)
        assert status == 201, job
        return str(job["id"])

    def send(self, job: str, name: str, content: bytes) -> str:
        status, file = self.ask("POST", f"/api/jobs/{job}/files", {"name": name, "bytes": len(content)})
        assert status == 201, file
        status, sent = self.ask("PUT", f"/api/jobs/{job}/files/{file['id']}/content", content)
        assert status == 200, sent
        return str(file["id"])

    def wait(self, job: str, ready: Callable[[Any], bool], seconds: float = 60) -> Any:
        """Return the job as soon as it is ready."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, values = self.ask("GET", f"/api/jobs/{job}")
            if status == 200 and ready(values):
                return values
            time.sleep(0.05)
        raise AssertionError(f"not in time: {values}")

    def seen(self, job: str) -> Any:
        return self.wait(job, lambda j: all(f["state"] not in ("sending", "waiting", "looking") for f in j["files"]))

    def hidden(self, job: str, policy: Any = None) -> Any:
        status, begun = self.ask("POST", f"/api/jobs/{job}/hide", policy or {"face": {"method": "fill"}})
        assert status == 202, begun
        return self.wait(job, lambda j: j["state"] in ("done", "failed"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("service")
    root = folder / "root"
    root.mkdir()
    running = Service(folder / "data", "--root", str(root))
    yield running
    running.stop()


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """A way to start services of one's own."""
    running: list[Service] = []

    def start(*options: str) -> Service:
        running.append(Service(tmp_path / f"data{len(running)}", *options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.stop()


PLACES = {"first": (0, 512), "second": (512, 1024), "missed": (1024, 1324)}
"""Who is where in `group`: columns from and to."""


@pytest.fixture(scope="session")
def crowd(astronaut: Pixels) -> Pixels:
    """The astronaut, somebody else with her hair, and a third upside down whom no detector finds; side by side."""
    from visard.detect import find_faces
    from visard.found import Found
    from visard.hider import Hider
    from visard.policy import Policy
    from visard.tracing import trace
    from visard.types import Frame

    frame = Frame(astronaut)
    hider = Hider(Policy(seed=3))
    found = trace(lambda: iter([frame]), Found({0: tuple(find_faces(astronaut)[:1])}), hider, still=True)
    other = hider(frame, found.at(0)).pixels
    missed = np.full((512, 300, 3), 110, np.uint8)
    missed[120:400, 10:290] = render(person(6), 280, noise=1, turn=3.14).pixels
    return np.concatenate([astronaut, other[:, ::-1], missed], axis=1)


@pytest.fixture
def group(tmp_path: Path, crowd: Pixels) -> Path:
    """The three people in a file that loses nothing."""
    path = tmp_path / "group.png"
    Image.fromarray(crowd).save(path)
    return path


def chromium() -> str | None:
    """Return the path of a Chromium, None where there is none."""
    known = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("VISARD_CHROMIUM") or next(filter(None, map(shutil.which, known)), None)


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, in which no other test's could start
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that need it are skipped, aloud, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: install the package `chromium`, or name one with VISARD_CHROMIUM")
    with playwright.sync_playwright() as player:
        running = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()
