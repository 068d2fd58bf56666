"""A policy is a value: it survives a file, and a misspelt key is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.errors import UsageError
from visard.pipeline import Task
from visard.policy import Policy, Rule, from_dict, load_policy, with_rule
from visard.verbs import check, find, hide

rules = st.builds(
    Rule,
    method=st.sampled_from(["fill", "blur"]),
    settings=st.fixed_dictionaries({}, optional={"strength": st.floats(0.1, 1), "bank": st.text()}),
    margin=st.floats(0, 2),
    min_score=st.floats(0, 1),
    shape=st.sampled_from(["oval", "box"]),
)
policies = st.builds(Policy, st.fixed_dictionaries({"face": rules}), st.integers(-(2**40), 2**40),
                     st.sampled_from(["picture", "person"]))  # fmt: skip


@given(policies)
def test_a_policy_survives_toml(policy: Policy) -> None:
    import tomllib

    assert from_dict(tomllib.loads(policy.to_toml())) == policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sede = 3", "unknown key 'sede'; did you mean 'seed'"),
        ("[fase]\nmethod = 'fill'", "unknown key 'fase'; did you mean 'face'"),
        ("[face]\nmargin = 9", "margin is 9"),
        ("[face]\nmargin = true", "margin is True"),
        ("[face]\nshape = 'star'", "unknown shape 'star'"),
        ("[face]\nmethod = 3", "method is 3"),
        ("seed = 'x'", "seed is 'x'"),
        ("identity = 'persons'", "unknown identity 'persons'; did you mean 'person'"),
        ("face = 1", "face is 1; give a table: [face]"),
        ("[face", "not a TOML file"),
    ],
)
def test_wrong_files_get_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_policy(path)
    line = str(caught.value)
    assert "policy.toml" in line and message in line and "\n" not in line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: cannot read the policy"):
        load_policy(tmp_path / "none.toml")


def test_a_preset_and_a_file_go_by_their_text(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("seed = 3")
    assert load_policy(str(tmp_path / "policy.toml")).seed == 3
    assert load_policy("street") == load_policy(Path("street"))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "nothing is to be hidden"),
        ({"nose": Rule()}, "unknown kind"),
        (["face"], "not one Rule for each kind"),
        ({"face": "fill"}, "not one Rule for each kind"),
    ],
)
def test_a_policy_hides_something(rules: dict[Any, Rule], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Policy(rules)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rule("pixellate"), "unknown method 'pixellate'; did you mean 'pixelate'"),
        (lambda: Rule("fill", fallback="hase"), "unknown fallback 'hase'; did you mean 'haze'"),
        (lambda: Rule(fallback=None), "fallback is None"),  # type: ignore[arg-type]
        (lambda: Rule("fill", settings="white"), "the settings are 'white'"),  # type: ignore[arg-type]
        (lambda: Rule("fill", settings={1: 2}), "the settings are {1: 2}"),  # type: ignore[dict-item]
        (lambda: Policy(seed=1.5), "seed is 1.5"),  # type: ignore[arg-type]
        (lambda: Policy(seed=True), "seed is True"),
        (lambda: Policy(variant=0.5), "variant is 0.5"),  # type: ignore[arg-type]
    ],
)
def test_wrong_values_are_refused_when_they_are_given(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert message in str(caught.value)


def test_of_two_policies_none_is_ignored() -> None:
    with pytest.raises(UsageError, match="a task has a policy of its own"):
        hide("a.jpg", "o", Policy(), task=Task(strict=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hide(["a.jpg"], "o", "street"), "the policy is a str"),  # type: ignore[arg-type]
        (lambda: hide(["a.jpg"], "o", task=Policy()), "the task is a Policy"),  # type: ignore[arg-type]
        (lambda: hide([], "o"), "there is nothing to hide"),
        (lambda: hide(["a.jpg"], ""), "out is ''"),
        (lambda: hide(["a.jpg"], None), "out is None"),  # type: ignore[arg-type]
        (lambda: hide([b"a.jpg"], "o"), "a source is a bytes"),  # type: ignore[list-item]
        (lambda: hide(np.zeros((2, 3, 3), np.uint8), "o"), "a source is a ndarray"),  # type: ignore[arg-type]
        (lambda: hide(["a.jpg"], "o", jobs=1.5), "jobs is 1.5"),  # type: ignore[arg-type]
        (lambda: find("a.jpg", {"face": "fill"}), "the policy is a dict"),  # type: ignore[arg-type]
        (lambda: check("a.jpg", "b.jpg", "street"), "the policy is a str"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_policy_and_no_path_is_refused_by_its_kind(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_a_disguise_depends_on_seed_kind_and_track_alone() -> None:
    one = Policy(seed=1)
    assert one.disguise("face", 3) == Policy({"face": Rule("blur")}, 1).disguise("face", 3)
    seeds = {Policy(seed=s).disguise(k, t) for s in (1, 2) for k in ("face", "head") for t in (1, 2)}
    assert len(seeds) == 8
    assert all(0 <= s < 2**63 for s in seeds)


def test_changing_a_rule_leaves_the_policy_as_it_was() -> None:
    policy = Policy()
    assert with_rule(policy, "face", margin=0.5).rules["face"].margin == 0.5
    assert policy.rules["face"].margin == Rule().margin


def test_a_pool_of_nobody_is_refused(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="jobs is 0"):
        hide(photo, tmp_path / "out", jobs=0)
