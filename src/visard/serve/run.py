"""The service on a socket: started, announced, and stopped."""

from __future__ import annotations

import logging
import os
import socket
import webbrowser
from collections.abc import Callable

import uvicorn

from visard.errors import UsageError
from visard.serve.app import make_app
from visard.serve.settings import Settings

_PATIENCE = 3
"""Seconds that open connections get when the service stops."""


def serve(settings: Settings, host: str, port: int, look: bool, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or a signal; say is told the page's address. look: open it in the browser.

    Raises UsageError where the address is taken, TargetError where the data folder cannot be used.
    """
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="visard: %(message)s")
    app = make_app(settings)
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/#key={settings.token}"
    say(address)
    if look:
        webbrowser.open(address)
    config = uvicorn.Config(
        app, access_log=False, log_level="critical", server_header=False, date_header=False, ws="none",
        timeout_graceful_shutdown=_PATIENCE, h11_max_incomplete_event_size=1 << 16,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, proto)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        hint = "is another visard serve running? choose another --port"
        raise UsageError(f"cannot listen: {error.strerror}", where=f"{host}:{port}", hint=hint) from error
    return listening
