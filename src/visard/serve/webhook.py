"""Telling another service that a job ended, without being sent where nobody outside may go.

A URL that the operator allowed is taken as it is. Any other must lead to public addresses alone, and is connected to at
the address that was judged: a second answer of the name server changes nothing. Redirections are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from visard.serve.refusals import Refused

_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}


def check_url(url: str, allowed: Sequence[str]) -> str:
    """Return a webhook's URL if it may be told; raises Refused. Its name is looked up."""
    _judge(url, allowed)
    return url


def tell(url: str, allowed: Sequence[str], message: dict[str, Any]) -> int:
    """Post a message as JSON and return the status; raises Refused for a forbidden address, OSError without answer."""
    parts, address = _judge(url, allowed)
    connection = _Connection(parts, address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        body = json.dumps(message).encode()
        connection.request("POST", target, body, {"Content-Type": "application/json", "Host": parts.netloc})
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError("no answer of HTTP") from error
    finally:
        connection.close()


def _judge(url: str, allowed: Sequence[str]) -> tuple[SplitResult, str]:
    """Return the URL's parts and the address to connect to."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        name = parts.hostname or ""
    except (ValueError, KeyError):
        raise Refused(422, "the webhook is no URL of http or https", "write https://...") from None
    if not name or parts.username or not url.isascii() or any(c.isspace() for c in url):
        raise Refused(422, "the webhook is no plain URL", "write https://name/path")
    if any(_within(parts, urlsplit(prefix)) for prefix in allowed):
        return parts, name
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Refused(422, "the webhook's host cannot be found", "check its name") from None
    if not found or not all(_public(address) for address in found):
        raise Refused(422, "the webhook leads into a private network", "ask the operator to allow it")
    return parts, sorted(found)[0]


def _within(parts: SplitResult, prefix: SplitResult) -> bool:
    """Return whether a URL has the host of an allowed one and lies below its path."""
    same = (parts.scheme, parts.hostname, parts.port) == (prefix.scheme, prefix.hostname, prefix.port)
    folder = prefix.path.rstrip("/")
    return same and (parts.path == folder or parts.path.startswith(folder + "/")) and ".." not in parts.path


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return (ip if mapped is None else mapped).is_global and not ip.is_multicast


class _Connection(http.client.HTTPConnection):
    """A connection to one address, which shows the certificate of the name."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(parts.hostname or "", parts.port or _PORTS[parts.scheme], timeout=_SECONDS)
        self._parts, self._address = parts, address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), _SECONDS)
        if self._parts.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._parts.hostname)
