"""visard reveal: faces that a network hid under a password, back as it remembers them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from visard.cli.secrets import ask, password_options
from visard.cli.shared import ensure_models, existing
from visard.errors import UsageError


@click.command("reveal")
@click.argument("file", type=existing)
@click.option("--out", type=existing, required=True, help="File or folder for what comes back.")
@password_options
@click.option("--factors", default="", metavar="LIST", help="How the person looked: male,old,light, or some of it.")
@click.option("--weights", type=existing, help="The network that hid it, where it is not the one that visard ships.")
@click.option("--note", type=existing, help="The file as visard wrote it, where this one is a copy without its note.")
@click.option("--overwrite", is_flag=True, help="Replace a result that exists.")
def command(file: Path, out: Path, factors: str, weights: Path | None, **rest: Any) -> int:
    """Bring faces back that sdn, mfm or transformer hid in FILE: a likeness, without loss: PNG, TIFF or FFV1.

    A wrong password gives another plausible face, and no error: it is no proof of anything. What `hide --seal` keeps
    comes back to the bit, with `visard unseal`.
    """
    password = ask(rest.pop("password"), rest.pop("password_env"), rest.pop("password_file"), twice=False)
    if password is None:
        raise UsageError("nothing to bring it back with", hint="give one of the --password options")
    ensure_models(False)
    from visard.methods.factors import parse
    from visard.reveal import reveal

    target, told = reveal(file, out, password, factors=parse(factors), weights=str(weights or ""), **rest)
    for line in told:
        click.echo(line, err=True)
    click.echo(str(target))
    return 0
