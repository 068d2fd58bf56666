"""The doorkeeper: every request is judged before anything of the service sees it, and every answer leaves closed up.

The token travels in a header alone, so that another page's forms and pictures cannot use it; nothing is shared with
other origins; names that are not ours are not answered, so that a name server cannot bring a page's own name here.
Nothing that people send, and no name of a file, is ever written to the log.
"""

from __future__ import annotations

import hmac
import logging
import traceback
from typing import Any, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visard.serve.refusals import Refused
from visard.serve.settings import Settings

log = logging.getLogger("visard.serve")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

_MOST_JSON, _MOST_REGIONS = 1 << 20, 64 << 20
"""Bytes of a body: of any request, and of regions; files have limits of their own."""


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._token = settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = False

        async def closed_up(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._judge(scope)
            await self._app(scope, _bounded(scope, receive), closed_up)
        except Refused as refusal:
            if not started:
                await answer(refusal)(scope, receive, closed_up)
        except Exception as error:
            # Where, not what: the message could hold a name or a part of a file.
            last = traceback.extract_tb(error.__traceback__)[-1]
            log.error("a request failed: %s in %s, line %s", type(error).__name__, last.name, last.lineno)
            if started:
                raise ConnectionAbortedError from None
            await answer(Refused(500, "something went wrong here", "please report it"))(scope, receive, closed_up)

    def _judge(self, scope: Scope) -> None:
        """Raise Refused for a host that is not ours, a foreign origin, or a wrong token."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self._settings.hosts:
            raise Refused(421, "the service does not go by this name", "use the address that it printed")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refused(403, "requests from other pages are not answered", "use the service's own page")
        if headers.get("sec-fetch-site", "none") == "cross-site" and scope["path"].startswith(("/api", "/download")):
            raise Refused(403, "requests from other pages are not answered", "use the service's own page")
        if scope["path"].startswith("/api/"):
            scheme, _, given = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
                raise Refused(
                    401, "the key is missing or wrong", "open the address that visard printed when it started"
                )


class _Refusing(Protocol):
    what: str
    hint: str
    status: int


def answer(refusal: _Refusing) -> JSONResponse:
    """Return the answer that a refusal gets."""
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
    return JSONResponse({"what": refusal.what, "hint": refusal.hint}, refusal.status, headers)


def _name(host: str) -> str:
    """Return the name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Return a way to receive a body that ends with Refused where it grows too long."""
    path: str = scope["path"]
    if path.endswith("/content"):
        return receive
    most, seen = _MOST_REGIONS if path.endswith("/regions") else _MOST_JSON, 0

    async def bounded() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise Refused(413, "the request is too long", f"send at most {most >> 20} MB")
        return message

    return bounded
