"""The service put together: routes, the page and its parts, refusals in words, and the doorkeeper before all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from visard import __version__
from visard.errors import VisardError
from visard.serve import files as file_routes
from visard.serve import jobs, results
from visard.serve.forms import Problem
from visard.serve.guard import Guard, answer
from visard.serve.house import House
from visard.serve.refusals import Refused, in_words
from visard.serve.settings import Settings

_PAGE = Path(str(files("visard.serve").joinpath("page")))

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_SAYS = """Hide the people in pictures and videos: make a job, announce and send files, look at who was found,
choose, hide, and fetch the results. Every request below /api needs `Authorization: Bearer KEY`."""

_PROBLEMS = {
    400: "The request cannot be read.",
    401: "The key is missing or wrong.",
    403: "Not allowed here.",
    404: "There is no such thing.",
    409: "Not now.",
    413: "Too much.",
    421: "Not the service's name.",
    422: "Something is wrong with what was sent.",
    429: "Too many.",
    507: "No room.",
}


def make_app(settings: Settings) -> ASGIApp:
    """Return the service, which begins to work when it is started."""
    house = House(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        house.start()
        yield
        await house.close()

    app = FastAPI(
        title="visard", version=__version__, description=_SAYS, lifespan=life, docs_url=None, redoc_url=None,
        responses={code: {"model": Problem, "description": says} for code, says in _PROBLEMS.items()},
    )  # fmt: skip
    app.state.house = house
    for routes in (jobs.routes, file_routes.routes, results.routes):
        app.include_router(routes)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(VisardError, _refuse)
    app.get("/", include_in_schema=False)(_index)
    app.get("/page/{name}", include_in_schema=False)(_part)
    _describe_key(app)
    return Guard(app, settings)


async def _index() -> FileResponse:
    return FileResponse(_PAGE / "index.html", media_type="text/html")


async def _part(name: str) -> FileResponse:
    if name not in {path.name for path in _PAGE.iterdir()}:
        raise Refused(404, "there is no such part of the page")
    return FileResponse(_PAGE / name, media_type=_KINDS.get(Path(name).suffix))


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Refused):
        return answer(error)
    assert isinstance(error, VisardError), "registered for those"
    words = in_words(error)
    return answer(Refused(422, words["what"], words["hint"]))


async def _wrong(request: Request, error: Exception) -> JSONResponse:
    """Say which value is wrong, without saying it again."""
    assert isinstance(error, RequestValidationError), "registered for those"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return answer(Refused(422, f"{where or 'the request'}: {first['msg']}", "see /openapi.json for what is expected"))


async def _plain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException), "registered for those"
    if isinstance(error.__cause__, Refused):
        return answer(error.__cause__)
    return answer(Refused(error.status_code, str(error.detail).lower(), "see /openapi.json for what there is"))


def _describe_key(app: FastAPI) -> None:
    """Add to the description that a key is needed below /api."""
    describe = app.openapi

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            plain = describe()
            plain.setdefault("components", {})["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for route in app.routes:
                if isinstance(route, APIRoute) and route.path.startswith("/api/"):
                    for method in route.methods or ():
                        plain["paths"][route.path][method.lower()]["security"] = [{"key": []}]
        assert app.openapi_schema is not None, "made above"
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to change the description
