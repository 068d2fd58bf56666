"""What several verbs share: the policy's options, and fetching models on first use."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from visard.errors import UsageError
from visard.policy import SHAPES, Policy, load_policy, with_rule

Command = TypeVar("Command", bound=Callable[..., Any])

existing = click.Path(path_type=Path)


def policy_options(command: Command) -> Command:
    """Add the options that make a policy; `build_policy` takes them."""
    for option in reversed(
        [
            click.option("--policy", "policy_file", type=existing, help="A TOML file; other options override it."),
            click.option("--min-score", type=float, help="Ignore detections below it, 0 to 1 (default 0.3)."),
            click.option("--margin", type=float, help="Hide this share of a box more on each side (default 0.1)."),
            click.option("--shape", type=click.Choice(SHAPES), help="Outline of what is hidden (default oval)."),
        ]
    ):
        command = option(command)
    return command


def build_policy(
    policy_file: Path | None,
    min_score: float | None,
    margin: float | None,
    shape: str | None,
    *,
    method: str | None = None,
    seed: int | None = None,
    identity: str | None = None,
    settings: dict[str, Any] | None = None,
) -> Policy:
    """Return the policy of the file, or the default one, with what the options say."""
    policy = load_policy(policy_file) if policy_file else Policy()
    rule = policy.rules.get("face")
    changes: dict[str, Any] = {"min_score": min_score, "margin": margin, "shape": shape, "method": method}
    changes = {key: value for key, value in changes.items() if value is not None}
    kept = dict(rule.settings) if rule and method in (None, rule.method) else {}
    if settings or method:
        changes["settings"] = kept | (settings or {})
    if changes:
        policy = with_rule(policy, "face", **changes)
    whole: dict[str, Any] = {"seed": seed, "identity": identity}
    return replace(policy, **{key: value for key, value in whole.items() if value is not None})


def parse_settings(pairs: tuple[str, ...], **options: float | str | None) -> dict[str, Any]:
    """Return KEY=VALUE pairs, and options that were given, as settings; a value is TOML, or else a string."""
    settings: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"setting {pair!r} is not KEY=VALUE", hint="write --set colour=white")
        try:
            settings[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key.strip()] = value.strip()
    return settings


def ensure_models(offline: bool, quiet: bool = False) -> None:
    """Fetch the default models that are missing, saying so; raises ModelError where that is forbidden."""
    from visard.models.store import absent, fetch

    missing = absent()
    if missing and offline:
        from visard.errors import ModelError

        raise ModelError(f"{', '.join(missing)} not installed", hint="run `visard models fetch`, or drop --offline")
    if missing:
        fetch(missing, (lambda line: None) if quiet else (lambda line: click.echo(line, err=True)))
