"""Expressions: the mouth's stays whoever's face it is, creases come with it, and no tooth is anybody's."""

from __future__ import annotations

import numpy as np
import pytest

from visard.methods.donors import bank
from visard.shape.expression import KEPT, TALL, WIDE, between_lips, expressions, state
from visard.shape.mesh import canonical

SMILE, GAP = 2, 0


def rest() -> np.ndarray:
    return canonical().shape + canonical().offset


@pytest.mark.parametrize("donor", [0, 300, 900])
def test_another_shape_keeps_the_mouths_expression(donor: int) -> None:
    change = bank().build(bank().shapes[donor])
    kept = expressions().keep_expression(change)
    assert np.abs(state(change)[:KEPT]).max() > 1e-3
    assert np.abs(state(kept)[:KEPT]).max() < 1e-4
    assert np.abs(kept).max() > 0.5 * np.abs(change).max(), "and the rest of the shape is still another's"


def test_measures_add_up() -> None:
    one, two = rest(), bank().build(bank().shapes[1])
    assert np.allclose(state(one + 2 * two), state(one) + 2 * state(two), atol=1e-5)


def test_skin_at_rest_is_left_alone() -> None:
    assert np.allclose(expressions().crease(expressions().rest), 1)


def test_creases_are_those_of_faces_and_never_too_deep() -> None:
    learnt = expressions()
    smile = learnt.crease(learnt.rest + 2 * learnt.spread * np.eye(6, dtype=np.float32)[SMILE])
    inside = canonical().inside
    halves = np.log(smile)[inside & inside[:, ::-1]], np.log(smile)[:, ::-1][inside & inside[:, ::-1]]
    assert np.corrcoef(*halves)[0, 1] > 0.6, "both cheeks smile"
    assert np.log(smile)[inside].std() > 0.02
    wild = learnt.crease(learnt.rest + 99 * learnt.spread)
    assert wild.min() > 0.5 and wild.max() < 1.9


def test_a_mouth_is_of_its_kind_and_has_nobodys_teeth() -> None:
    learnt = expressions()
    seen = np.exp(4.6 + learnt.mouth) - 24
    assert np.median(np.abs(learnt.plausible(seen) - seen)) < 1, "what is usual stays, but for lines between teeth"
    stripes = 40 * np.sign(np.sin(np.arange(WIDE) * np.pi / 2 + 0.1))[None, :, None]
    striped = np.clip(seen + stripes, 0, 255).astype(np.float32)
    left = learnt.plausible(striped) - learnt.plausible(seen)
    assert np.abs(np.diff(left, axis=1)).mean() < 0.1 * np.abs(np.diff(striped - seen, axis=1)).mean()
    bright = learnt.plausible(np.asarray(1.5 * seen, np.float32))
    assert bright.mean() > 1.3 * learnt.plausible(seen).mean()


def test_what_is_between_lips_reaches_from_corner_to_corner() -> None:
    places = between_lips(rest())
    assert places.shape == (TALL, WIDE, 2)
    assert np.allclose(places[:, 0], rest()[78, :2], atol=1e-5) and np.allclose(
        places[:, -1], rest()[308, :2], atol=1e-5
    )
    assert (np.diff(places[..., 0], axis=1) > 0).all() and (np.diff(places[:, 1:-1, 1], axis=0) > 0).all()
