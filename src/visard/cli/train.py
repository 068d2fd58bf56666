"""visard train: make what visard ships anew, from your own photos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from visard.cli.shared import ensure_models, existing


@click.group("train")
def command() -> None:
    """Make the bank of donors anew, from photos whose people agreed."""


@command.command("donors")
@click.option("--data", type=existing, required=True, help="Folder of photos; folders inside it are people.")
@click.option("--out", type=existing, required=True, help="Folder for donors.safetensors and its card.")
@click.option("--donors", type=click.IntRange(1), help="Donors to make (default: what the people allow, to 1670).")
@click.option("--seed", type=int, default=0, help="Whole number that every random choice derives from (default 0).")
@click.option("--overwrite", is_flag=True, help="Replace a bank that exists.")
def train_donors(data: Path, out: Path, donors: int | None, seed: int, overwrite: bool) -> None:
    """Blend donors, each of at least 8 people."""
    ensure_models(False)
    from tqdm import tqdm

    from visard.train.donors import train

    bars: dict[str, Any] = {}

    def told(stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            if stage not in bars:
                bars[stage] = tqdm(total=total, desc=stage, leave=False)
            bars[stage].update(done - bars[stage].n)

    counts = train(data, out, donors, seed, overwrite, told)
    click.echo(f"{counts['donors']} donors from {counts['usable']} usable faces of {counts['photos']} photos", err=True)
    click.echo(str(out / "donors.safetensors"))
