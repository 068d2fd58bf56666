"""What several verbs share: whose keys and passwords seal and open; a password is never an argument."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from visard.cli.shared import options
from visard.errors import UsageError
from visard.vault.keys import PUBLIC, SECRET, Recipients, Secrets, read_keys

_WEAK = 12
"""Characters below which a password is remarked upon."""


password_options = options(
    click.option("--password", is_flag=True, help="Ask for a password on the terminal."),
    click.option("--password-env", metavar="NAME", help="Take the password from an environment variable."),
    click.option("--password-file", type=click.Path(path_type=Path), help="Read the password from a file."),
)
"""The ways in which a password may come; `ask` takes what they gave."""


def ask(
    password: bool, password_env: str | None, password_file: Path | None, twice: bool, what: str = "Password"
) -> str | None:
    """Return the password that the options ask for, None for none; raises UsageError.

    twice: the password is a new one.
    """
    ways = [password, password_env is not None, password_file is not None]
    if sum(ways) > 1:
        raise UsageError("a password comes in one way only", hint="give one of the --password options")
    if password:
        if not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask on", hint="give --password-env NAME or --password-file FILE")
        text: str = click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
    elif password_env is not None:
        if password_env not in os.environ:
            raise UsageError(f"the variable {password_env} is not set", hint="set it, or use --password-file")
        text = os.environ[password_env]
    elif password_file is not None:
        text = _from_file(password_file)
    else:
        return None
    if not text:
        raise UsageError("the password is empty", hint="choose one of at least twelve characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes of a terminal or a variable that are no UTF-8
        raise UsageError("the password is no text", hint="choose one of letters, digits and signs") from error
    if twice and len(text) < _WEAK:
        click.echo("visard: that password is short; whoever has the file can try many", err=True)
    return text


def _from_file(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError("cannot be read as a password", where=path, hint="check its path") from error
    _remark_on(path)
    return text.removesuffix("\n").removesuffix("\r")


def _remark_on(path: Path) -> None:
    """Say so where a secret lies in a file that others can read."""
    if os.name == "posix" and path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        click.echo(f"visard: {path} can be read by others; chmod 600 keeps it to you", err=True)


def recipients(keys: tuple[str, ...], password: str | None) -> Recipients:
    """Return for whom to seal; raises UsageError for a line that is no key."""
    found = [key for given in keys for key in read_keys(PUBLIC, given)]
    return Recipients(tuple(dict.fromkeys(found)), password)


def secrets(keys: tuple[str, ...], password: str | None) -> Secrets:
    """Return with what to open; raises UsageError where there is nothing, and for a line that is no key."""
    found = tuple(key for given in keys for key in read_keys(SECRET, given))
    for given in keys:
        _remark_on(Path(given))
    if not found and password is None:
        raise UsageError("nothing to open it with", hint="give --key FILE or one of the --password options")
    return Secrets(found, password)
