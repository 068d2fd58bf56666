"""Parametric signs and people: a car's plate in perspective, a line of text, a figure; they prove no quality."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visard.types import Pixels, Points


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture (H, W, 3) and where its sign lies: four corners, clockwise from the top left."""

    pixels: Pixels
    corners: Points


def car(number: str = "RK 248AH", turn: float = 0.15, light: float = 1.0, width: int = 420) -> Drawn:
    """Return the rear of a car with a plate; turn: of the view to the side, 0 straight on; light: 1 by day."""
    picture = np.full((380, 640, 3), (92, 100, 108), np.uint8)
    cv2.rectangle(picture, (90, 60), (550, 330), (120, 28, 30), -1)
    cv2.rectangle(picture, (140, 80), (500, 170), (60, 66, 74), -1)
    cv2.rectangle(picture, (90, 285), (550, 330), (30, 30, 32), -1)
    plate = sign(number, (width, 110))
    flat = np.array([[0, 0], [width, 0], [width, 110], [0, 110]], np.float32)
    corners = np.array([[235, 215], [405, 215 + 90 * turn], [405, 255 + 60 * turn], [235, 255]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    placed = cv2.warpPerspective(plate, matrix, (640, 380), flags=cv2.INTER_AREA)
    whole = cv2.warpPerspective(np.full((110, width), 255, np.uint8), matrix, (640, 380))
    picture = np.where(whole[..., None] > 127, placed, picture)
    return Drawn(np.clip(picture * light, 0, 255).astype(np.uint8), corners)


def sign(text: str, size: tuple[int, int], ground: int = 236, ink: int = 24) -> Pixels:
    """Return a line of text in dark letters on a light ground, size (width, height)."""
    width, height = size
    picture = np.full((height, width, 3), ground, np.uint8)
    cv2.rectangle(picture, (3, 3), (width - 4, height - 4), (ink,) * 3, 3)
    (wide, tall), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    scale = min(0.86 * width / wide, 0.6 * height / tall)
    at = round((width - scale * wide) / 2), round((height + scale * tall) / 2)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, (ink,) * 3, max(2, round(2.4 * scale)), cv2.LINE_AA)
    return picture
