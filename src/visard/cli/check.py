"""visard check: the doubting room alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from visard.cli.shared import build_policy, ensure_models, existing, parse_settings, policy_options
from visard.errors import UsageError, VerificationFailed


@click.command("check")
@click.argument("before", type=existing)
@click.argument("after", type=existing)
@click.option("--method", type=str, help="The method that was used; its claims choose the checks.")
@click.option("--regions", type=existing, help="What should be hidden, from `visard find`, instead of looking.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@policy_options
def command(
    before: Path,
    after: Path,
    method: str | None,
    regions: Path | None,
    as_json: bool,
    offline: bool,
    **choices: Any,
) -> int:
    """Compare a hidden file AFTER with its original BEFORE; exit code 5 if a check fails."""
    policy = build_policy(**choices, method=method, settings=parse_settings(()))
    ensure_models(offline, kinds=policy.rules)
    from visard.regions import load_regions
    from visard.verbs import check

    known = load_regions(regions).get(before.name) if regions else None
    if regions and known is None:
        raise UsageError(f"no regions for {before.name}", where=regions, hint="check the column source")
    failure: VerificationFailed | None = None
    try:
        checks = check(before, after, policy, known, ours=bool(method or choices["policy_file"]))
    except VerificationFailed as error:
        failure, checks = error, error.checks
    if as_json:
        click.echo(json.dumps([asdict(c) | {"passed": c.passed} for c in checks], indent=1))
    else:
        for c in checks:
            click.echo(f"{'passed' if c.passed else 'FAILED'}  {c.name:12} {c.value:.3g} (limit {c.limit:.3g})")
    if failure is not None:
        raise failure
    return 0
