"""The sealed format, version 1: written as it streams, opened whole or not at all; docs/vault.md is its description."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO, Self

from visard.errors import UsageError
from visard.media.seals import MAGIC
from visard.vault import hazmat
from visard.vault.keys import Recipients, Secrets
from visard.vault.layout import (
    CHUNK,
    CHUNK_SIZE,
    FIXED,
    KEY_STANZA,
    LENGTH,
    PASSWORD_STANZA,
    SEVERAL,
    SLOT,
    STANZA,
    TAG,
    Again,
    BrokenHeader,
    Header,
    Public,
    exactly,
    padded,
    read_header,
    refusal,
    split,
)  # fmt: skip


def new_pair() -> tuple[bytes, bytes]:
    """Return a new key for one who receives: secret, public, 32 bytes each."""
    return hazmat.pair()


def public_of(secret: bytes) -> bytes:
    """Return the public half of a secret key."""
    return hazmat.public_of(secret)


def new_salt() -> bytes:
    """Return 16 bytes that no other file's password is stretched with."""
    return hazmat.random(hazmat.SALT)


def face_secret(password: str, salt: bytes) -> bytes:
    """Return the 32 bytes that a password becomes for networks which hide faces under one.

    Stretched as a seal's password is, and of no use for opening seals.
    """
    return hazmat.derive(hazmat.stretch(password.encode(), salt), salt, b"visard 1 face")


class Sealer:
    """Writes a seal: records, each somebody's, as they come; `close` ends it. Memory: one chunk for each person.

    file: where to, at its end. persons: their numbers, all that will come.
    """

    def __init__(self, file: BinaryIO, public: Public, persons: Sequence[int], recipients: Recipients) -> None:
        if not recipients:
            raise AssertionError("a seal for nobody would lose the originals")
        salt, whole = hazmat.random(hazmat.SALT), hazmat.random(hazmat.KEY)
        secrets = {number: hazmat.random(hazmat.KEY) for number in sorted(persons)}
        fixed = FIXED.pack(MAGIC, public.kind, public.width, public.height, public.pixels, salt)
        stanzas = [*(_for_key(key, whole, salt) for key in recipients.keys)]
        if recipients.password is not None:
            stanzas.append(_for_password(recipients.password, whole, salt))
        slots = [SLOT.pack(n, _wrap(whole, salt, n, secret)) for n, secret in secrets.items()]
        raw = fixed + struct.pack(">H", len(stanzas)) + b"".join(stanzas) + struct.pack(">I", len(slots))
        raw += b"".join(slots)
        mac = hazmat.authenticate(hazmat.derive(whole, salt, b"visard 1 header"), raw)
        file.write(raw + mac)
        bound = hashlib.sha256(raw + mac).digest()
        self._streams = {n: _Writer(file, n, _body_key(secret, salt), bound) for n, secret in secrets.items()}

    def add(self, person: int, record: bytes) -> None:
        """Seal one record of a person's; raises KeyError for a person who was not announced."""
        self._streams[person].write(LENGTH.pack(len(record)) + record)

    def close(self) -> None:
        """End every person's records; without this a seal cannot be opened."""
        for stream in self._streams.values():
            stream.close()


@dataclass(slots=True)
class _Writer:
    """One person's stream: length-prefixed records, an end, zeros up to a rounded length; sealed in chunks."""

    file: BinaryIO
    person: int
    key: bytes
    bound: bytes
    _waiting: bytearray = field(default_factory=bytearray)
    _number: int = 0
    _size: int = 0

    def write(self, content: bytes) -> None:
        self._waiting += content
        self._size += len(content)
        while len(self._waiting) > CHUNK_SIZE:
            self._flush(False)

    def close(self) -> None:
        size = self._size + LENGTH.size
        self.write(LENGTH.pack(0))
        rest = padded(size) - size
        while rest:
            self.write(bytes(step := min(rest, CHUNK_SIZE)))
            rest -= step
        self._flush(True)

    def _flush(self, last: bool) -> None:
        content = bytes(self._waiting[:CHUNK_SIZE])
        del self._waiting[:CHUNK_SIZE]
        sealed = hazmat.seal(self.key, self._number, last, content, _bound_to(self.bound, self.person))
        self.file.write(CHUNK.pack(self.person, len(sealed)) + sealed)
        self._number += 1


class Opened:
    """A seal whose header was opened: the numbers of the people in it, and their records.

    Nothing of a record may be published before all are read: what is missing at the end shows only there.
    """

    def __init__(self, again: Again, header: Header, whole: bytes, start: int) -> None:
        self.public = header.public
        self._again, self._start = again, start
        self._bound = hashlib.sha256(header.raw + header.mac).digest()
        self._keys = {
            n: _body_key(hazmat.unseal(_slot_key(whole, header.salt, n), 0, True, wrapped, b""), header.salt)
            for n, wrapped in header.slots
        }

    @classmethod
    def by(cls, again: Again, secrets: Secrets) -> Self:
        """Open a seal with what somebody holds; raises SealError, always the same, for anything that is wrong."""
        try:
            with closing(again()) as file:
                header, start = read_header(file)
            whole = _find(header, secrets)
            mac = hazmat.authenticate(hazmat.derive(whole, header.salt, b"visard 1 header"), header.raw)
            if not hazmat.same(mac, header.mac):
                raise ValueError("another header")
            opened = cls(again, header, whole, start)
            opened._check_order()
            return opened
        except BrokenHeader as error:
            if secrets.password is not None:
                hazmat.stretch(secrets.password.encode(), bytes(hazmat.SALT))  # as long as with a whole header
            raise refusal() from error
        except (*hazmat.Wrong, EOFError) as error:
            raise refusal() from error

    @property
    def persons(self) -> list[int]:
        """The numbers of the people whose pixels are sealed, in order; `SEVERAL` is none."""
        return sorted(n for n in self._keys if n != SEVERAL)

    @property
    def numbers(self) -> list[int]:
        """The persons, and `SEVERAL` where there are such pixels."""
        return sorted(self._keys)

    def records(self, person: int) -> Iterator[bytes]:
        """Yield a person's records in the order of sealing; raises SealError where anything is wrong or missing."""
        try:
            yield from split(self._contents(person))
        except (*hazmat.Wrong, EOFError, struct.error) as error:
            raise refusal() from error

    def _contents(self, person: int) -> Iterator[bytes]:
        waiting: bytes | None = None
        number = 0
        for owner, sealed in self._chunks(person):
            if owner == person:
                if waiting is not None:
                    yield hazmat.unseal(self._keys[person], number, False, waiting, _bound_to(self._bound, person))
                    number += 1
                waiting = sealed
        if waiting is None:
            raise EOFError("no chunk")
        yield hazmat.unseal(self._keys[person], number, True, waiting, _bound_to(self._bound, person))

    def _chunks(self, person: int | None) -> Iterator[tuple[int, bytes]]:
        """Yield each chunk's owner and bytes; only one person's bytes are read, the others' are empty."""
        with closing(self._again()) as file:
            file.seek(self._start)
            while head := file.read(CHUNK.size):
                if len(head) < CHUNK.size:
                    raise EOFError("half a chunk")
                owner, size = CHUNK.unpack(head)
                if not TAG < size <= CHUNK_SIZE + TAG:
                    raise ValueError("a chunk of no size")
                if owner == person:
                    yield owner, exactly(file, size)
                else:
                    # The end is seen by trying to read the last byte: seeking alone goes beyond it.
                    file.seek(size - 1, 1)
                    exactly(file, 1)
                    yield owner, b""

    def _check_order(self) -> None:
        seen = {owner for owner, _ in self._chunks(None)}
        if seen != set(self._keys):
            raise ValueError("chunks of nobody, or nobody's chunks")


def _find(header: Header, secrets: Secrets) -> bytes:
    """Return the key of the whole seal; raises ValueError where none of the secrets opens a stanza."""
    found: list[bytes] = []
    password = hazmat.derive(
        hazmat.stretch(secrets.password.encode(), _password_salt(header)), header.salt, b"visard 1 password"
    ) if secrets.password is not None else None  # fmt: skip
    for kind, share, wrapped in header.stanzas:
        keys = [password] if kind == PASSWORD_STANZA and password is not None else []
        if kind == KEY_STANZA:
            keys = [key for secret in secrets.keys if (key := _agreed(secret, share, header.salt)) is not None]
        for key in keys:
            try:
                found.append(hazmat.unseal(key, 0, True, wrapped, b""))
            except hazmat.Wrong:
                continue
    if not found:
        raise ValueError("for somebody else")
    return found[0]


def _password_salt(header: Header) -> bytes:
    """Return the salt of the password's stanza, or any: who asks for nothing must wait as long."""
    return next((share for kind, share, _ in header.stanzas if kind == PASSWORD_STANZA), bytes(32))[: hazmat.SALT]


def _for_key(public: bytes, whole: bytes, salt: bytes) -> bytes:
    secret, share = hazmat.pair()
    try:
        shared = hazmat.agree(secret, public)
    except hazmat.Wrong as error:
        raise UsageError("a recipient's key is one that anybody could open", hint="ask for another one") from error
    key = hazmat.derive(shared, salt + share + public, b"visard 1 key")
    return STANZA.pack(KEY_STANZA, share, hazmat.seal(key, 0, True, whole, b""))


def _agreed(secret: bytes, share: bytes, salt: bytes) -> bytes | None:
    try:
        shared = hazmat.agree(secret, share)
    except hazmat.Wrong:
        return None
    return hazmat.derive(shared, salt + share + hazmat.public_of(secret), b"visard 1 key")


def _for_password(password: str, whole: bytes, salt: bytes) -> bytes:
    own = hazmat.random(hazmat.SALT)
    key = hazmat.derive(hazmat.stretch(password.encode(), own), salt, b"visard 1 password")
    return STANZA.pack(PASSWORD_STANZA, own, hazmat.seal(key, 0, True, whole, b""))


def _slot_key(whole: bytes, salt: bytes, person: int) -> bytes:
    return hazmat.derive(whole, salt, b"visard 1 person" + person.to_bytes(4, "big"))


def _wrap(whole: bytes, salt: bytes, person: int, secret: bytes) -> bytes:
    return hazmat.seal(_slot_key(whole, salt, person), 0, True, secret, b"")


def _body_key(secret: bytes, salt: bytes) -> bytes:
    return hazmat.derive(secret, salt, b"visard 1 body")


def _bound_to(header: bytes, person: int) -> bytes:
    return header + person.to_bytes(4, "big")
