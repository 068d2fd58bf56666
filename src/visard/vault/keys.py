"""Keys as text: one a line, with a check sum, so that a slip of the pen is noticed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visard.errors import UsageError
from visard.vault.layout import MOST_STANZAS

PUBLIC, SECRET = "visard-public-", "visard-secret-"
_SUM = 4
_SIZE = 32


@dataclass(frozen=True, slots=True)
class Recipients:
    """For whom something is sealed: holders of X25519 keys (public, 32 bytes each), and of a password.

    Raises UsageError for more of them than a seal has room for.
    """

    keys: tuple[bytes, ...] = ()
    password: str | None = None

    def __post_init__(self) -> None:
        if len(self) > MOST_STANZAS:
            what = f"{len(self)} are to open the seal, and there is room for {MOST_STANZAS}"
            raise UsageError(what, hint="seal it for a key that several of them hold")

    def __bool__(self) -> bool:
        return bool(self.keys) or self.password is not None

    def __len__(self) -> int:
        return len(self.keys) + (self.password is not None)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody holds who wants to open a seal: X25519 keys (secret, 32 bytes each), and a password."""

    keys: tuple[bytes, ...] = ()
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is sealed beside a result, and for whom: the pixels that were hidden, or the whole source file."""

    recipients: Recipients
    whole: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return, as plain values, what tells one sealing from another; whose keys they are nobody can read there."""
        keys = hashlib.sha256(b"".join(sorted(self.recipients.keys))).hexdigest()
        password = self.recipients.password is not None
        return {"whole": self.whole, "recipients": len(self.recipients), "password": password, "sha256": keys}


def to_text(kind: str, key: bytes) -> str:
    """Return a key as one line; kind: PUBLIC or SECRET."""
    return kind + base64.b32encode(key + _sum(kind, key)).decode().rstrip("=").lower()


def from_text(kind: str, line: str) -> bytes:
    """Return the key in a line; raises UsageError for anything else, without repeating it."""
    word = "public" if kind == PUBLIC else "secret"
    text = line.strip().removeprefix(kind).upper()
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raw = b""
    key, check = raw[:_SIZE], raw[_SIZE:]
    if not line.strip().startswith(kind) or len(key) != _SIZE or check != _sum(kind, key):
        raise UsageError(f"is no {word} key", hint=f"give a line that begins with {kind}, whole")
    return key


def read_keys(kind: str, given: str) -> list[bytes]:
    """Return the keys that an argument names: one itself, or a file with one a line (# begins a comment).

    Raises UsageError.
    """
    if given.strip().startswith((PUBLIC, SECRET)):
        return [from_text(kind, given)]
    try:
        lines = Path(given).read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError("is neither a key nor a file of keys", where=given, hint="see visard keygen") from error
    try:
        keys = [from_text(kind, line) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    except UsageError as error:
        raise UsageError("a line " + error.what, where=given, hint=error.hint) from error
    if not keys:
        raise UsageError("holds no key", where=given, hint="see visard keygen")
    return keys


def _sum(kind: str, key: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + key).digest()[:_SUM]
