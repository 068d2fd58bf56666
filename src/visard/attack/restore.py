"""Undoing a blur by arithmetic: Wiener's filter and Richardson and Lucy's iteration, by an attacker who knows sigma."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visard.hider import Hider
from visard.methods.blur import Blur, gaussian
from visard.paste import paste
from visard.shape.align import cut
from visard.types import Frame, Pixels, Region

Image = NDArray[np.float64]

Deblur = Callable[[Pixels, float], Pixels]
"""Takes (H, W, 3) uint8 pixels and the sigma, in pixels, of the Gaussian that blurred them."""

_NOISE = 8.0
"""Variance, in squared grey levels, of the noise that the filter allows for: eight bits add 1/12, and a strong blur
that is computed on a reduced copy differs from a true Gaussian by more."""

_CONTRAST = 50.0
"""Standard deviation of a photo's grey levels, from which the filter expects a spectrum that falls as 1 / f^2."""

_STEPS = 30


def restore(hidden: Frame, regions: Sequence[Region], hider: Hider, deblur: Deblur) -> Frame:
    """Return the frame with each blurred region deblurred, cut out just as it was when it was blurred.

    Regions that another method hid stay as they are: their pixels are no blur of anything.
    """
    canvas = replace(hidden, pixels=hidden.pixels.copy(), deep=None)
    for region in regions:
        method, patch = hider.method(region), cut(hidden, region, hider.rule(region), 0)
        if region.hide and patch is not None and isinstance(method, Blur):
            sigma = method.sigma(patch.mask)
            # What the mask left sharp would ring through the whole patch: it is blurred to match.
            seen = np.where(patch.mask[..., None] < 1, gaussian(patch.pixels, sigma), patch.pixels)
            paste(canvas, patch, deblur(seen, sigma))
    return canvas


def wiener(pixels: Pixels, sigma: float) -> Pixels:
    """Return pixels deblurred by the linear filter of least mean squared error.

    The expected spectrum is that of photos. Source: Wiener 1949.
    """
    height, width = pixels.shape[:2]
    response = _response(height, width, sigma)
    down, across = np.fft.fftfreq(2 * height), np.fft.rfftfreq(2 * width)
    falling = 1 / np.maximum(down[:, None] ** 2 + across[None, :] ** 2, (0.5 / max(height, width)) ** 2)
    expected = _CONTRAST**2 * falling / falling.mean()
    inverse = response * expected / (response**2 * expected + _NOISE)
    return _as_pixels(_filtered(pixels.astype(np.float64), inverse))


def richardson_lucy(pixels: Pixels, sigma: float) -> Pixels:
    """Return pixels deblurred by the iteration that keeps light positive and in place.

    Source: Richardson 1972; Lucy 1974.
    """
    seen = np.maximum(pixels.astype(np.float64), 0.5)
    height, width = pixels.shape[:2]
    response = _response(height, width, sigma)
    guess = seen
    for _ in range(_STEPS):
        guess = guess * _filtered(seen / np.maximum(_filtered(guess, response), 0.5), response)
        guess = np.clip(guess, 0.5, 255)
    return _as_pixels(guess)


def _response(height: int, width: int, sigma: float) -> Image:
    """Return what a Gaussian leaves of each frequency of a picture mirrored at its border."""
    down, across = np.fft.fftfreq(2 * height), np.fft.rfftfreq(2 * width)
    square = down[:, None] ** 2 + across[None, :] ** 2
    return np.asarray(np.exp(-2 * (np.pi * sigma) ** 2 * square), np.float64)


def _filtered(image: Image, response: Image) -> Image:
    height, width = image.shape[:2]
    mirrored = np.concatenate([image, image[::-1]], 0)
    mirrored = np.concatenate([mirrored, mirrored[:, ::-1]], 1)
    spectrum = np.fft.rfft2(mirrored, axes=(0, 1)) * response[..., None]
    back: Image = np.fft.irfft2(spectrum, (2 * height, 2 * width), axes=(0, 1))[:height, :width]
    return back


def _as_pixels(image: Image) -> Pixels:
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
