"""The service is killed in the middle: whatever was promised is still done after the next start."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from visard.types import Pixels

from ..test_cli import film
from .conftest import Service
from .test_api import jpeg


def test_a_job_survives_being_killed_while_it_is_hidden(
    another: Callable[..., Service], astronaut: Pixels, tmp_path: Path
) -> None:
    service = another()
    job = service.job()
    photo = service.send(job, "a.jpg", jpeg(astronaut))
    service.send(job, "clip.mp4", film(tmp_path / "clip.mp4", astronaut, 60).read_bytes())
    service.seen(job)
    assert service.ask("POST", f"/api/jobs/{job}/hide", {"face": {"method": "fill"}})[0] == 202
    # In the middle: the photo is done, the clip is not.
    service.wait(job, lambda j: [f["state"] for f in j["files"]] == ["done", "hiding"])
    made = service.folder / "jobs" / job / "results"
    before = {path.name: path.stat().st_mtime_ns for path in made.glob(f"{photo}*")}
    service.kill()
    time.sleep(0.5)
    service.start()
    values = service.wait(job, lambda j: j["state"] in ("done", "failed"))
    assert [file["state"] for file in values["files"]] == ["done", "done"]
    # What was done is not done again, and nothing half-made lies about.
    assert {path.name: path.stat().st_mtime_ns for path in made.glob(f"{photo}*")} == before
    assert not list(made.glob(".visard-*"))
    _, report = service.ask("GET", f"/api/jobs/{job}/report")
    assert [file["source"] for file in report["files"]] == ["a.jpg", "clip.mp4"]


def test_a_file_is_looked_at_again_and_a_half_sent_one_is_named(
    another: Callable[..., Service], astronaut: Pixels
) -> None:
    service = another()
    job = service.job()
    service.send(job, "a.jpg", jpeg(astronaut))
    service.ask("POST", f"/api/jobs/{job}/files", {"name": "b.jpg", "bytes": 9})
    service.wait(job, lambda j: j["files"][0]["state"] == "looking")
    service.kill()
    service.start()
    whole, half = service.seen(job)["files"]
    assert whole["state"] == "found"
    assert half["state"] == "broken" and "was not sent to its end" in half["what"]


def test_the_worker_ends_with_the_service(another: Callable[..., Service], astronaut: Pixels, tmp_path: Path) -> None:
    service = another()
    job = service.job()
    service.send(job, "clip.mp4", film(tmp_path / "clip.mp4", astronaut, 48).read_bytes())
    service.wait(job, lambda j: j["files"][0]["state"] == "looking")
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    if not children.exists():
        return  # only Linux tells
    workers = children.read_text().split()
    assert workers
    service.kill()
    end = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < end, "a worker outlived its service"
        time.sleep(0.05)
