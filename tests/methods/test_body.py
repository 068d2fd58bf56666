"""Bodies from segmentations: the levels tell what they say, no pixel of the person is seen, and untaught none runs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from visard.errors import ModelError, UsageError
from visard.hider import Hider
from visard.methods import make
from visard.methods.mannequin import DETAILS, PARTS, dyed, mannequin
from visard.methods.wardrobe import wardrobe
from visard.models import taught
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels

from .test_people import outfit, person


@pytest.fixture
def weights(untaught: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(taught, "FOLDER", untaught)
    return untaught


def drawn(pixels: Pixels, seed: int = 0, detail: str = "limbs") -> Pixels:
    policy = Policy({"person": Rule("body", settings={"detail": detail})}, seed)
    return Hider(policy)(Frame(pixels), [person()]).pixels


def test_each_level_tells_what_the_one_before_does_and_more() -> None:
    inside = np.zeros((64, 64), np.float32)
    inside[4:60, 20:44] = 1
    planes = [mannequin(inside, detail) for detail in DETAILS]
    assert [int((p.reshape(len(p), -1).max(axis=1) > 0).sum()) for p in planes] == [1, 6, 7]
    assert all(np.array_equal(p[0], inside) for p in planes)
    assert np.array_equal(planes[1][1:-1].sum(axis=0), inside), "every place has one part"
    parts = [np.flatnonzero(part.any(axis=1)) for part in planes[1][1:-1]]
    assert all(above.max() < below.min() for above, below in pairwise(parts))
    assert planes[2][-1].max() == 1 and not mannequin(np.zeros((8, 8), np.float32), "limbs").any()


def test_joints_tell_limbs_where_heights_cannot() -> None:
    """A forearm is held before the trunk; whoever lies has feet beside them, not below."""
    joints = np.array(
        [(32, 10), (34, 9), (30, 9), (36, 10), (28, 10), (40, 20), (24, 20), (44, 28), (20, 28), (30, 28), (34, 30),
         (37, 36), (27, 36), (37, 46), (27, 46), (37, 57), (27, 57)], np.float32,
    )  # fmt: skip
    inside = np.ones((64, 64), np.float32)
    parts = mannequin(inside, "parts", joints)[1:-1].argmax(axis=0)
    named = {name: n for n, name in enumerate(PARTS)}
    assert parts[11, 32] == parts[28, 36] == named["skin"] and parts[24, 32] == named["trunk"]
    assert parts[45, 37] == named["legs"] and parts[59, 27] == named["feet"] and parts[3, 32] == named["hair"]
    lying = mannequin(inside.T, "parts", joints[:, ::-1])[1:-1].argmax(axis=0)
    assert np.mean(lying == parts.T) > 0.99
    assert np.array_equal(mannequin(inside, "outline"), mannequin(inside, "outline", joints))


def test_a_known_pose_is_painted(weights: Path) -> None:
    before, hider = outfit((180, 40, 40)), Hider(Policy({"person": Rule("body")}, 0))
    bent = np.stack([np.linspace(45, 75, 17), np.linspace(40, 190, 17)], axis=1).astype(np.float32)
    one, other = (hider(Frame(before), [replace(person(), points=points)]).pixels for points in (None, bent))
    assert not np.array_equal(one, other)


def test_each_part_is_dyed_in_its_own_colour_and_nothing_beside() -> None:
    inside = np.zeros((64, 64), np.float32)
    inside[4:60, 20:44] = 1
    palette = wardrobe(5)
    for detail in DETAILS:
        planes = mannequin(inside, detail)
        dyes = dyed(planes, palette)
        assert not dyes[:, inside == 0].any()
        for n, part in enumerate(planes[1:-1] if detail != "outline" else planes[:1]):
            assert np.allclose(dyes[:, part > 0].T, palette[n + (detail != "outline")])
    assert len(palette) == 1 + len(PARTS) and np.array_equal(palette, wardrobe(5))
    assert wardrobe(5, light=30).mean() < palette.mean() < 1, "at night clothes are darker"


def test_no_pixel_of_the_person_is_seen(weights: Path) -> None:
    one, other = (drawn(outfit(shirt, True)) for shirt in ((180, 40, 40), (20, 200, 90)))
    assert np.array_equal(one[40:190, 45:75], other[40:190, 45:75])


def test_the_scene_stays_and_the_key_draws_the_person(weights: Path) -> None:
    before = outfit((180, 40, 40))
    one, other = drawn(before, 0), drawn(before, 1)
    assert np.array_equal(one[:10], before[:10]) and not np.array_equal(one[40:190, 45:75], before[40:190, 45:75])
    assert not np.array_equal(one, other) and np.array_equal(one, drawn(before, 0))


def test_more_detail_another_person(weights: Path) -> None:
    results = [drawn(outfit((180, 40, 40)), 0, detail) for detail in DETAILS]
    assert not np.array_equal(results[0], results[1]) and not np.array_equal(results[1], results[2])


def test_untaught_it_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "FOLDER", tmp_path)
    with pytest.raises(ModelError, match="without weights and card does not run"):
        make("body")


def test_an_unknown_level_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'limbs'"):
        make("body", {"detail": "limb"})
