"""Sixteen bits where a machine calculates with them, and not where it would only pretend to."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

_ABLE = ("avx512_bf16", "amx_bf16")
"""What processors that multiply bfloat16 say of themselves; others emulate it, at a tenth of the speed of 32 bits."""


def fast(device: torch.device) -> torch.autocast:
    """Return the context in which networks calculate in bfloat16 on a device that can, and else as they are."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu" or _able())


@cache
def _able() -> bool:
    # Older versions of torch do not tell.
    told: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(told.get(name, False) for name in _ABLE)
