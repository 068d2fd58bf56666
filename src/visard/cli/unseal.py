"""visard unseal: what was hidden, back, for whoever holds a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from visard.cli.secrets import ask, password_options, secrets
from visard.cli.shared import existing


@click.command("unseal")
@click.argument("file", type=existing)
@click.option("--out", type=existing, required=True, help="File or folder for what comes back.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="Your secret key; may be given several times.")
@password_options
@click.option("--person", type=click.IntRange(0), help="Give back this person alone.")
@click.option("--seal", "beside", type=existing, help="The seal, where it is not in the file or beside it.")
@click.option("--detached", is_flag=True, help="Only the sealed pixels, as PNG files, whatever became of the picture.")
@click.option("--overwrite", is_flag=True, help="Replace a result that exists.")
def command(file: Path, out: Path, keys: tuple[str, ...], beside: Path | None, **rest: Any) -> int:
    """Give the hidden pixels of FILE back, to the bit, without loss: PNG, TIFF, or FFV1 in Matroska.

    A seal of a whole file gives that file, byte for byte.
    """
    password = ask(rest.pop("password"), rest.pop("password_env"), rest.pop("password_file"), twice=False)
    held = secrets(keys, password)
    from visard.vault.sealing import unseal

    click.echo(unseal(file, out, held, beside=beside, **rest))
    return 0
