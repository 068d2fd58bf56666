"""What the verbs of `visard train` share: they need torch, and show how far they are."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

import click

from visard.cli.shared import existing, options
from visard.errors import ModelError

photos = click.option("--data", type=existing, required=True, help="Folder of photos; folders inside it are people.")
files = options(
    click.option("--out", type=existing, required=True, help="Folder for the file and its card."),
    click.option("--terms", default="", metavar="TEXT", help="Where the photos come from, and on what terms."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist."),
)
seeded = click.option("--seed", type=int, default=0, help="Whole number behind every random choice (default 0).")


def need_torch() -> None:
    """Raise ModelError where torch is missing."""
    if importlib.util.find_spec("torch") is None:
        raise ModelError("training a network needs torch", hint="pip install 'visard[torch]'")


def bars() -> Callable[[str, int, int], None]:
    """Return what shows a bar a stage where somebody looks."""
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def told(stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            if stage not in bars:
                bars[stage] = tqdm(total=total, desc=stage, leave=False)
            bars[stage].update(done - bars[stage].n)

    return told
