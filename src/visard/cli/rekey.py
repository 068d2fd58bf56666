"""visard rekey: other recipients for what is sealed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from visard.cli.secrets import ask, password_options, recipients, secrets
from visard.cli.shared import existing
from visard.errors import UsageError


@click.command("rekey")
@click.argument("file", type=existing)
@click.option("--recipient", "keys_of", multiple=True, metavar="KEY", help="For whom from now on: a key, or a file.")
@click.option("--new-password", is_flag=True, help="Ask for a password from now on.")
@click.option("--new-password-env", metavar="NAME", help="The same, from an environment variable.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="Your secret key; may be given several times.")
@password_options
@click.option("--seal", "beside", type=existing, help="The seal, where it is not in FILE or beside it.")
def command(file: Path, keys: tuple[str, ...], keys_of: tuple[str, ...], beside: Path | None, **rest: Any) -> int:
    """Seal the same originals anew, in the same place, for the recipients that you name now and nobody else.

    The picture keeps its bytes. Copies that were made before still open with the old keys.
    """
    password = ask(rest["password"], rest["password_env"], rest["password_file"], twice=False)
    held = secrets(keys, password)
    new = ask(rest["new_password"], rest["new_password_env"], None, twice=True, what="New password")
    others = recipients(keys_of, new)
    if not others:
        raise UsageError("nobody would be able to open it", hint="give --recipient KEY or --new-password")
    from visard.vault.sealing import rekey

    click.echo(os.fspath(rekey(file, held, others, beside)))
    return 0
