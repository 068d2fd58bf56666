"""A weak blur is undone by arithmetic, a strong one is not; the inverter's recipe runs and learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visard.attack.looks import Look
from visard.attack.restore import Deblur, restore, richardson_lucy, wiener
from visard.errors import UsageError
from visard.hider import Hider
from visard.methods.blur import gaussian
from visard.policy import Policy, Rule
from visard.types import Frame, Pixels, Region

from ..conftest import ASTRONAUT_FACE

POINTS = np.array([[203, 101], [248, 104], [224, 125], [205, 143], [243, 145]], np.float32)


def error(one: Pixels, other: Pixels) -> float:
    return float(((one.astype(float) - other) ** 2).mean())


@pytest.mark.parametrize("deblur", [wiener, richardson_lucy])
def test_deconvolution_sharpens_a_weak_blur(deblur: Deblur, astronaut: Pixels) -> None:
    face = astronaut[40:200, 150:301]
    blurred = gaussian(face, 3.0)
    back = deblur(blurred, 3.0)
    assert back.shape == face.shape and back.dtype == np.uint8
    assert error(back, face) < 0.6 * error(blurred, face)


def test_a_flat_picture_stays_flat() -> None:
    grey = np.full((20, 31, 3), 77, np.uint8)
    for deblur in (wiener, richardson_lucy):
        assert np.abs(deblur(grey, 5.0).astype(int) - 77).max() <= 1


@pytest.mark.parametrize(("method", "helps"), [("blur", True), ("fill", False)])
def test_only_blurred_regions_are_restored(method: str, helps: bool, astronaut: Pixels) -> None:
    regions = [Region("face", ASTRONAUT_FACE, 0.9, track=0)]
    hider = Hider(Policy({"face": Rule(method, {"strength": 0.05} if method == "blur" else {})}))
    hidden = hider(Frame(astronaut), regions)
    back = restore(hidden, regions, hider, wiener)
    cells = ASTRONAUT_FACE.cells(512, 512)
    better = error(back.pixels[cells], astronaut[cells]) < 0.7 * error(hidden.pixels[cells], astronaut[cells])
    assert better == helps
    assert np.array_equal(back.pixels[300:], astronaut[300:])
    spared = restore(hidden, [replace(regions[0], hide=False)], hider, wiener)
    assert np.array_equal(spared.pixels, hidden.pixels)


def test_the_inverters_recipe_runs_and_learns(astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed: the learned inverter is not tested")
    from visard.attack import inverter

    monkeypatch.setattr(inverter, "_BATCH", 2)
    monkeypatch.setattr(inverter, "_CHANNELS", (8, 16, 16))
    looks = [Look("a", astronaut, gaussian(astronaut, 6.0), ASTRONAUT_FACE, POINTS)]
    losses: list[float] = []
    net = inverter.train(looks, 25, seed=1, seen=lambda step, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    (guess,), (points,) = inverter.invert(net, looks)
    assert guess.shape == (64, 64, 3) and guess.dtype == np.uint8 and points.shape == (5, 2)
    again = inverter.invert(inverter.train(looks, 25, seed=1), looks)[0][0]
    assert np.array_equal(guess, again)
    with pytest.raises(UsageError, match="no pictures"):
        inverter.train([], 1)
