"""The expressions' recipe: what it learns of people, it learns of them as they differ from themselves."""

from __future__ import annotations

import csv
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import visard.train.expressions as recipe
from visard.cli.app import run
from visard.shape.expression import KEPT, TALL, WIDE, expressions
from visard.shape.mesh import canonical
from visard.train.expressions import directions
from visard.train.faces import packed

from .people import album


def test_directions_are_those_in_which_mouths_differ() -> None:
    r = np.random.default_rng(2)
    kind = np.linspace(-1, 1, TALL)[:, None, None] * np.ones((TALL, WIDE, 3))
    mouths = 120 + 40 * r.normal(size=(60, 1, 1, 1)) * kind + r.normal(size=(60, TALL, WIDE, 3))
    _, looks, deviations, explained = directions(np.clip(mouths, 0, 255).astype(np.float32))
    away = kind.ravel() - kind.mean()
    assert abs(looks[0] @ away) / np.linalg.norm(away) > 0.95 and deviations[0] > 4 * deviations[1] and explained > 0.8


def test_people_who_do_not_suffice_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "expressions", "--data", str(album(tmp_path, 2)), "--out", str(tmp_path / "out")]) == 2
    assert "0 people with 3 usable photos" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_the_recipe_comes_to_what_is_shipped(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 100 people x 6 pictures: the same movements of the mouth, and much the same creases."""
    with (data / "celeba_train.csv").open(newline="") as table:
        names = [(row["identity"], f"{row['identity']}/{row['file']}") for row in csv.DictReader(table)]
    often: dict[str, list[str]] = {}
    for person, name in names:
        often.setdefault(person, []).append(name)
    chosen = set(chain.from_iterable(own[:6] for own in list(often.values())[:100]))
    monkeypatch.setattr(recipe, "gathered", lambda folder: packed(data, "celeba_train", chosen))
    figures = recipe.train(data, tmp_path / "out")
    assert figures["people"] >= 80
    made = load_file(str(tmp_path / "out" / "expression.safetensors"))
    moves = (made["moves"].T @ canonical().basis).reshape(KEPT, 468, 3).transpose(1, 2, 0)
    for k in range(KEPT):
        assert np.corrcoef(moves[..., k].ravel(), expressions().moves[..., k].ravel())[0, 1] > 0.85
    smile = made["creases"][2].astype(np.float32)
    assert np.corrcoef(smile.ravel(), expressions().creases[2].ravel())[0, 1] > 0.5
