"""The doorkeeper: nobody without the key, no other page, no other name; nothing told that should stay here."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any

import pytest

from visard.methods import FILES, METHODS, defaults
from visard.types import Pixels

from .conftest import KEY, Service
from .test_api import jpeg


@pytest.mark.parametrize(
    "key", ["", "Bearer", "Bearer ", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", "Bearer é"]
)
def test_nothing_below_api_without_the_key(service: Service, key: str) -> None:
    status, description = service.ask("GET", "/openapi.json", Authorization="")
    assert status == 200
    for path, methods in description["paths"].items():
        if path.startswith("/api/"):
            for method in methods:
                got, problem = service.ask(method.upper(), path.replace("{", "").replace("}", ""), Authorization=key)
                assert got == 401 and "key" in problem["what"], path


def test_the_page_needs_no_key_and_holds_nothing(service: Service) -> None:
    status, page = service.ask("GET", "/", Authorization="")
    assert status == 200 and KEY.encode() not in page
    for name in ("app.js", "style.css", "mask.svg"):
        assert service.ask("GET", f"/page/{name}", Authorization="")[0] == 200
    for name in ("..%2fapp.py", "%2e%2e%2fapp.py", "nothing.js", "..", "__init__.py"):
        assert service.ask("GET", f"/page/{name}", Authorization="")[0] == 404


def test_the_page_reaches_for_nothing_outside(service: Service) -> None:
    status, page = service.ask("GET", "/")
    parts = [
        page,
        *(service.ask("GET", f"/page/{name}")[1] for name in ("style.css", "review.css", "app.js", "api.js")),
    ]
    assert status == 200
    for part in parts:
        assert b"http:" not in part and b"https:" not in part and b"//cdn" not in part


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]:1", "localhost.evil"]
)
def test_other_names_are_not_answered(service: Service, host: str) -> None:
    assert service.ask("GET", "/", Host=host)[0] in (400, 421)
    assert service.ask("GET", "/api/jobs", Host=host)[0] in (400, 421)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil"])
def test_other_pages_are_not_answered(service: Service, origin: str) -> None:
    assert service.ask("POST", "/api/jobs", {}, Origin=origin)[0] == 403
    status, headers = raw(service, "OPTIONS", "/api/jobs", Origin=origin, Access_Control_Request_Method="POST")
    assert status == 403 and not [name for name in headers if name.startswith("access-control")]
    assert service.ask("GET", "/api/jobs", Sec_Fetch_Site="cross-site")[0] == 403


def test_every_answer_is_closed_up(service: Service) -> None:
    for path in ("/", "/page/app.js", "/api/about", "/api/jobs/none", "/nowhere", "/openapi.json", "/download/none"):
        _, headers = raw(service, "GET", path, Authorization=f"Bearer {KEY}")
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_originals_need_the_key_and_links_end(service: Service, astronaut: Pixels) -> None:
    job = service.job()
    file = service.send(job, "a.jpg", jpeg(astronaut))
    service.seen(job)
    for path in ("frames/0", "thumbnail", "faces/1", "regions"):
        assert service.ask("GET", f"/api/jobs/{job}/files/{file}/{path}")[0] == 200
        assert service.ask("GET", f"/api/jobs/{job}/files/{file}/{path}", Authorization="Bearer x")[0] == 401
    assert service.ask("POST", f"/api/jobs/{job}/links", {"what": "result", "file": file})[0] == 409
    service.hidden(job)
    _, link = service.ask("POST", f"/api/jobs/{job}/links", {"what": "result", "file": file})
    assert service.ask("GET", link["url"], Authorization="")[0] == 200
    assert service.ask("GET", link["url"][:-1], Authorization="")[0] == 404
    service.ask("DELETE", f"/api/jobs/{job}")
    assert service.ask("GET", link["url"], Authorization="")[0] == 404


def test_long_bodies_are_cut_short(service: Service) -> None:
    status, problem = service.ask(
        "POST", "/api/jobs", b'{"paths": ["' + b"a" * 2_000_000 + b'"]}', Content_Type="application/json"
    )
    assert status == 413 and "too long" in problem["what"]
    assert service.ask("POST", "/api/jobs", b"[" * 100_000, Content_Type="application/json")[0] in (400, 422)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_setting_that_is_empty_names_a_file_and_is_the_operators(method: str) -> None:
    assert {key for key, value in defaults(method).items() if value == ""} <= set(FILES)


@pytest.mark.parametrize(
    "face",
    [
        {"bank": "/etc/passwd"},
        {"method": "anonygan", "weights": "/etc/passwd"},
        {"method": "cloak", "target": "/etc/passwd"},
    ],
)
def test_a_file_of_the_operator_cannot_be_named(service: Service, face: dict[str, str]) -> None:
    status, problem = service.ask("POST", "/api/jobs", {"policy": {"face": face}})
    assert status == 422 and "passwd" not in problem["what"] + problem["hint"]


def test_the_log_names_nobody(another: Callable[..., Service], astronaut: Pixels) -> None:
    service = another()
    job = service.job()
    service.send(job, "zanzibar.jpg", jpeg(astronaut))
    service.send(job, "marrakesh.jpg", b"broken")
    service.seen(job)
    service.ask("GET", f"/api/jobs/{job}/files/timbuktu/regions")
    service.hidden(job)
    service.stop()
    for word in ("zanzibar", "marrakesh", "timbuktu", KEY, job):
        assert word not in service.logged()


def raw(service: Service, method: str, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}
