"""visard keygen: a new key for one who receives."""

from __future__ import annotations

import os
from pathlib import Path

import click

from visard.errors import TargetError
from visard.media.write import refused_writing
from visard.publish import publish
from visard.vault.keys import PUBLIC, SECRET, to_text


@click.command("keygen")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the secret key; must be new.")
def command(out: Path) -> int:
    """Make a key: its secret half goes into OUT, which only you can read, its public half into OUT.pub.

    Give the public half, which is printed too, to whoever seals for you (visard hide --seal --recipient), and keep
    the other: without it what is sealed for you is lost.
    """
    from visard.vault.seal import new_pair

    if not out.name:
        raise TargetError("is no file name", where=out, hint="choose another --out")
    beside = out.with_name(f"{out.name}.pub")
    for path in (out, beside):
        if os.path.lexists(path):
            hint = "choose another --out; keys are never replaced"
            raise TargetError("exists already", where=path, hint=hint)
    secret, public = new_pair()
    line = to_text(PUBLIC, public)
    with publish(beside) as open_half, refused_writing(beside), publish(out) as kept, refused_writing(out):
        kept.chmod(0o600)
        kept.write_text(f"# visard key; its public half is {line}\n{to_text(SECRET, secret)}\n", "utf-8")
        open_half.write_text(f"{line}\n", "utf-8")
    click.echo(line)
    return 0
