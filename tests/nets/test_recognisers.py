"""The recognisers in torch give what the originals give, also through an alignment, and a gradient besides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visard.attack.recognisers import make
from visard.attack.recognisers.recogniser import align, unit
from visard.errors import ModelError
from visard.types import Pixels, Points

torch = pytest.importorskip("torch", reason="torch is not installed")

FIVE: Points = np.array([[203.4, 101.2], [248.5, 103.6], [224.4, 125.2], [204.9, 143.3], [243.1, 145.1]], np.float32)
"""What CenterFace finds in the astronaut."""


def both(name: str) -> tuple[Any, Any]:
    """Return the original, and the copy in torch."""
    from visard.nets.whitebox import white_box

    try:
        return make(name), white_box(name)
    except ModelError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["dlib", "facenet"])
def test_the_copy_gives_the_original_s_vectors(name: str, astronaut: Pixels) -> None:
    original, copy = both(name)
    side = original.framing.side
    faces = np.stack([astronaut[y : y + side, 150 : 150 + side] for y in (20, 60, 300)])
    with torch.no_grad():
        ours = copy.net(torch.tensor(faces).permute(0, 3, 1, 2).float() / 255).numpy()
    cosines = (unit(ours) * unit(original(faces))).sum(1)
    assert cosines.min() > 1 - 1e-3


@pytest.mark.parametrize("name", ["dlib", "facenet"])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_scene_is_seen_as_the_original_aligns_it(name: str, scale: int, astronaut: Pixels) -> None:
    """At full size or reduced, the way through the tensors shows a network the face that it would be shown."""
    import cv2

    from visard.nets.scene import Scene

    original, copy = both(name)
    large = np.asarray(cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    corner = np.array([150, 55]) * scale
    patch = large[corner[1] : 200 * scale, corner[0] : 300 * scale]
    theirs = unit(original(align(large, FIVE * scale, original.framing)[None]))[0]
    scene = Scene(patch, np.ones(patch.shape[:2], np.float32), FIVE * scale - corner)
    ours = scene.sight(copy, torch.zeros(1, len(theirs)), torch.zeros(len(theirs))).own.numpy()
    assert ours @ theirs > 0.97


def test_the_gradient_is_that_of_finite_differences(astronaut: Pixels) -> None:
    from visard.nets.scene import warp

    copy = both("dlib")[1]
    picture = torch.tensor(astronaut[55:200, 150:300].copy()).permute(2, 0, 1)[None].double() / 255
    net = copy.net.double()
    matrix = np.array([[1.2, 0.1, -10.0], [-0.1, 1.2, 5.0]])

    def value(x: Any) -> Any:
        return net(warp(x.float(), matrix, 150).double())[0, :4].sum()

    try:
        x = picture.requires_grad_()
        (gradient,) = torch.autograd.grad(value(x), x)
        along = gradient / gradient.norm()
        step = 1e-2
        slope = float((value(x + step * along) - value(x - step * along)).detach()) / (2 * step)
        assert slope == pytest.approx(float(gradient.norm()), rel=0.1)
    finally:
        net.float()


def test_other_bytes_are_no_graph() -> None:
    from visard.models.tensorflow import read_constants

    for content in (b"", b"no such file" * 100, b"\x0a\xff\xff"):
        with pytest.raises(ModelError, match="no frozen TensorFlow graph"):
            read_constants(content)


def test_similarity_is_the_judge_s(astronaut: Pixels) -> None:
    from visard.evaluate.quality import ssim as judged
    from visard.nets.ssim import ssim

    noisy = np.clip(astronaut + np.random.default_rng(0).normal(0, 12, astronaut.shape), 0, 255).astype(np.uint8)
    one, other = (torch.tensor(p[:90, :80].copy()).permute(2, 0, 1)[None].float() / 255 for p in (astronaut, noisy))
    assert float(ssim(one, other)) == pytest.approx(judged(astronaut[:90, :80], noisy[:90, :80]), abs=1e-4)
    assert float(ssim(one, one)) == pytest.approx(1.0)
