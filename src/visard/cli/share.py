"""visard share: one person's originals, sealed for somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from visard.cli.secrets import ask, password_options, recipients, secrets
from visard.cli.shared import existing


@click.command("share")
@click.argument("file", type=existing)
@click.option("--person", type=click.IntRange(0), required=True, help="Whose originals to disclose.")
@click.option("--out", type=existing, required=True, help="The disclosure file, such as anna.visard.")
@click.option("--recipient", "keys_of", multiple=True, metavar="KEY", required=True, help="For whom: a key, or a file.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="Your secret key; may be given several times.")
@password_options
@click.option("--seal", "beside", type=existing, help="The seal, where it is not in FILE or beside it.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
def command(file: Path, out: Path, keys: tuple[str, ...], keys_of: tuple[str, ...], **rest: Any) -> int:
    """Write a seal of one person's originals alone; they open it with visard unseal FILE --seal OUT.

    The others in the picture stay hidden from them, also where two people overlap.
    """
    password = ask(rest.pop("password"), rest.pop("password_env"), rest.pop("password_file"), twice=False)
    held, others = secrets(keys, password), recipients(keys_of, None)
    from visard.vault.sealing import share

    share(file, out, held, rest["person"], others, rest["beside"], rest["overwrite"])
    click.echo(out)
    return 0
