"""k-Same-Net: a group has one face, made of donors alone, and nobody is named more often than once in k."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from visard.errors import ModelError, UsageError
from visard.methods.donors import bank
from visard.methods.ksame_net import KSameNet, compose, generate, proxies
from visard.models import taught
from visard.models.eigenfaces import eigenfaces
from visard.types import Patch

from .test_ksame import bound, gallery, named, rows

PEOPLE = 30


@pytest.fixture(autouse=True)
def weights(untaught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "FOLDER", untaught)


@cache
def people(visit: int = 0) -> tuple[Patch, ...]:
    return gallery(128, visit)[:PEOPLE]


def test_a_group_has_one_face_to_the_byte() -> None:
    method = KSameNet(k=7).prepare(people())
    shared = Counter(method(patch).tobytes() for patch in people())
    assert sum(shared.values()) == PEOPLE and all(number >= 7 for number in shared.values())


def test_a_face_is_made_of_k_proxies_before_the_groups_mean() -> None:
    """It is, to the byte, what the network makes of k donors' mean code, before the mean of eigenface coefficients."""
    net = taught.taught("ksame-net")
    method = KSameNet(k=PEOPLE).prepare(people())
    everybody = proxies(np.mean([_who(p) for p in people()], axis=0), PEOPLE, 60)
    small = [cv2.resize(p.pixels, (64, 64), interpolation=cv2.INTER_AREA) / np.float32(255) for p in people()]
    around = eigenfaces().picture(np.mean([eigenfaces().coefficients(s) for s in small], axis=0))
    assert np.array_equal(method(people()[0]), compose(*generate(net, everybody), around))


def test_faces_take_the_light_from_around_and_nothing_else() -> None:
    """Of what lies around, inside the face only coarse light is left: an edge there does not come through."""
    drawn, place = np.full((128, 128, 3), 100, np.float32), np.zeros((128, 128), np.float32)
    cv2.circle(place, (64, 64), 44, 1, -1)
    stripes = np.full((64, 64, 3), 0.5, np.float32)
    stripes[:, 8:56:4] = 1
    bright, dark = (compose(drawn, place, stripes * gain) for gain in (0.8, 0.4))
    middle = np.s_[44:84, 44:84]
    assert np.ptp(bright[middle].astype(int)) < 12 < np.ptp(bright[2].astype(int))
    assert bright[middle].mean() > 1.6 * dark[middle].mean()


def test_proxies_are_donors_the_nearest_and_nobody_of_the_gallery() -> None:
    who = _who(people()[0])
    chosen = proxies(who, 5, 60)
    away = np.linalg.norm(bank().embeddings[:60] - who, axis=1)
    assert len(set(chosen.tolist())) == 5 and away[chosen].max() <= np.delete(away, chosen).min()
    gallery_ = np.stack([_who(patch) for patch in people()])
    apart = np.linalg.norm(bank().embeddings[:60, None] - gallery_[None], axis=2)
    assert apart.min() > 0.1, "no donor is one of the people hidden"


def test_more_than_there_are_proxies_is_refused() -> None:
    with pytest.raises(UsageError, match="there are 60 proxies for groups of 61"):
        KSameNet(k=61).prepare(gallery(128) + gallery(128, 1))


@pytest.mark.parametrize("k", [2, 5, 10])
def test_nobody_is_named_more_often_than_once_in_k(k: int) -> None:
    own, later = rows(people()), rows(people(1))
    assert named(own, later) > 0.9, "the recogniser is good at what it does"
    hidden = rows(people(), KSameNet(k=k).prepare(people()))
    assert named(own, hidden) <= 1 / k
    for attack in (named(hidden, own), named(hidden, later), named(hidden, hidden)):
        assert attack <= bound(k, PEOPLE)


def test_a_network_that_draws_no_face_is_refused() -> None:
    drawn = np.full((1, 4, 128, 128), -1.0)
    blank: Any = lambda *_: [drawn]  # noqa: E731
    net = taught.Taught({"side": 128, "people": 60, "bank": bank().sha256}, blank)
    with pytest.raises(ModelError, match="draws no face"):
        generate(net, np.arange(5))


def _who(patch: Patch) -> np.ndarray:
    from visard.methods.ksame_net import _embedding

    return _embedding(patch)
