"""What the service bears: many jobs at a time, nothing lost, memory flat; and its own description turned against it.

    python bench/serve.py [--jobs 200] [--at-once 8] [--workers 2] [--fuzz PATH]

Each job is one photo (the astronaut, shifted, so that no two are alike): made, sent, hidden, fetched, deleted. Memory
is the resident size of the service and of all its processes, after every tenth of the jobs. --fuzz names a
`schemathesis` command, which is then run against the service, first without any job, then on one; an answer of 500 or
above, or one that the description does not know, is a failure.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

KEY = "a-key-for-the-bench"
PHOTOS: Any = data

_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fuzz")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "data")
        service, port = start(folder, arguments.workers)
        try:
            results: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores"}
            if arguments.jobs:
                results |= many(service.pid, port, arguments.jobs, arguments.at_once)
                results["left"] = sorted(
                    path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_size
                )
            if arguments.fuzz:
                results["fuzz"] = fuzz(arguments.fuzz, port, Path(name))
        finally:
            service.terminate()
            service.wait(20)
    print(json.dumps(results, indent=1))


def start(folder: Path, workers: int) -> tuple[subprocess.Popen[str], int]:
    """Start a service; return its process and port."""
    command = [sys.executable, "-P", "-m", "visard", "serve", "--port", "0", "--data", str(folder)]
    environment = os.environ | {"VISARD_TOKEN": KEY}
    service = subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, text=True, env=environment, cwd=folder.parent
    )
    assert service.stdout is not None
    return service, int(service.stdout.readline().split(":")[2].partition("/")[0])


def many(pid: int, port: int, jobs: int, at_once: int) -> dict[str, Any]:
    """Do the jobs; return what became of them, how long they took, and the memory on the way."""
    memory, seconds, began = [], [], time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for done, spent in enumerate(pool.map(lambda number: one(port, number), range(jobs)), 1):
            seconds.append(spent)
            if done % max(1, jobs // 10) == 0:
                memory.append(resident(pid))
    whole = time.monotonic() - began
    return {
        "jobs": jobs, "at_once": at_once, "lost": jobs - len(seconds), "seconds": round(whole, 1),
        "jobs_a_minute": round(60 * jobs / whole, 1), "median_s": round(statistics.median(seconds), 2),
        "memory_mb": [{"service": a, "all": b} for a, b in memory],
    }  # fmt: skip


def one(port: int, number: int) -> float:
    """Do one job from its making to its end; raises AssertionError where anything is not as it should be."""
    began, photo = time.monotonic(), picture(number)
    job = ask(port, "POST", "/api/jobs", {})["id"]
    file = ask(port, "POST", f"/api/jobs/{job}/files", {"name": f"{number}.jpg", "bytes": len(photo)})["id"]
    ask(port, "PUT", f"/api/jobs/{job}/files/{file}/content", photo)
    ask(port, "POST", f"/api/jobs/{job}/hide", {"face": {"method": "pixelate"}})
    while (state := ask(port, "GET", f"/api/jobs/{job}")["state"]) == "hiding":
        time.sleep(0.2)
    assert state == "done", state
    result = ask(port, "GET", f"/api/jobs/{job}/files/{file}/result")
    before, after = (np.asarray(Image.open(io.BytesIO(p)).convert("RGB")).astype(int) for p in (photo, result))
    assert before.shape == after.shape and np.abs(before - after).max() > 60, "not hidden"
    ask(port, "DELETE", f"/api/jobs/{job}")
    return time.monotonic() - began


def picture(number: int) -> bytes:
    """Return a photo that no other number has, as JPEG."""
    content = io.BytesIO()
    Image.fromarray(np.roll(np.asarray(PHOTOS.astronaut()), number, axis=1)[:480]).save(content, "JPEG", quality=92)
    return content.getvalue()


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    """Return what the service answers, decoded if it is JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    plain = isinstance(body, bytes) or body is None
    headers = {"Authorization": f"Bearer {KEY}"} | ({} if plain else {"Content-Type": "application/json"})
    connection.request(method, path, body if plain else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status < 300, (answer.status, content)
    is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
    return json.loads(content) if content and is_json else content


def resident(pid: int) -> tuple[int, int]:
    """Return the resident size in MB of a process, and of it with its children (Linux alone tells)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    sizes = []
    for number in (str(pid), *children):
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
        sizes += [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")]
    return sizes[0], sum(sizes)


def fuzz(command: str, port: int, folder: Path) -> dict[str, Any]:
    """Let schemathesis try whatever the description allows, and what it does not: without a job, then on one."""
    deadly = "delete_job|delete_file|hide_job"
    first = schemathesis(command, port, folder, "watch_job")
    job = ask(port, "POST", "/api/jobs", {})["id"]
    photo = picture(0)
    file = ask(port, "POST", f"/api/jobs/{job}/files", {"name": "a.jpg", "bytes": len(photo)})["id"]
    ask(port, "PUT", f"/api/jobs/{job}/files/{file}/content", photo)
    while ask(port, "GET", f"/api/jobs/{job}")["files"][0]["state"] != "found":
        time.sleep(0.2)
    person = ask(port, "GET", f"/api/jobs/{job}/people")[0]["id"]
    lines = [f'"path.{key}" = "{value}"' for key, value in (("job", job), ("file", file), ("person", person))]
    (folder / "schemathesis.toml").write_text(
        "\n".join(["[parameters]", *lines, '"path.track" = 1', '"path.index" = 0', ""])
    )
    return {"without": first, "with": schemathesis(command, port, folder, f"watch_job|{deadly}")}


def schemathesis(command: str, port: int, folder: Path, spared: str) -> dict[str, Any]:
    """Run it on all operations but the spared ones; return whether it failed, and its last words."""
    address = f"http://127.0.0.1:{port}/openapi.json"
    options = ["--header", f"Authorization: Bearer {KEY}", "--checks", _CHECKS, "--max-examples", "60", "--mode", "all"]
    options += ["--request-timeout", "120"]  # on a busy machine a preview may take longer than the 10 s of its default
    options += ["--seed", "1", "--exclude-operation-id-regex", spared, "--continue-on-failure"]
    run = subprocess.run([command, "run", address, *options], capture_output=True, text=True, check=False, cwd=folder)
    print(run.stdout, file=sys.stderr)
    return {
        "failed": run.returncode != 0,
        "said": [line.strip() for line in run.stdout.splitlines() if " generated, " in line],
    }


if __name__ == "__main__":
    main()
