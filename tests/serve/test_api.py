"""The service as a program meets it: from files to results, and what bad input gets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from visard.found import Found
from visard.regions import load_regions, to_json
from visard.types import Pixels

from ..test_cli import film
from .conftest import KEY, Service


def jpeg(pixels: Pixels) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=92)
    return data.getvalue()


def decoded(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def coarse(pixels: Any) -> Any:
    """Return means of 8 x 8 pixels, which JPEG leaves alone."""
    height, width = (side // 8 for side in pixels.shape[:2])
    return pixels[: 8 * height, : 8 * width].reshape(height, 8, width, 8, 3).mean((1, 3))


def test_a_picture_and_a_video_from_end_to_end(service: Service, astronaut: Pixels, tmp_path: Path) -> None:
    job = service.job()
    photo = service.send(job, "holiday/astronaut.jpg", jpeg(astronaut))
    clip = service.send(job, "clip.mp4", film(tmp_path / "clip.mp4", astronaut).read_bytes())
    files = {file["id"]: file for file in service.seen(job)["files"]}
    assert files[photo]["state"] == files[clip]["state"] == "found"
    assert (files[clip]["frames"], files[clip]["width"], files[clip]["media"]) == (24, 320, "video")
    # One face in two files is one person.
    _, people = service.ask("GET", f"/api/jobs/{job}/people")
    assert [{track["file"] for track in person["tracks"]} for person in people] == [{photo, clip}]
    assert service.hidden(job, {"face": {"method": "pixelate", "strength": 0.9}})["state"] == "done"
    status, result = service.ask("GET", f"/api/jobs/{job}/files/{photo}/result")
    face = np.s_[100:170, 195:255]
    assert status == 200 and np.abs(decoded(result)[face] - astronaut[face].astype(int)).mean() > 7
    _, report = service.ask("GET", f"/api/jobs/{job}/report")
    assert [file["source"] for file in report["files"]] == ["holiday/astronaut.jpg", "clip.mp4"]
    assert all(check["passed"] for file in report["files"] for check in file["checks"])
    # All of it, by a link that needs no key.
    _, link = service.ask("POST", f"/api/jobs/{job}/links", {"what": "results"})
    status, packed = service.ask("GET", link["url"], Authorization="")
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert status == 200 and names == ["holiday/astronaut.jpg", "clip.mp4", "report.html"]
    assert zipfile.ZipFile(io.BytesIO(packed)).testzip() is None
    assert service.ask("DELETE", f"/api/jobs/{job}")[0] == 204


def test_regions_are_those_of_the_command(service: Service, group: Path, tmp_path: Path) -> None:
    job = service.job()
    file = service.send(job, "group.png", group.read_bytes())
    service.seen(job)
    _, given = service.ask("GET", f"/api/jobs/{job}/files/{file}/regions")
    path = tmp_path / "r.json"
    path.write_text(json.dumps(given))
    found = load_regions(path)["group.png"]
    assert len(found.at(0)) == 2
    # One is deleted: what stays comes back as it was.
    path.write_text(to_json({"group.png": Found({0: found.at(0)[:1]})}))
    status, _ = service.ask("PUT", f"/api/jobs/{job}/files/{file}/regions", json.loads(path.read_text()))
    assert status == 204
    _, again = service.ask("GET", f"/api/jobs/{job}/files/{file}/regions")
    assert again["regions"] == given["regions"][:1]
    service.ask("DELETE", f"/api/jobs/{job}")


def test_whoever_is_spared_stays_to_the_bit(service: Service, group: Path, crowd: Pixels) -> None:
    job = service.job()
    file = service.send(job, "group.png", group.read_bytes())
    service.seen(job)
    _, people = service.ask("GET", f"/api/jobs/{job}/people")
    assert len(people) == 2
    spared = min(people, key=lambda person: person["tracks"][0]["box"][0])
    status, now = service.ask("PUT", f"/api/jobs/{job}/people/{spared['id']}", {"hide": False})
    assert status == 200 and now["hide"] is False
    service.hidden(job)
    result = decoded(service.ask("GET", f"/api/jobs/{job}/files/{file}/result")[1])
    assert np.array_equal(result[:, :512], crowd[:, :512])
    assert np.array_equal(result[:, 1024:], crowd[:, 1024:])  # whom nobody found: a person must look
    assert np.count_nonzero(np.any(result[:, 512:1024] != crowd[:, 512:1024], axis=2)) > 5000
    service.ask("DELETE", f"/api/jobs/{job}")


def test_a_preview_is_what_will_be(service: Service, group: Path) -> None:
    job = service.job()
    file = service.send(job, "group.png", group.read_bytes())
    service.seen(job)
    _, found = service.ask("GET", f"/api/jobs/{job}/files/{file}/regions")
    wish = {"seed": 5, "face": {"method": "surrogate"}}
    look = {"frame": 0, "side": 2048, "policy": wish, "regions": found["regions"]}
    status, preview = service.ask("POST", f"/api/jobs/{job}/files/{file}/preview", look)
    assert status == 200
    service.hidden(job, wish)
    result = decoded(service.ask("GET", f"/api/jobs/{job}/files/{file}/result")[1])
    assert np.abs(coarse(decoded(preview)) - coarse(result)).max() < 6  # the preview is a JPEG
    service.ask("DELETE", f"/api/jobs/{job}")


def test_a_box_is_followed_onward(service: Service, astronaut: Pixels, tmp_path: Path) -> None:
    job = service.job()
    file = service.send(job, "clip.mp4", film(tmp_path / "clip.mp4", astronaut).read_bytes())
    service.seen(job)
    # The patch on her suit: no detector finds it, but it moves like her.
    row = {"frame": 4, "x0": 60, "y0": 200, "x1": 100, "y1": 236, "track": 7}
    status, trail = service.ask("POST", f"/api/jobs/{job}/files/{file}/follow", {"region": row})
    assert status == 200 and trail["last"] == 23
    last = trail["regions"][-1]
    assert abs((last["x0"] + last["x1"]) / 2 - (80 - 19)) < 6  # the view moves a pixel a frame
    assert abs((last["y0"] + last["y1"]) / 2 - 218) < 6
    service.ask("DELETE", f"/api/jobs/{job}")


BAD = [
    ("notes.jpg", b"not a picture", "is no picture or video"),
    ("cut.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "is"),
    ("clip.mp4", b"\0\0\0\x20ftypisom" + b"\0" * 400, "is"),
    ("bomb.zip", b"PK\3\4" + b"\0" * 100, "is no picture or video"),
]


def test_bad_files_say_what_is_wrong_and_stop_nobody(service: Service, astronaut: Pixels) -> None:
    job = service.job()
    good = service.send(job, "good.jpg", jpeg(astronaut))
    bad = {service.send(job, name, content): says for name, content, says in BAD}
    files = {file["id"]: file for file in service.seen(job)["files"]}
    for file, says in bad.items():
        assert files[file]["state"] == "broken" and says in files[file]["what"] and files[file]["hint"]
        assert "/" not in files[file]["what"] + files[file]["hint"]
    states = {file["id"]: file["state"] for file in service.hidden(job)["files"]}
    assert states[good] == "done" and {states[file] for file in bad} == {"broken"}
    service.ask("DELETE", f"/api/jobs/{job}")


def test_a_bomb_of_pixels_is_refused(service: Service) -> None:
    data = io.BytesIO()
    Image.new("1", (12_000, 11_000)).save(data, "PNG")
    job = service.job()
    service.send(job, "bomb.png", data.getvalue())
    (file,) = service.seen(job)["files"]
    assert file["state"] == "broken" and "megapixels" in file["what"]
    service.ask("DELETE", f"/api/jobs/{job}")


@pytest.mark.parametrize(
    ("name", "size", "status", "says"),
    [
        ("empty.jpg", 0, 422, "is empty"),
        ("huge.mp4", 2_500_000_000, 413, "larger than 2 GB"),
        ("a\x1b[31mb.jpg", 9, 422, "cannot be shown"),
        ("a\u202egpj.exe", 9, 422, "cannot be shown"),
        ("../../etc/passwd", 9, 422, "leads elsewhere"),
        ("/etc/passwd", 9, 422, "leads elsewhere"),
        ("a\\b.jpg", 9, 422, "leads elsewhere"),
        ("  ", 9, 422, "has no name"),
        ("x" * 300 + ".jpg", 9, 422, "too long"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(
    service: Service, name: str, size: int, status: int, says: str
) -> None:
    job = service.job()
    got, problem = service.ask("POST", f"/api/jobs/{job}/files", {"name": name, "bytes": size})
    assert got == status and says in problem["what"] and problem["hint"]
    assert service.ask("GET", f"/api/jobs/{job}")[1]["files"] == []
    service.ask("DELETE", f"/api/jobs/{job}")


def test_a_file_is_what_was_announced(service: Service) -> None:
    job = service.job()
    _, file = service.ask("POST", f"/api/jobs/{job}/files", {"name": "a.jpg", "bytes": 10})
    path = f"/api/jobs/{job}/files/{file['id']}/content"
    assert service.ask("PUT", path, b"0123456789 and more")[0] == 413
    assert service.ask("PUT", path, b"0123")[0] == 422
    assert service.ask("PUT", path, b"0123456789")[0] == 200
    assert service.ask("PUT", path, b"0123456789")[0] == 409
    assert not list(service.folder.rglob("*.part"))
    service.ask("DELETE", f"/api/jobs/{job}")


def test_the_disk_quota_holds(another: Callable[..., Service]) -> None:
    small = another("--quota-gb", "0.0005")
    job = small.job()
    status, problem = small.ask("POST", f"/api/jobs/{job}/files", {"name": "a.jpg", "bytes": 600_000})
    assert status == 507 and "disk space" in problem["what"]


def test_a_job_that_takes_too_long_fails_alone(another: Callable[..., Service], astronaut: Pixels) -> None:
    hasty = another("--job-minutes", "0.01")
    job = hasty.job()
    hasty.send(job, "a.jpg", jpeg(astronaut))
    (file,) = hasty.seen(job)["files"]
    assert file["state"] == "broken" and "took longer" in file["what"]
    assert hasty.ask("GET", "/api/about")[0] == 200


def test_paths_stay_below_the_root(service: Service, astronaut: Pixels, tmp_path: Path) -> None:
    root = service.folder.parent / "root"
    (root / "album").mkdir(exist_ok=True)
    (root / "album" / "a.jpg").write_bytes(jpeg(astronaut))
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(jpeg(astronaut))
    status, job = service.ask("POST", "/api/jobs", {"paths": ["album"]})
    assert status == 201 and [file["name"] for file in job["files"]] == ["album/a.jpg"]
    assert service.ask("DELETE", f"/api/jobs/{job['id']}")[0] == 204
    assert (root / "album" / "a.jpg").exists()
    for path in ("..", "/etc/passwd", str(outside), "album/../../data", "nothing", ""):
        assert service.ask("POST", "/api/jobs", {"paths": [path]})[0] == 422, path
    (root / "album" / "link.jpg").symlink_to(outside)
    status, problem = service.ask("POST", "/api/jobs", {"paths": ["album"]})
    assert status == 422 and "link" in problem["what"]
    (root / "album" / "link.jpg").unlink()
    before = len(service.ask("GET", "/api/jobs")[1])
    assert before == len(list((service.folder / "jobs").iterdir()))


def test_events_tell_of_the_whole_way(service: Service, astronaut: Pixels) -> None:
    job = service.job()
    lines: list[str] = []

    def listen() -> None:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        connection.request("GET", f"/api/jobs/{job}/events", headers={"Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        while line := answer.readline():
            lines.append(line.decode().strip())
        connection.close()

    listener = threading.Thread(target=listen)
    listener.start()
    service.send(job, "a.jpg", jpeg(astronaut))
    service.seen(job)
    service.hidden(job)
    service.ask("DELETE", f"/api/jobs/{job}")
    listener.join(20)
    assert not listener.is_alive() and lines[-3:-1] == ["event: gone", "data: {}"]
    states = [json.loads(line[6:]).get("state") for line in lines if line.startswith("data: ")]
    for state in ("waiting", "looking", "found", "hiding", "done"):
        assert state in states


def test_a_webhook_is_told_and_a_private_one_refused(another: Callable[..., Service], astronaut: Pixels) -> None:
    heard: list[Any] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/ended"
    service = another("--allow-webhook", url)
    for wrong in (url.replace("/ended", "/other"), "http://[::1]:1/", "http://169.254.169.254/x", "ftp://a/", "x"):
        assert service.ask("POST", "/api/jobs", {"webhook": wrong})[0] == 422, wrong
    job = service.job(webhook=url)
    file = service.send(job, "a.jpg", jpeg(astronaut))
    service.seen(job)
    service.hidden(job)
    for _ in range(100):
        if heard:
            break
        threading.Event().wait(0.05)
    server.shutdown()
    server.server_close()
    assert heard == [{"job": job, "state": "done", "files": [{"id": file, "state": "done"}]}]


def test_stopping_gives_the_files_back(service: Service, astronaut: Pixels, tmp_path: Path) -> None:
    job = service.job()
    service.send(job, "clip.mp4", film(tmp_path / "clip.mp4", astronaut, 48).read_bytes())
    service.seen(job)
    assert service.ask("POST", f"/api/jobs/{job}/hide", {})[0] == 202
    status, stopped = service.ask("POST", f"/api/jobs/{job}/stop")
    assert status == 200 and stopped["state"] == "open" and stopped["files"][0]["state"] == "found"
    assert service.hidden(job)["state"] == "done"
    service.ask("DELETE", f"/api/jobs/{job}")


def test_deleting_removes_every_byte(another: Callable[..., Service], astronaut: Pixels) -> None:
    service = another()
    job = service.job()
    content = jpeg(astronaut)
    service.send(job, "zanzibar-wedding.jpg", content)
    service.seen(job)
    service.hidden(job)
    assert traces(service.folder, [b"zanzibar", content[2000:2100]])
    assert service.ask("DELETE", f"/api/jobs/{job}")[0] == 204
    assert empty(service.folder)
    assert not traces(service.folder, [b"zanzibar", content[2000:2100], job.encode()])
    assert service.ask("GET", f"/api/jobs/{job}")[0] == 404


def test_one_folder_has_one_service(another: Callable[..., Service]) -> None:
    service = another()
    second = subprocess.run(
        [sys.executable, "-P", "-m", "visard", "serve", "--port", "0", "--data", str(service.folder)],
        capture_output=True, text=True, cwd=service.folder.parent, timeout=60,
    )  # fmt: skip
    assert second.returncode == 2 and "another visard serve" in second.stderr and second.stderr.count("\n") == 1


def test_jobs_end_by_themselves(another: Callable[..., Service], astronaut: Pixels) -> None:
    service = another("--keep-hours", "0.0001")
    service.send(service.job(), "a.jpg", jpeg(astronaut))
    service.stop()
    service.start()
    for _ in range(100):
        if not service.ask("GET", "/api/jobs")[1] and empty(service.folder):
            break
        threading.Event().wait(0.05)
    assert empty(service.folder)


def empty(folder: Path) -> bool:
    """Return whether a service's folder holds nothing but its list of jobs, and what undoes a change to that, empty."""
    # os.walk bears folders that vanish meanwhile.
    rest = [Path(place, name) for place, _, names in os.walk(folder) for name in names if name != "jobs.sqlite"]
    return all(path.name == "jobs.sqlite-journal" and not path.stat().st_size for path in rest if path.exists())


def traces(folder: Path, words: list[bytes]) -> list[str]:
    """Return the files below a folder that hold one of the words, or are named so."""
    return [
        str(path) for path in folder.rglob("*")
        if path.is_file() and any(w in path.read_bytes() or w in str(path).encode() for w in words)
    ]  # fmt: skip
