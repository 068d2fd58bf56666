"""visard edit: a smile more, or less."""

from __future__ import annotations

from pathlib import Path

import click

from visard.cli.shared import ensure_models, existing


@click.command("edit")
@click.argument("file", type=existing)
@click.option("--out", type=existing, required=True, help="File or folder for the result.")
@click.option("--attribute", required=True, metavar="NAME", help="What to change: smiling, mouth-open or moustache.")
@click.option("--degree", type=float, required=True, help="How much, from -2 to 2; at 0 nothing changes.")
@click.option("--weights", type=existing, help="The network, where it is not the one that visard ships.")
@click.option("--overwrite", is_flag=True, help="Replace a result that exists.")
def command(file: Path, out: Path, attribute: str, degree: float, weights: Path | None, overwrite: bool) -> int:
    """Strengthen or weaken an attribute of the faces in FILE, hidden ones or others; nobody is hidden by it.

    The directions are those in which SDN's decoder changes most (SeFa), named by what they do. Results are written
    without loss: PNG, TIFF or FFV1. A hidden face that was edited does not come back by its password.
    """
    ensure_models(False)
    from visard.edit import edit

    target, faces = edit(file, out, attribute, degree, weights=str(weights or ""), overwrite=overwrite)
    click.echo(f"{faces} edited; nobody was hidden by it", err=True)
    click.echo(str(target))
    return 0
