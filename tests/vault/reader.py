"""A second reader of seals, written from docs/vault.md alone: it shares no code with visard."""

from __future__ import annotations

import hashlib
import hmac
import io
import struct
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from PIL import Image


class Reader:
    """Takes the bytes of a seal, and a secret key or a password."""

    def __init__(self, data: bytes, secret: bytes | None = None, password: str | None = None) -> None:
        self.data, self.at = data, 0
        assert self._take(8) == b"visard\0\1"
        self.kind, self.width, self.height = struct.unpack(">BII", self._take(9))
        self.pixels, self.salt = self._take(32), self._take(16)
        (count,) = struct.unpack(">H", self._take(2))
        stanzas = [(self._take(1)[0], self._take(32), self._take(48)) for _ in range(count)]
        (people,) = struct.unpack(">I", self._take(4))
        slots = [(self._take(4), self._take(48)) for _ in range(people)]
        covered = data[: self.at]
        code = self._take(32)
        whole = next(w for s in stanzas if (w := self._whole(*s, secret, password)) is not None)
        assert hmac.new(self._key(whole, b"visard 1 header"), covered, "sha256").digest() == code
        header = hashlib.sha256(covered + code).digest()
        keys = {
            person: self._key(
                open_(self._key(whole, b"visard 1 person" + person), 0, True, wrapped, b""), b"visard 1 body"
            )
            for person, wrapped in slots
        }
        chunks: dict[bytes, list[bytes]] = {person: [] for person in keys}
        while self.at < len(data):
            person = self._take(4)
            chunks[person].append(self._take(struct.unpack(">I", self._take(4))[0]))
        self.records = {
            struct.unpack(">I", person)[0]: records(
                b"".join(
                    open_(keys[person], n, n == len(own) - 1, chunk, header + person) for n, chunk in enumerate(own)
                )
            )
            for person, own in chunks.items()
        }

    def _take(self, size: int) -> bytes:
        self.at += size
        assert self.at <= len(self.data)
        return self.data[self.at - size : self.at]

    def _key(self, secret: bytes, info: bytes) -> bytes:
        return HKDF(hashes.SHA256(), 32, self.salt, info).derive(secret)

    def _whole(
        self, kind: int, share: bytes, wrapped: bytes, secret: bytes | None, password: str | None
    ) -> bytes | None:
        if kind == 1 and secret is not None:
            own = X25519PrivateKey.from_private_bytes(secret)
            salt = self.salt + share + own.public_key().public_bytes_raw()
            shared = own.exchange(X25519PublicKey.from_public_bytes(share))
            key = HKDF(hashes.SHA256(), 32, salt, b"visard 1 key").derive(shared)
        elif kind == 2 and password is not None:
            slow = Argon2id(salt=share[:16], length=32, iterations=3, lanes=4, memory_cost=65536)
            key = self._key(slow.derive(password.encode()), b"visard 1 password")
        else:
            return None
        try:
            return open_(key, 0, True, wrapped, b"")
        except Exception:
            return None


def open_(key: bytes, number: int, last: bool, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(number.to_bytes(11, "big") + bytes([last]), sealed, bound)


def records(stream: bytes) -> list[bytes]:
    found, at = [], 0
    while size := struct.unpack_from(">I", stream, at)[0]:
        found.append(stream[at + 4 : at + 4 + size])
        at += 4 + size
    assert not any(stream[at:])
    return found


def pixels(record: bytes) -> tuple[int, int, int, Any]:
    """Return frame, left, top and (h, w, 4) RGBA of a record of 8-bit pixels."""
    return *struct.unpack_from(">III", record), np.asarray(Image.open(io.BytesIO(record[12:])))
