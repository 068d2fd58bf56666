"""Parametric people: exact identity, light and pose, for tests of mechanisms; they prove nothing about quality."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Box, Pixels, Points

_FINE = 4  # drawn so many times larger, then reduced by areas


@dataclass(frozen=True, slots=True)
class Person:
    """What makes one person: colours in RGB, lengths in widths of the picture."""

    skin: NDArray[np.float64]
    hair: NDArray[np.float64]
    iris: NDArray[np.float64]
    head: tuple[float, float]
    eyes: tuple[float, float]  # half their distance, their radius
    brow: tuple[float, float]  # height above the eye, thickness
    nose: tuple[float, float]  # length, half its width
    mouth: tuple[float, float, float]  # depth below the nose, half its width, thickness
    fringe: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """One picture of a person: pixels, the five points, and all landmarks, in the same order for everybody."""

    pixels: Pixels
    points: Points
    landmarks: Points
    box: Box


def person(seed: int) -> Person:
    """Return the person of that number."""
    r = np.random.default_rng(seed)

    def between(low: float, high: float) -> float:
        return float(r.uniform(low, high))

    tone = between(0.35, 1.0)
    return Person(
        skin=np.array([232, 190, 165]) * tone + r.uniform(-8, 8, 3),
        hair=np.array([150, 110, 70]) * between(0.05, 1.2) + r.uniform(0, 20, 3),
        iris=r.uniform(20, 170, 3),
        head=(between(0.27, 0.33), between(0.36, 0.43)),
        eyes=(between(0.09, 0.12), between(0.022, 0.036)),
        brow=(between(0.05, 0.075), between(0.008, 0.024)),
        nose=(between(0.10, 0.15), between(0.03, 0.055)),
        mouth=(between(0.08, 0.12), between(0.065, 0.11), between(0.012, 0.03)),
        fringe=between(0.12, 0.26),
    )


def render(
    who: Person, side: int = 128, light: float = 0.0, turn: float = 0.0, shift: tuple[float, float] = (0.0, 0.0),
    smile: float = 0.0, noise: int | None = None,
) -> Rendered:  # fmt: skip
    """Return a picture (side, side, 3). light: -1 from the left to 1. turn: radians in the plane. shift: in widths."""
    landmarks = _landmarks(who, smile)
    large = side * _FINE
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    affine = np.column_stack([turned, np.array([0.5, 0.5]) + shift])

    def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(points @ affine[:, :2].T + affine[:, 2])

    def draw(points: NDArray[np.float64], colour: NDArray[np.float64]) -> None:
        cv2.fillPoly(canvas, [np.round(at(points) * large).astype(np.int32)], tuple(np.clip(colour, 0, 255).tolist()))

    canvas = np.full((large, large, 3), (96, 110, 124), np.uint8)
    w, h = who.head
    draw(_oval(0, -0.05, w * 1.18, h * 1.12), who.hair)
    draw(_oval(0, 0, w, h), who.skin)
    fringe = _oval(0, 0, w, h)
    draw(fringe[fringe[:, 1] < -h + who.fringe], who.hair)
    for sign in (-1, 1):
        x = sign * who.eyes[0]
        draw(_oval(x, -0.06, who.eyes[1] * 1.7, who.eyes[1]), np.array([244, 244, 244]))
        draw(_oval(x, -0.06, who.eyes[1] * 0.9, who.eyes[1] * 0.9), who.iris)
        draw(_oval(x, -0.06 - who.brow[0], who.eyes[1] * 2.1, who.brow[1]), who.hair * 0.8)
    draw(landmarks[_NOSE], who.skin * 0.8)
    draw(landmarks[_MOUTH], np.array([170, 70, 75]) * (0.5 + who.skin.mean() / 400))
    pixels = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA).astype(np.float64)
    pixels *= 1.0 + 0.45 * light * np.linspace(-1, 1, side)[None, :, None]
    if noise is not None:
        pixels += np.random.default_rng(noise).normal(0, 3.0, pixels.shape)
    placed = (at(landmarks) * side).astype(np.float32)
    box = Box(*(placed.min(axis=0)), *(placed.max(axis=0)))
    five = np.stack([placed[16:20].mean(axis=0), placed[20:24].mean(axis=0), *placed[[24, 27, 31]]])
    return Rendered(np.clip(np.round(pixels), 0, 255).astype(np.uint8), five, placed, box)


_NOSE = slice(24, 27)
_MOUTH = slice(27, 35)


def _landmarks(who: Person, smile: float) -> NDArray[np.float64]:
    """Return points in widths from the head's middle: 16 around it, 4 of each eye, 3 of the nose, 8 of the mouth."""
    outline = _oval(0, 0, *who.head, 16)
    eyes = [_oval(s * who.eyes[0], -0.06, who.eyes[1] * 1.7, who.eyes[1], 4) for s in (-1, 1)]
    tip = -0.06 + who.nose[0]
    nose = np.array([[0, tip], [-who.nose[1], tip + 0.01], [0, -0.05]])
    depth, half, thick = who.mouth
    mouth = _oval(0, tip + depth, half, thick, 8)[[4, 5, 6, 7, 0, 1, 2, 3]]
    mouth[:, 1] -= smile * 0.06 * (np.abs(mouth[:, 0]) / half) ** 2
    return np.concatenate([outline, *eyes, nose, mouth])


def _oval(x: float, y: float, a: float, b: float, number: int = 48) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
    return np.column_stack([x + a * np.cos(angle), y + b * np.sin(angle)])
