"""visard find: write what would be hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from visard.cli.shared import build_policy, ensure_models, existing, policy_options
from visard.errors import SourceError, VisardError, exit_code
from visard.publish import publish, refuse_replacing


@click.command("find")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--json", "form", flag_value="json", default="json", help="JSON (default).")
@click.option("--csv", "form", flag_value="csv", help="CSV.")
@click.option("--out", type=existing, help="File to write (default standard output).")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@policy_options
def command(
    sources: tuple[str, ...], form: str, out: Path | None, overwrite: bool, offline: bool, **choices: Any
) -> int:
    """Write the regions and tracks of pictures, videos and folders.

    Edit the file (set hide to false, move a box, add a row), and give it to `visard hide --regions`.
    """
    policy = build_policy(**choices)
    ensure_models(offline, kinds=policy.rules)
    from visard.found import Found
    from visard.regions import to_csv, to_json
    from visard.sources import listing
    from visard.verbs import find

    listed = listing(sources)
    if out is not None:
        refuse_replacing(out, [entry.file for entry in listed])
    found: dict[str, Found] = {}
    codes: set[int] = set()
    for entry in listed:
        name = entry.name.as_posix()
        try:
            if entry.fault is not None:
                raise entry.fault
            if name in found:
                hint = "rename one of them, or find them one by one"
                raise SourceError(f"another source is called {name}", where=entry.file, hint=hint)
            found[name] = find(entry.file, policy)
        except VisardError as error:
            codes.add(error.exit_code)
            click.echo(f"visard: {error}", err=True)
    if codes and not found:
        return exit_code(codes)
    text = to_json(found) if form == "json" else to_csv(found)
    if out is None:
        click.echo(text, nl=False)
    else:
        with publish(out, overwrite) as draft:
            draft.write_text(text, "utf-8", "surrogateescape")  # some names are no text
    return exit_code(codes)
