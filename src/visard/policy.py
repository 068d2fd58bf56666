"""What to hide and how: kind -> Rule. A policy is a value; TOML is one way to write it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from visard.errors import UsageError, suggest
from visard.roster import refuse_unknown
from visard.types import Kind

Shape = Literal["oval", "box"]
KINDS: tuple[str, ...] = get_args(Kind)
SHAPES: tuple[str, ...] = get_args(Shape)
Identity = Literal["picture", "person"]
PRESETS = ("newsroom", "street", "dataset", "hospital")
"""Policies that come with visard, each a few lines of TOML in the folder `presets`."""

IDENTITIES: tuple[str, ...] = get_args(Identity)
WORDS: Mapping[str, Kind] = {
    "faces": "face",
    "heads": "head",
    "people": "person",
    "plates": "plate",
    "text": "text",
    "vehicles": "vehicle",
}
"""What people call the kinds -> kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of region is hidden.

    method: a name in METHODS; settings: that method's fields, such as strength or colour.
    fallback: the method, at full strength, where that one finds no face to work on.
    margin: share of the box's width and height added on each side, of its side where there is an outline; 0 to 2.
    min_score: detections below it are ignored, 0 to 1. shape: outline of the mask.
    """

    method: str = "surrogate"
    settings: Mapping[str, Any] = field(default_factory=dict)
    margin: float = 0.1
    min_score: float = 0.3
    shape: Shape = "oval"
    fallback: str = "haze"

    def __post_init__(self) -> None:
        refuse_unknown(self.method)
        refuse_unknown(self.fallback, "fallback")
        if not isinstance(self.settings, Mapping) or not all(isinstance(key, str) for key in self.settings):
            raise UsageError(f"the settings are {self.settings!r}", hint='give names and values: {"strength": 0.9}')
        _check_number("margin", self.margin, 0.0, 2.0)
        _check_number("min_score", self.min_score, 0.0, 1.0)
        if self.shape not in SHAPES:
            raise UsageError(f"unknown shape {self.shape!r}", hint=suggest(str(self.shape), SHAPES))


def default_rule(kind: Kind) -> Rule:
    """Return how a kind is hidden where nobody says anything else."""
    return _DEFAULTS[kind]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a run, and the seed from which every disguise is derived.

    identity: what wears one new face, each subject of a `picture` (or of a video), so that nobody can link two of
    them, or each `person`, in all sources of a run. variant: for results that differ in their new identities, the
    number of this one, from 1; 0 for the only one, which is as the first.
    """

    rules: Mapping[Kind, Rule] = field(default_factory=lambda: {"face": Rule()})
    seed: int = 0
    identity: Identity = "picture"
    variant: int = 0

    def __post_init__(self) -> None:
        if not self.rules:
            raise UsageError("nothing is to be hidden", hint=f"give a rule for some of {', '.join(KINDS)}")
        if not isinstance(self.rules, Mapping) or not all(isinstance(r, Rule) for r in self.rules.values()):
            raise UsageError("the rules are not one Rule for each kind", hint='give {"face": Rule("fill")}')
        for kind in self.rules:
            if kind not in KINDS:
                raise UsageError(f"unknown kind {kind!r}", hint=suggest(str(kind), KINDS))
        if self.identity not in IDENTITIES:
            raise UsageError(f"unknown identity {self.identity!r}", hint=suggest(str(self.identity), IDENTITIES))
        for name, number in (("seed", self.seed), ("variant", self.variant)):
            if isinstance(number, bool) or not isinstance(number, int):
                raise UsageError(f"{name} is {number!r}", hint="give a whole number")
        if self.variant < 0:
            raise UsageError(f"variant is {self.variant}", hint="number them from 1")

    def disguise(self, kind: Kind, track: int, source: str = "") -> int:
        """Return the 63-bit seed of one subject: same policy seed, source, kind and track, same number."""
        digest = hashlib.sha256(f"visard disguise {self.seed} {source} {kind} {track}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as plain values, in the shape that `from_dict` and TOML take."""
        tables: dict[str, Any] = {"seed": self.seed, "identity": self.identity}
        tables |= {"variant": self.variant} if self.variant else {}
        for kind, rule in self.rules.items():
            own = {f.name: getattr(rule, f.name) for f in fields(rule) if f.name != "settings"}
            tables[kind] = own | dict(rule.settings)
        return tables

    def to_toml(self) -> str:
        """Return the policy as the text of a policy file."""
        plain = self.to_dict()
        lines = [f"{key} = {_toml(plain.pop(key))}" for key in ("seed", "identity", "variant") if key in plain]
        for kind, table in plain.items():
            lines += ["", f"[{kind}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
        return "\n".join(lines) + "\n"


def from_dict(tables: Mapping[str, Any]) -> Policy:
    """Return the policy that plain tables describe: `seed`, `identity`, and one table for each kind.

    Keys of a table that are no field of Rule are settings of its method. Raises UsageError for unknown
    kinds and wrong values; unknown settings are refused when the method is made.
    """
    rules: dict[Kind, Rule] = {}
    for key, value in tables.items():
        if key in ("seed", "identity", "variant"):
            continue
        if key in KINDS and isinstance(value, Mapping):
            rules[key] = _rule(default_rule(key), value)  # type: ignore[arg-type, index]  # key is in KINDS
        elif key in KINDS:
            raise UsageError(f"{key} is {value!r}", hint=f"give a table: [{key}]")
        else:
            raise UsageError(f"unknown key {key!r}", hint=suggest(key, (*KINDS, "seed", "identity")))
    seed, identity, variant = tables.get("seed", 0), tables.get("identity", "picture"), tables.get("variant", 0)
    return Policy(rules or {"face": Rule()}, seed, identity, variant)


def load_policy(path: str | Path) -> Policy:
    """Return the policy in a TOML file, or the preset of that name; raises UsageError, naming file and key."""
    path = Path(path)
    preset = files("visard").joinpath("presets", f"{path}.toml") if str(path) in PRESETS else None
    try:
        return from_dict(tomllib.loads((preset or path).read_text("utf-8")))
    except OSError as error:
        hint = f"check its path, or name a preset: {', '.join(PRESETS)}"
        raise UsageError(f"cannot read the policy: {error.strerror or error}", where=path, hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not a TOML file: {error}", where=path, hint="mend the line it names") from error
    except UsageError as error:
        raise UsageError(error.what, where=path, hint=error.hint) from error


def only(policy: Policy, words: str) -> Policy:
    """Return the policy for the kinds named in words, by commas, and for no others; raises UsageError."""
    named = [word.strip() for word in words.split(",") if word.strip()]
    for word in named:
        if word not in WORDS:
            raise UsageError(f"unknown kind {word!r}", hint=suggest(word, WORDS))
    if not named:
        raise UsageError("nothing is to be hidden", hint=f"name some of {', '.join(WORDS)}")
    kinds = dict.fromkeys(WORDS[word] for word in named)
    return replace(policy, rules={kind: policy.rules.get(kind, default_rule(kind)) for kind in kinds})


def with_rule(policy: Policy, kind: Kind, **changes: Any) -> Policy:
    """Return the policy with some fields of one kind's rule changed."""
    rules = dict(policy.rules)
    rules[kind] = replace(rules.get(kind, default_rule(kind)), **changes)
    return replace(policy, rules=rules)


def _rule(default: Rule, table: Mapping[str, Any]) -> Rule:
    own = {f.name for f in fields(Rule)} - {"settings"}
    chosen = {key: value for key, value in table.items() if key in own}
    kept = default.settings if chosen.get("method", default.method) == default.method else {}
    given = {key: value for key, value in table.items() if key not in own}
    return replace(default, **chosen, settings={**kept, **given})


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{name} is {value!r}", hint=f"give a number from {low:g} to {high:g}")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's strings, but for that one
    return repr(value)


_DEFAULTS: Mapping[str, Rule] = {
    "face": Rule(),
    "head": Rule("wig", margin=0.03),
    "person": Rule("silhouette", margin=0.03, min_score=0.35),
    "plate": Rule("plate", min_score=0.25, shape="box", fallback="fill"),
    "text": Rule("text", min_score=0.6, shape="box", fallback="fill"),
    "vehicle": Rule("respray", margin=0.02, min_score=0.35, shape="box"),
}
"""How each kind is hidden where nobody says anything else."""
