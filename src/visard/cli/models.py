"""visard models: list, fetch, add, verify."""

from __future__ import annotations

from pathlib import Path

import click

from visard.cli.shared import existing
from visard.errors import ModelError


@click.group("models")
def command() -> None:
    """List, fetch, add and verify the networks that visard uses."""


@command.command("list")
def list_models() -> None:
    """Print every model with its size, licence and state."""
    from visard.models.store import catalog, status

    for name, entry in catalog().items():
        click.echo(f"{name:22} {entry.bytes / 1e6:6.1f} MB  {status(name):10} {entry.licence:14} {entry.terms}")


@command.command("fetch")
@click.argument("names", nargs=-1)
def fetch_models(names: tuple[str, ...]) -> None:
    """Fetch models, by default those that hiding needs, check their hashes, and print licence and terms."""
    from visard.models.store import defaults, fetch

    fetch(names or defaults(), click.echo)


@command.command("add")
@click.argument("files", nargs=-1, required=True, type=existing)
def add_models(files: tuple[Path, ...]) -> None:
    """Take official FILES that no package holds, such as Inception's, recognised by their hashes."""
    from visard.models.store import add

    for file in files:
        add(file, click.echo)


@command.command("verify")
def verify_models() -> None:
    """Check the hash of every model that is here or that hiding needs."""
    from visard.models.store import catalog, defaults, path, status

    names = [name for name in catalog() if name in defaults() or status(name) != "missing"]
    bad = []
    for name in names:
        try:
            path(name)
            click.echo(f"{name}: as it should be")
        except ModelError as error:
            bad.append(name)
            click.echo(f"visard: {error}", err=True)
    if bad:
        raise ModelError(f"{len(bad)} of {len(names)} models are missing or altered", hint="visard models fetch")
