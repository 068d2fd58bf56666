"""Vehicles: another paint, no badge, and the road keeps its colour."""

from __future__ import annotations

import cv2
import numpy as np

from visard.hider import Hider
from visard.methods import fits
from visard.policy import Policy, only
from visard.types import Box, Frame, Pixels, Region

CAR = Region("vehicle", Box(40, 60, 240, 180), 0.9, track=1)


def car(badge: bool = True) -> Pixels:
    picture = np.full((240, 280, 3), (120, 122, 120), np.uint8)
    cv2.ellipse(picture, (140, 125), (95, 55), 0, 0, 360, (190, 30, 30), -1)
    cv2.rectangle(picture, (90, 85), (190, 110), (20, 22, 26), -1)
    if badge:
        cv2.circle(picture, (140, 140), 4, (240, 240, 240), 2)
    return picture


def lab(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB))


def resprayed(pixels: Pixels, seed: int = 0) -> Pixels:
    from dataclasses import replace

    return Hider(replace(only(Policy(), "vehicles"), seed=seed))(Frame(pixels), [CAR]).pixels


def test_paint_changes_and_the_road_does_not() -> None:
    before, after = car(), resprayed(car())
    door = np.s_[145:160, 100:180]
    assert np.linalg.norm((lab(after)[door] - lab(before)[door]).mean((0, 1))) > 15
    assert np.array_equal(after[:45], before[:45])
    assert np.linalg.norm((lab(after)[176:180, 44:60] - lab(before)[176:180, 44:60]).mean((0, 1))) < 12


def test_a_badge_is_gone() -> None:
    place = np.s_[134:147, 134:147]
    apart = np.abs(resprayed(car())[place].astype(int) - resprayed(car(False))[place]).mean()
    assert apart < 0.3 * np.abs(car()[place].astype(int) - car(False)[place]).mean()


def test_keys_give_other_paints() -> None:
    paints = {tuple((lab(resprayed(car(), seed))[150, 140] / 12).round().astype(int).tolist()) for seed in range(8)}
    assert len(paints) >= 3


def test_it_is_for_vehicles() -> None:
    assert fits("respray", "vehicle") and not fits("respray", "person")
