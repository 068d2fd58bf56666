"""Cryptography's sharp tools, each in the one way in which the seal may use it; imported by `seal.py` alone.

Nothing here is home-made: AES-256-GCM, HKDF-SHA256, HMAC-SHA256, Argon2id and X25519 of `cryptography`. A key is used
for one purpose, and a nonce never comes twice with a key.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY, SALT = 32, 16
"""Bytes of a key and of a salt."""

Wrong = (InvalidTag, ValueError)
"""What opening raises for a wrong key, an altered message or a key that is none."""

_PASSES, _LANES, _KIB = 3, 4, 65536
"""Argon2id's second recommended setting (RFC 9106, section 4): 64 MiB."""


def random(size: int) -> bytes:
    """Return bytes that nobody can foresee."""
    return os.urandom(size)


def derive(secret: bytes, salt: bytes, purpose: bytes) -> bytes:
    """Return a 32-byte key for one purpose from a secret that nobody can guess (HKDF-SHA256)."""
    return HKDF(hashes.SHA256(), KEY, salt, purpose).derive(secret)


def stretch(password: bytes, salt: bytes) -> bytes:
    """Return a 32-byte key from a password that somebody might guess (Argon2id); takes a fifth of a second."""
    return Argon2id(salt=salt, length=KEY, iterations=_PASSES, lanes=_LANES, memory_cost=_KIB).derive(password)


def seal(key: bytes, number: int, last: bool, content: bytes, bound: bytes) -> bytes:
    """Return the number-th message under a key that seals nothing else, bound to what is written beside it."""
    return AESGCM(key).encrypt(_nonce(number, last), content, bound)


def unseal(key: bytes, number: int, last: bool, sealed: bytes, bound: bytes) -> bytes:
    """Return the content of the number-th message; raises one of `Wrong` for anything but exactly it."""
    return AESGCM(key).decrypt(_nonce(number, last), sealed, bound)


def authenticate(key: bytes, content: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 of a content."""
    return hmac.digest(key, content, "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Return whether two codes are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def pair() -> tuple[bytes, bytes]:
    """Return a new X25519 key: secret, public, 32 bytes each."""
    secret = X25519PrivateKey.generate()
    return secret.private_bytes_raw(), secret.public_key().public_bytes_raw()


def public_of(secret: bytes) -> bytes:
    """Return the public half of a secret key; raises ValueError for what is none."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def agree(secret: bytes, public: bytes) -> bytes:
    """Return what the holders of two X25519 keys share; raises ValueError for a public key of no use."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
