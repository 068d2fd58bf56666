"""The seal's bytes without any secret: header, stanzas, slots, chunks; docs/vault.md is their description."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from visard.errors import SealError
from visard.media.seals import MAGIC

SEVERAL = 0xFFFFFFFF
"""The number under which pixels are sealed that hide several people: only who may open all of them gets these."""

PICTURE, WHOLE_FILE = 0, 1
KEY_STANZA, PASSWORD_STANZA = 1, 2

FIXED = struct.Struct(">8sBII32s16s")
STANZA = struct.Struct(">B32s48s")
SLOT = struct.Struct(">I48s")
CHUNK = struct.Struct(">II")
LENGTH = struct.Struct(">I")
CHUNK_SIZE = 1 << 16
TAG = 16

MOST_STANZAS, _MOST_SLOTS = 64, 1 << 20
_MAC = 32


class Bytes(Protocol):
    """A file that is read and sought in; all that a reader of seals needs."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


Again = Callable[[], Bytes]
"""Opens a seal's bytes anew, at their beginning; every reader has a place of its own in them."""


@dataclass(frozen=True, slots=True)
class Public:
    """What anybody may read of a seal: its kind, the size in pixels and the hash of the pixels that it belongs to."""

    kind: int
    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it stands: nothing in it is to be believed before its code was checked."""

    public: Public
    salt: bytes
    stanzas: tuple[tuple[int, bytes, bytes], ...]
    slots: tuple[tuple[int, bytes], ...]
    raw: bytes
    mac: bytes


class BrokenHeader(Exception):
    """The bytes are no header; told to nobody."""


def refusal() -> SealError:
    """Return the one answer to every wrong key, password, and broken or altered seal."""
    hint = "the key or password is another one's, or the seal was damaged or altered"
    return SealError("cannot be opened", hint=hint)


def padded(size: int) -> int:
    """Return the rounded length of a content (Padmé, Nikitin et al. 2019): at most 12 % more, and log log bits told."""
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    rounded = exponent - exponent.bit_length()
    mask = (1 << max(rounded, 0)) - 1
    return (size + mask) & ~mask


def read_header(file: Bytes) -> tuple[Header, int]:
    """Return the header at the beginning of a seal, and where the chunks begin; raises BrokenHeader."""
    try:
        magic, kind, width, height, pixels, salt = FIXED.unpack(fixed := exactly(file, FIXED.size))
        (count,) = struct.unpack(">H", counted := exactly(file, 2))
        if magic != MAGIC or kind not in (PICTURE, WHOLE_FILE) or not 0 < count <= MOST_STANZAS:
            raise ValueError("not of this version")
        stanzas = exactly(file, count * STANZA.size)
        (number,) = struct.unpack(">I", numbered := exactly(file, 4))
        if not 0 < number <= _MOST_SLOTS:
            raise ValueError("no people")
        slots = exactly(file, number * SLOT.size)
        mac = exactly(file, _MAC)
    except (ValueError, EOFError, OSError) as error:
        raise BrokenHeader from error
    people = tuple(SLOT.iter_unpack(slots))
    kinds = [kind for kind, _, _ in STANZA.iter_unpack(stanzas)]
    if len({n for n, _ in people}) < len(people) or kinds.count(PASSWORD_STANZA) > 1:
        raise BrokenHeader
    raw = fixed + counted + stanzas + numbered + slots
    public = Public(kind, width, height, pixels)
    header = Header(public, salt, tuple(STANZA.iter_unpack(stanzas)), people, raw, mac)
    return header, len(raw) + _MAC


def exactly(file: Bytes, size: int) -> bytes:
    """Return so many bytes; raises EOFError where there are fewer."""
    content = file.read(size)
    if len(content) < size:
        raise EOFError("too short")
    return content


def split(contents: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the records of a stream; all of it is read, and behind its end there is nothing but zeros."""
    waiting = bytearray()
    for content in contents:
        waiting += content
        while len(waiting) >= LENGTH.size:
            (size,) = LENGTH.unpack_from(waiting)
            if not size:
                break
            if len(waiting) < LENGTH.size + size:
                break
            yield bytes(waiting[LENGTH.size : LENGTH.size + size])
            del waiting[: LENGTH.size + size]
        if waiting[:4] == bytes(4):
            break
    else:
        raise EOFError("no end")
    if any(waiting) or any(any(content) for content in contents):
        raise ValueError("something behind the end")
