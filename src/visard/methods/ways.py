"""What each reversible network is told to hide a face, and to bring it back: bits of a password, and what goes with it.

The way back is told the password's complement: its bits, all turned (METHODS 8.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import bank
from visard.methods.factors import CODE

Floats = NDArray[np.float32]

BITS = 64
"""Bits of a password that a network is told, unless its recipe says otherwise; there are 256."""

_STYLE = 4.0
"""Gain of a donor's embedding, whose numbers are small."""


def bits_of(secret: bytes, count: int) -> Floats:
    """Return (count,) the first bits of 32 secret bytes, each -1 or 1."""
    return np.unpackbits(np.frombuffer(secret, np.uint8))[:count].astype(np.float32) * 2 - 1


def sdn(bits: Floats, factors: Floats, back: bool) -> Floats:
    """Return (B + 6,) bits, factors as `Factors.code` gives them, and which way it goes."""
    return np.concatenate([_turned(bits, back), factors, [-1.0 if back else 1.0]]).astype(np.float32)


def mfm(bits: Floats, factors: Floats, back: bool) -> Floats:
    """Return (B + 133,) bits, factors, and the look of a donor, whom the password picks; nobody's on the way back."""
    donor = int((2.0 ** np.arange(min(16, len(bits))) * (bits[:16] > 0)).sum()) % len(bank())
    style = np.zeros(bank().embeddings.shape[1]) if back else _STYLE * bank().embeddings[donor]
    return np.concatenate([_turned(bits, back), factors, style]).astype(np.float32)


def transformer(bits: Floats, factors: Floats, back: bool) -> Floats:
    """Return (B,) bits alone."""
    return _turned(bits, back)


def length(name: str, bits: int) -> int:
    """Return how many numbers the named network is told."""
    return len(WAYS[name](np.ones(bits, np.float32), np.ones(CODE, np.float32), False))


def _turned(bits: Floats, back: bool) -> Floats:
    return -bits if back else bits


WAYS: Mapping[str, Callable[[Floats, Floats, bool], Floats]] = {"sdn": sdn, "mfm": mfm, "transformer": transformer}
"""Name of the method -> what makes its condition."""
