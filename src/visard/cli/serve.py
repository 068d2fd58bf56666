"""visard serve: the review page and the HTTP service."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from visard.cli.shared import ensure_models, existing
from visard.errors import UsageError

_SHORTEST = 16


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8470, show_default=True, help="0 for any free one.")
@click.option("--open", "look", is_flag=True, help="Open the page in the browser.")
@click.option("--token-file", type=existing, help="Take the key from a file (default: a new one each time).")
@click.option("--data", type=existing, help="Folder for jobs (default: in the user's data folder).")
@click.option("--root", type=existing, help="Jobs may take files below this folder by path.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Also answer under this name.")
@click.option("--allow-webhook", multiple=True, metavar="URL", help="Webhooks that begin so may lead anywhere.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Jobs worked on at a time.")
@click.option("--keep-hours", type=click.FloatRange(0, min_open=True), default=24.0, show_default=True,
              help="Jobs are removed after so long.")  # fmt: skip
@click.option("--quota-gb", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True,
              help="Disk space for all jobs.")  # fmt: skip
@click.option("--job-mb", type=click.FloatRange(0, min_open=True), default=2000.0, show_default=True,
              help="Size of all files of a job.")  # fmt: skip
@click.option("--job-minutes", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True,
              help="Time for searching a file, and for hiding a job.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Never fetch a model.")
def command(
    host: str, port: int, look: bool, token_file: Path | None, data: Path | None, root: Path | None,
    allow_host: tuple[str, ...], allow_webhook: tuple[str, ...], offline: bool, **limits: float,
) -> int:  # fmt: skip
    """Serve a page on which people are found, reviewed and hidden, and the same as an HTTP service.

    The page's address, which holds its key, is printed. Whoever has the key may see and delete all jobs.
    """
    try:
        from visard.serve.run import serve
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed", hint="pip install 'visard[serve]'") from error
    from visard.serve.settings import LOOPBACK, Settings, data_folder

    if root is not None and not root.is_dir():
        raise UsageError("is no folder", where=root, hint="give --root a folder")
    token = _read(token_file) if token_file else os.environ.get("VISARD_TOKEN") or secrets.token_urlsafe(32)
    if len(token) < _SHORTEST:
        raise UsageError("the key is too short", hint=f"give {_SHORTEST} characters or more")
    ensure_models(offline)
    hosts = (*LOOPBACK, host.lower(), f"[{host.lower()}]", *(name.lower() for name in allow_host))
    settings = Settings(
        data or data_folder(),
        token,
        hosts,
        root,
        allow_webhook,
        **limits,  # type: ignore[arg-type]  # click made them
    )
    if host not in ("127.0.0.1", "localhost", "::1"):
        click.echo("visard: others can reach this address, unencrypted: put a proxy with TLS before it", err=True)
    serve(settings, host, port, look, lambda address: click.echo(address))
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot read the key", where=path, hint="check its path") from error
