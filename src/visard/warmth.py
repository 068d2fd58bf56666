"""The networks of the corridor are loaded while a source is still being read, in the order of their use."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Collection
from contextlib import suppress

from visard.errors import VisardError
from visard.types import Kind


def warm_up(kinds: Collection[Kind], doubt: bool = False) -> None:
    """Begin to load what finds such kinds, in a thread of its own; whoever then needs it waits for it.

    doubt: also what doubts and recognises, which a video needs so late that its memory is better used until then.
    """
    threading.Thread(target=_load, args=(tuple(kinds), doubt), name="visard-warm-up", daemon=True).start()


def cool_down() -> None:
    """Give memory that a room has freed back to the system; glibc alone must be told, and keeps 100 MB of a video.

    Codecs in reference cycles are let go first: left to chance, one run in ten took 70 MB more.
    """
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _load(kinds: tuple[Kind, ...], doubt: bool) -> None:
    # Imported here, beside the imports of whoever called.
    from visard import detect

    with suppress(VisardError):  # whoever needs a network gets the error
        detect.load(kinds, doubt)
        if doubt:
            from visard.shape import identity

            identity.load()
