"""visard keygen: a new key for one who receives."""

from __future__ import annotations

import os
from pathlib import Path

import click

from visard.errors import TargetError
from visard.vault.keys import PUBLIC, SECRET, to_text


@click.command("keygen")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the secret key; must be new.")
def command(out: Path) -> int:
    """Make a key: the secret half goes into a file that only you can read, the public half is printed.

    Give the public half to whoever seals for you (visard hide --seal --recipient), and keep the file: without it what
    is sealed for you is lost.
    """
    from visard.vault.seal import new_pair

    secret, public = new_pair()
    line = to_text(PUBLIC, public)
    try:
        handle = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise TargetError("exists already", where=out, hint="choose another --out; keys are never replaced") from error
    except OSError as error:
        raise TargetError(f"cannot be written: {error.strerror}", where=out, hint="choose another --out") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"# visard key; its public half is {line}\n{to_text(SECRET, secret)}\n")
    click.echo(line)
    return 0
