"""Generators that were never taught, small, exported with cards: what they paint is nonsense, how they do it is not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

TINY: dict[str, dict[str, Any]] = {
    "anonygan": {"side": 64, "width": 4, "blocks": 2, "critic_width": 4},
    "ciagan": {
        "side": 64, "people": 40, "widths": (4, 8, 8, 8, 8), "critic_widths": (4, 4, 8, 8, 8),
        "siamese_widths": (8, 16),  # with fewer than 8, oneDNN writes past its memory (its issue 6035)
    },
    "ksame-net": {"proxies": 60, "widths": (16, 8, 8, 8)},
    "autoencoder": {"widths": (4, 4, 8, 8), "code": 12},
    "sapae": {"widths": (4, 4, 8, 8), "code": 12},
    "estrange": {"side": 64, "widths": (4, 8, 8), "critic_width": 4},
    "sdn": {"widths": (4, 8, 8, 8), "critic_width": 4, "classifier_widths": (4, 8)},
    "mfm": {"widths": (4, 8, 8, 8), "critic_width": 4, "classifier_widths": (4, 8)},
    "transformer": {"width": 4, "blocks": 1, "critic_width": 4, "classifier_widths": (4, 8)},
    "body": {"side": 64, "widths": (4, 8, 8, 8), "critic_width": 4},
}  # fmt: skip
"""Recipes at their least, by method."""


def write(folder: Path, *names: str) -> Path:
    """Write the named generators, all by default, to a folder and return it; torch must be there, and onnx."""
    import torch

    from visard.train.plans import plan, to_onnx

    for name in names or TINY:
        torch.manual_seed(0)
        drawn = plan(name, TINY[name])
        if name == "ksame-net":
            # Untaught, it would hardly tell donors apart.
            drawn.net.who[0].weight.data.mul_(50)
            drawn.net.last.weight.data.mul_(50)
        if name == "ciagan":
            # Untaught, it would paint stripes so loud that they look like anything.
            drawn.net.last.weight.data.mul_(0.1)
        content = to_onnx(name, drawn)
        (folder / f"{name}.onnx").write_bytes(content)
        (folder / f"{name}.md").write_text(f"# untaught\n\n{hashlib.sha256(content).hexdigest()}\n", "utf-8")
    return folder
