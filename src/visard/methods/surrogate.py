"""A new face: the average of at least eight other people, in the person's pose, expression and light.

Strong against recognisers that see the face alone; hair, ears and the outline of the head stay and still tell something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np

from visard.errors import Unfit
from visard.methods.donors import Bank, bank
from visard.methods.strength import check_share
from visard.shape.identity import distance, look
from visard.shape.landmarks import FaceMesh, find_mesh
from visard.shape.mesh import EYES, INNER_LIPS, TEXTURE, Pose, canonical, eye_openings, mouth_opening
from visard.shape.texture import inside, plain, relight, rim, skin
from visard.types import Box, Deidentifier, Form, Goal, Mask, Patch, Pixels, Points, Region

_SURE = 0.5
"""Below this score the network sees no face, and neither do we."""

_SMALLEST = 16.0
"""Pixels between the outer corners of the face's outline below which there is nothing to exchange."""

_FINEST = 256
"""Longest side in pixels at which a new face is drawn; beyond it a donor's texture has nothing to add."""

_UNLIKE = 0.72
"""dlib's distance between a person and the new face at which it is accepted: half of all strangers lie nearer."""

_TRIES = 4
"""How many donors are drawn on the face before the least alike of them is taken."""

_SHAPE = 1.25
"""How much of the donor's shape, rather than the person's, a face has at full strength."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """Give the face a donor's texture and shape (k-Same-M of Gross et al. 2006 on a dense mesh, k at least 8).

    strength: how far the shape goes to the donor's and beyond; the texture is always the donor's alone.
    """

    name: ClassVar[str] = "surrogate"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"

    strength: float = 0.8

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def cast(self, patches: Sequence[Patch]) -> Deidentifier:
        """Return the method with a donor chosen for each subject (one seed) from its clearest patches."""
        chosen: dict[int, int] = {}
        for patch in patches:
            mesh = _mesh(patch)
            if mesh is not None and patch.seed not in chosen:
                chosen[patch.seed] = _choose(patch, mesh, self.strength)
        return _Cast(self.strength, chosen)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another face; raises Unfit where no face can be made out."""
        return self.cast([patch])(patch)


@dataclass(frozen=True, slots=True)
class _Cast(Surrogate):
    donors: Mapping[int, int] = field(default_factory=dict)

    def __call__(self, patch: Patch) -> Pixels:
        mesh = _mesh(patch)
        if mesh is None:
            raise Unfit("no face can be made out here")
        donor = self.donors.get(patch.seed)
        if donor is None:
            donor = _choose(patch, mesh, self.strength)
        return _draw(patch, mesh, donor, self.strength)


def _mesh(patch: Patch) -> FaceMesh | None:
    height, width = patch.mask.shape
    if min(height, width) < _SMALLEST:
        return None
    region = Region(patch.kind, Box(0, 0, width, height).grow(-0.15), 1.0, patch.points)
    mesh = find_mesh(patch.pixels, region)
    across = float(np.ptp(mesh.vertices[:, 0]))
    return mesh if mesh.score >= _SURE and across >= _SMALLEST else None


def _choose(patch: Patch, mesh: FaceMesh, strength: float) -> int:
    donors, face = bank(), canonical()
    rng = np.random.default_rng(patch.seed)
    order = donors.fitting(face.unwrap(patch.pixels, mesh.vertices), rng)
    region = Region("face", Box(*_outline(mesh)), 1.0, _five(mesh))
    was = look(region, patch.pixels)
    if was is None:
        return int(order[0])
    unlike = np.linalg.norm(donors.embeddings[order] - was.embedding, axis=1)
    # The less alike half, still in the order of the key: the very least alike would tell who was hidden.
    order = order[unlike >= np.median(unlike)]
    tried = []
    for donor in order[:_TRIES]:
        new = _draw(patch, mesh, int(donor), strength)
        tried.append((distance(was.embedding, was.again(new[was.cells])), int(donor)))
        if tried[-1][0] >= _UNLIKE:
            break
    return max(tried)[1]


def _outline(mesh: FaceMesh) -> list[float]:
    low, high = mesh.vertices[:, :2].min(axis=0), mesh.vertices[:, :2].max(axis=0)
    return [*map(float, low), *map(float, high)]


def _five(mesh: FaceMesh) -> Points:
    """Return the detector's five points, as the mesh has them."""
    spots = ((33, 133, 159, 145), (263, 362, 386, 374), (1, 4), (61,), (291,))
    return np.stack([mesh.vertices[list(ids), :2].mean(axis=0) for ids in spots])


def _draw(patch: Patch, mesh: FaceMesh, donor: int, strength: float) -> Pixels:
    donors, face = bank(), canonical()
    pose = face.fit_pose(mesh.vertices)
    vertices = _reshape(donors, mesh, pose, donor, strength)
    source, texture = face.unwrap(patch.pixels, mesh.vertices), donors.texture(donor)
    bare = skin(source) * _seen(pose)
    lit = relight(texture, source, bare)
    alpha = _cover(source)
    # Everything is drawn in a window around the face, at no more than the textures' own scale.
    box = Box(*_outline(mesh)).union(Box(*vertices[:, :2].min(axis=0), *vertices[:, :2].max(axis=0)))
    rows, columns = box.grow(0.02).cells(*patch.mask.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise Unfit("the face lies outside the patch")
    tall, wide = rows.stop - rows.start, columns.stop - columns.start
    scale = min(1.0, _FINEST / max(tall, wide))
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    ratio = np.array([size[0] / wide, size[1] / tall, scale], np.float32)
    corner = np.array([columns.start, rows.start, 0], np.float32)
    ours, theirs = ((v - corner) * ratio for v in (vertices, mesh.vertices))
    texel = face.project(ours, size[1], size[0])
    texel = _turn_eyes(texel, texture, source, mesh)
    new = cv2.remap(lit, texel, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.remap(alpha, texel, None, cv2.INTER_LINEAR)
    window = patch.pixels[rows, columns]
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA).astype(np.float32) if scale < 1 else window
    new = _open_mouth(new, np.asarray(small, np.float32), theirs, ours)
    if scale < 1:
        new, weight = (cv2.resize(v, (wide, tall), interpolation=cv2.INTER_CUBIC) for v in (new, weight))
    weight = np.clip(cv2.GaussianBlur(weight, (0, 0), max(0.6, 0.01 * max(tall, wide))), 0, 1)
    new = _match_grain(np.asarray(new, np.float32), window, weight, patch.seed)
    result = patch.pixels.copy()
    mixed = weight[..., None] * new + (1 - weight[..., None]) * window
    result[rows, columns] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    return result


def _reshape(donors: Bank, mesh: FaceMesh, pose: Pose, donor: int, strength: float) -> np.ndarray:
    shape = pose.lift(mesh.vertices)
    gain = _SHAPE * strength
    change = donors.build(gain * (donors.shapes[donor] - donors.identity(shape)))
    # The outline stays: what lies behind it is not ours to redraw.
    fade = np.clip(cv2.remap(rim(), canonical().uv[:, None], None, cv2.INTER_LINEAR) / 45.0, 0, 1)
    return pose.place(shape + change * fade * fade * (3 - 2 * fade))


def _seen(pose: Pose) -> Mask:
    """Return how squarely each texel faces the camera: the far side of a turned head shows background."""
    across = np.linspace(-1, 1, TEXTURE, dtype=np.float32)[None, :]
    hidden = np.maximum(0, across * np.float32(np.sin(np.radians(pose.angles[0])) * 2.2))
    return np.asarray(np.clip(1 - 1.2 * hidden, 0.05, 1) * inside(), np.float32)


def _cover(source: Pixels) -> Mask:
    """Return where the new face lies on the old one: fringes over the forehead and hair at the sides stay."""
    edge = np.clip((rim() - 2) / 12, 0, 1)
    like = cv2.GaussianBlur(cv2.erode(skin(source), np.ones((3, 3))), (0, 0), 2)
    stays = _hairy() * np.clip(1.6 * (1 - like) - 0.3, 0, 1)
    return np.asarray(edge * edge * (3 - 2 * edge) * (1 - stays), np.float32)


def _hairy() -> Mask:
    y, x = np.mgrid[0:TEXTURE, 0:TEXTURE].astype(np.float32)
    brow = float(canonical().uv[[105, 334], 1].mean())
    above = np.clip((brow - 10 - y) / 8, 0, 1)
    aside = np.clip((np.abs(x - (TEXTURE - 1) / 2) - 82) / 10, 0, 1)
    return np.asarray(np.maximum(above, aside) * plain(), np.float32)


def _pupil(texture: Pixels, eye: int) -> np.ndarray:
    """Return where the dark of an eye lies in a texture, (u, v) in texels."""
    uv = canonical().uv[list(EYES[eye])]
    low, high = np.floor(uv.min(axis=0)).astype(int), np.ceil(uv.max(axis=0)).astype(int)
    part = texture[low[1] : high[1], low[0] : high[0]].max(axis=-1).astype(np.float32)
    opening = np.zeros(part.shape, np.uint8)
    cv2.fillConvexPoly(opening, cv2.convexHull(np.round(uv - low).astype(np.int32)), (1,))
    opening = cv2.erode(opening, np.ones((3, 3)))
    if not opening.any():
        return uv.mean(axis=0)
    dark = np.clip(np.quantile(part[opening > 0], 0.35) - part, 0, None) * opening
    y, x = np.nonzero(dark)
    if not len(x):
        return uv.mean(axis=0)
    return low + np.array([np.average(x, weights=dark[y, x]), np.average(y, weights=dark[y, x])])


def _turn_eyes(texel: np.ndarray, texture: Pixels, source: Pixels, mesh: FaceMesh) -> np.ndarray:
    for eye, opening in enumerate(eye_openings(mesh.vertices)):
        if opening < 0.15:
            continue
        there, here = _pupil(source, eye), _pupil(texture, eye)
        shift = np.clip(here - there, -6, 6) * (1.0, 0.5)
        away = ((texel - there.astype(np.float32)) ** 2).sum(axis=-1)
        texel = texel + np.exp(-away / (2 * 7.0**2))[..., None] * shift.astype(np.float32)
    return np.asarray(texel, np.float32)


def _open_mouth(new: np.ndarray, small: np.ndarray, theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Draw what is between open lips: the soft light and dark of the source's, none of its detail."""
    if mouth_opening(theirs) < 0.06:
        return np.asarray(new, np.float32)
    lips = ours[list(INNER_LIPS), :2]
    gap = np.zeros(new.shape[:2], np.uint8)
    cv2.fillPoly(gap, [np.round(lips * 16).astype(np.int32)], (255,), lineType=cv2.LINE_AA, shift=4)
    across = float(np.linalg.norm(lips[0] - lips[10]))
    # Only the opening's own pixels are averaged, so that lips do not bleed into teeth.
    weight = np.asarray(cv2.GaussianBlur(gap, (0, 0), max(0.6, 0.012 * across)), np.float32)[..., None] / 255
    sigma = max(0.8, 0.045 * across)
    own = (gap > 127).astype(np.float32)
    soft = cv2.GaussianBlur(small * own[..., None], (0, 0), sigma)
    soft = soft / (cv2.GaussianBlur(own, (0, 0), sigma)[..., None] + 1e-3)
    return np.asarray(weight * soft + (1 - weight) * new, np.float32)


def _match_grain(new: np.ndarray, window: Pixels, weight: Mask, seed: int) -> np.ndarray:
    """Return the new face as sharp and as grainy as the old one was."""
    sure = weight > 0.95
    if np.count_nonzero(sure) < 64:
        return new
    old = window.astype(np.float32)
    fine = [v - cv2.GaussianBlur(v, (0, 0), 1.0) for v in (old, new)]
    # The median, because edges are the face's own and grain lies everywhere.
    theirs, ours = (float(np.median(np.abs(f.mean(axis=-1)[sure]))) * 1.4826 for f in fine)
    if ours < theirs:
        rng = np.random.default_rng(seed)
        grain = rng.standard_normal(weight.shape, np.float32)
        grain -= cv2.GaussianBlur(grain, (0, 0), 1.0)
        grain *= min(6.0, np.sqrt(theirs**2 - ours**2)) / max(float(grain.std()), 1e-6)
        return np.asarray(new + grain[..., None], np.float32)
    keep = max(0.3, theirs / max(ours, 1e-6))
    return np.asarray(new - (1 - keep) * fine[1], np.float32)
