"""A new head: another face, other hair, a closer outline, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import NETWORKS
from visard.errors import UsageError
from visard.found import Found, outlined
from visard.hider import Hider
from visard.methods import fits
from visard.methods.hair import _open, _somebody, matte, tell_hair
from visard.models import store
from visard.policy import Policy, only, with_rule
from visard.shape.align import covered
from visard.tracing import trace
from visard.types import Box, Frame, Pixels, Region

from ..conftest import ASTRONAUT_FACE

HAIR = np.s_[40:62, 200:260]


def found(pixels: Pixels) -> Found:
    from visard.detect.head import head_of_face

    head = replace(head_of_face(Region("face", ASTRONAUT_FACE, 0.9)), track=1)
    return outlined(lambda: iter([Frame(pixels)]), Found({0: (head,)}), True, Policy())


def worn(pixels: Pixels, seed: int = 0) -> tuple[Pixels, Hider, Found]:
    if missing := store.absent(NETWORKS["head"]):
        pytest.skip(f"networks absent: {' '.join(missing)} (visard models fetch)")
    hider = Hider(replace(only(Policy(), "heads"), seed=seed))
    whole = trace(lambda: iter([Frame(pixels)]), found(pixels), hider, True)
    return hider(Frame(pixels), whole.at(0)).pixels, hider, whole


def lab(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB))


def test_hair_and_face_change_and_nothing_else(astronaut: Pixels) -> None:
    new, hider, whole = worn(astronaut)
    (head,) = whole.at(0)
    cells = slice(0, 512), slice(0, 512)
    hidden = covered([(head, hider.rule(head))], cells, astronaut.shape)
    assert np.array_equal(new[~hidden], astronaut[~hidden])
    assert np.linalg.norm(lab(new)[HAIR].mean((0, 1)) - lab(astronaut)[HAIR].mean((0, 1))) > 5
    assert np.abs(new[100:170, 200:255].astype(int) - astronaut[100:170, 200:255]).mean() > 7
    assert hidden[320:].sum() == 0, "a head swallows no shirt"


def test_seeds_wear_other_heads(astronaut: Pixels) -> None:
    colours = [lab(worn(astronaut, seed)[0])[HAIR].mean((0, 1)) for seed in range(4)]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(colours) for b in colours[:i]]
    assert max(apart) > 6


def test_in_an_old_photograph_hair_keeps_its_tone(astronaut: Pixels) -> None:
    inks = np.array([[35, 18, 8], [150, 85, 25], [240, 205, 135]])
    tones = np.stack([np.interp(np.arange(256), (0, 110, 255), ink) for ink in inks.T], -1).astype(np.uint8)
    sepia = tones[cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)]
    for seed in range(3):
        hair = lab(worn(sepia, seed)[0])[HAIR].reshape(-1, 3)
        usual = lab(tones[None])[0]
        near = np.interp(hair[:, 0], usual[:, 0], usual[:, 1]), np.interp(hair[:, 0], usual[:, 0], usual[:, 2])
        assert np.abs(hair[:, 1:] - np.stack(near, -1)).mean() < 6


def test_the_outline_is_cut_back_to_the_scene(astronaut: Pixels) -> None:
    """Beside the hair a bright wall begins nearer than before."""
    white = astronaut.copy()
    new = worn(white)[0]
    assert not np.array_equal(new[20:30, 200:260], white[20:30, 200:260])


def test_the_scene_shows_where_an_opening_leads_in_and_not_where_hair_shines() -> None:
    hidden = np.zeros((100, 100), np.bool_)
    hidden[20:80, 20:80] = True
    clear = np.zeros_like(hidden)
    clear[20:40, 30:50] = clear[50:60, 50:60] = clear[50:60, 60:80] = clear[65:75, 30:40] = True
    clear[50:54, 60:80] = clear[56:60, 60:80] = False
    shown = _open(hidden, clear, 3)
    assert shown[22:38, 32:48].all() and not shown[50:60, 50:60].any() and not shown[65:75, 30:40].any()


def test_shine_on_a_forehead_is_no_hair(astronaut: Pixels) -> None:
    _, hider, whole = worn(astronaut)
    patch = hider.patch(Frame(astronaut), whole.at(0)[0])
    assert patch is not None and patch.mesh is not None
    x, y = np.round(patch.mesh[151, :2]).astype(int)
    shone = patch.pixels.copy()
    cv2.circle(shone, (int(x), int(y)), 8, (250, 246, 244), -1)
    after = tell_hair(replace(patch, pixels=shone), patch.mesh)
    assert after[y, x] < 0.1


def test_a_wall_in_the_colour_of_the_hair_is_no_hair(astronaut: Pixels) -> None:
    _, hider, whole = worn(astronaut)
    patch = hider.patch(Frame(astronaut), whole.at(0)[0])
    assert patch is not None and patch.mesh is not None
    nobody = (_somebody(patch) < 0.3) & (patch.mask > 0)
    assert nobody.sum() > 200, "beside the head some of the scene is hidden as well"
    hair = tell_hair(patch, patch.mesh)
    brown = np.median(patch.pixels[hair > 0.9], axis=0)
    alike = np.where((_somebody(patch) < 0.5)[..., None], brown, patch.pixels).astype(np.uint8)
    painted = replace(patch, pixels=alike)
    _, share, _ = matte(painted, patch.mesh, tell_hair(painted, patch.mesh))
    assert share[cv2.erode(nobody.astype(np.uint8), np.ones((5, 5))) > 0].max(initial=0) < 0.2


def test_it_is_for_heads_alone() -> None:
    assert fits("wig", "head") and not fits("wig", "face") and not fits("wig", "person")
    with pytest.raises(UsageError, match="does not hide a face"):
        Hider(with_rule(Policy(), "face", method="wig"))


def test_a_head_without_a_face_is_covered_in_its_own_colours() -> None:
    pixels = np.full((200, 200, 3), 240, np.uint8)
    cv2.ellipse(pixels, (100, 100), (30, 40), 0, 0, 360, (40, 30, 20), -1)
    square = np.array([[75, 70], [125, 70], [125, 130], [75, 130]], np.float32)
    head = Region("head", Box(70, 60, 130, 140), 0.9, track=1, outline=square)
    hider = Hider(only(Policy(), "heads"))
    whole = trace(lambda: iter([Frame(pixels)]), Found({0: (head,)}), hider, True)
    assert hider.unfit == {1}
    assert np.abs(hider(Frame(pixels), whole.at(0)).pixels[90:110, 90:110].mean((0, 1)) - (40, 30, 20)).max() < 40
