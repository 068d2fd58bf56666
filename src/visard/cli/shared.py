"""What several verbs share: the policy's options, and fetching models on first use."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from visard.errors import UsageError
from visard.methods import defaults, fits
from visard.policy import PRESETS, SHAPES, WORDS, Policy, load_policy, only, with_rule
from visard.types import Kind

Command = TypeVar("Command", bound=Callable[..., Any])


class _Named(click.Path):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        refuse_unnamed(param.opts[0] if isinstance(param, click.Option) else "a path", value)
        return super().convert(value, param, ctx)


def refuse_unnamed(what: str, value: object) -> None:
    """Raise UsageError for the empty name: of an unset variable, it would be the current folder."""
    if value == "":
        raise UsageError(f"{what} names nothing", hint="name a file or a folder; the current one is .")


existing = _Named(path_type=Path)


def options(*some: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return what adds several options to a command, in their order."""

    def add(command: Command) -> Command:
        for option in reversed(some):
            command = option(command)
        return command

    return add


policy_options = options(
    click.option("--policy", "policy_file", type=existing, help=f"A TOML file, or {', '.join(PRESETS)}."),
    click.option("--hide", metavar="LIST", help=f"What to hide: {','.join(WORDS)}, or some (default faces)."),
    click.option("--min-score", type=float, help="Ignore detections below it, 0 to 1 (faces: 0.3)."),
    click.option("--margin", type=float, help="Hide this share of a box more on each side (default 0.1)."),
    click.option("--shape", type=click.Choice(SHAPES), help="Outline of what is hidden (default oval)."),
)
"""What makes a policy; `build_policy` takes it."""


def build_policy(
    policy_file: Path | None,
    min_score: float | None,
    margin: float | None,
    shape: str | None,
    hide: str | None = None,
    *,
    method: str | None = None,
    seed: int | None = None,
    identity: str | None = None,
    settings: dict[str, Any] | None = None,
) -> Policy:
    """Return the policy of the file, or the default one, with what the options say.

    Several kinds: each takes the method if it can be hidden with it, and the settings that its method has; whatever
    no kind can take goes to all of them, to be refused.
    """
    policy = load_policy(policy_file) if policy_file else Policy()
    policy = policy if hide is None else only(policy, hide)
    everywhere = {"min_score": min_score, "margin": margin, "shape": shape}
    takers = [kind for kind in policy.rules if method and fits(method, kind)] or list(policy.rules)
    for kind in policy.rules:
        rule = policy.rules[kind]
        changes: dict[str, Any] = {key: value for key, value in everywhere.items() if value is not None}
        changes |= {"method": method} if method and kind in takers else {}
        kept = dict(rule.settings) if changes.get("method", rule.method) == rule.method else {}
        known = defaults(changes.get("method", rule.method)) if len(policy.rules) > 1 and settings else settings or {}
        own = {key: value for key, value in (settings or {}).items() if key in known}
        policy = with_rule(policy, kind, **changes, settings=kept | own)
    for key in settings or {}:
        if not any(key in rule.settings for rule in policy.rules.values()):
            raise UsageError(f"no method has a setting {key!r}", hint="visard hide --dry-run prints the methods")
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


def ensure_models(offline: bool, quiet: bool = False, kinds: Iterable[Kind] = ()) -> None:
    """Fetch the models that are missing, of the default ones and of the kinds, saying so.

    Raises ModelError where that is forbidden.
    """
    from visard.detect import NETWORKS
    from visard.models.store import absent, fetch
    from visard.models.store import defaults as basic

    missing = absent(dict.fromkeys([*basic(), *(name for kind in kinds for name in NETWORKS[kind])]))
    if missing and offline:
        from visard.errors import ModelError

        raise ModelError(f"{', '.join(missing)} not installed", hint="run `visard models fetch`, or drop --offline")
    if missing:
        fetch(missing, (lambda line: None) if quiet else (lambda line: click.echo(line, err=True)))
