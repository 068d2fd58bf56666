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
    """Make a key: its secret half goes into OUT, which only you can read, its public half into OUT.pub.

    Give the public half, which is printed too, to whoever seals for you (visard hide --seal --recipient), and keep
    the other: without it what is sealed for you is lost.
    """
    from visard.vault.seal import new_pair

    secret, public = new_pair()
    line = to_text(PUBLIC, public)
    beside = out.with_name(f"{out.name}.pub")
    if beside.exists():
        raise _refusal(beside)
    _write(out, f"# visard key; its public half is {line}\n{to_text(SECRET, secret)}\n", 0o600)
    _write(beside, f"{line}\n", 0o644)
    click.echo(line)
    return 0


def _write(path: Path, text: str, mode: int) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    except FileExistsError as error:
        raise _refusal(path) from error
    except OSError as error:
        raise TargetError(f"cannot be written: {error.strerror}", where=path, hint="choose another --out") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _refusal(path: Path) -> TargetError:
    return TargetError("exists already", where=path, hint="choose another --out; keys are never replaced")
