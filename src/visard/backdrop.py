"""Room 4, CUT: what other frames saw behind people who are taken out, and, once a scene, what no frame saw.

Each scene, as long as one camera movement can be followed, has one backdrop, in which the holes of all its frames lie:
so what is filled in does not change from frame to frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect import CutFinder
from visard.flow import ahead
from visard.found import Found
from visard.hider import Hider
from visard.shape.align import Cells, covered
from visard.shape.camera import Camera, Matrix3, View
from visard.shape.mask import window
from visard.shape.similarity import Value
from visard.types import Box, Frame, Pixels, Region, Removing

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]

_LAYERS = 9
"""Looks at each place, spread over the scene's frames; the middle one in brightness is taken: who walks by is not."""

_CLEAR = 0.08
"""How far around somebody nothing is taken for background, in sides of the box: shadows, and what a codec smears."""

_AROUND = 0.5
"""How much around the holes of a scene is kept, in sides of the box that holds them all."""

_LARGEST = 4_000_000
"""Pixels of a backdrop; a longer way of the camera is a scene for each part."""

_REACH = 1.5
"""Frames' sides from its first frame that a scene may reach."""


@dataclass(slots=True, eq=False)
class _Scene:
    """A backdrop (h, w, 3), its place in the scene, and the looks that make it, with where they saw anything."""

    views: dict[int, View] = field(default_factory=dict)
    box: Box | None = None
    matrix: Matrix3 = field(default_factory=lambda: np.eye(3))
    looks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0, 3), np.uint8))
    seen: Flags = field(default_factory=lambda: np.zeros((0, 0, 0), np.bool_))
    wanted: Flags = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    picture: Pixels = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))


def look_behind(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider) -> None:
    """Show the hider what lies behind those whom it takes out of a video; runs through the frames twice."""
    if not any(hider.removes(r) for r in found.all()):
        return
    scenes = _followed(frames, found, hider)
    of_frame = {index: scene for scene in scenes for index in scene.views if scene.box is not None}
    for scene in scenes:
        _unroll(scene)
    for frame in ahead(frames()):
        own = of_frame.get(frame.index)
        if own is not None:
            _look(own, frame, found.at(frame.index), hider)
    for scene in scenes:
        if scene.box is not None:
            _settle(scene, found, hider)

    def behind(index: int, cells: Cells) -> Pixels | None:
        scene = of_frame.get(index)
        return None if scene is None else _shown(scene, index, cells)

    hider.behind = behind


def _followed(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider) -> list[_Scene]:
    """Return the scenes with the views of their frames and the boxes of all that is hidden in them."""
    camera, is_cut, scenes = Camera(), CutFinder(), defaultdict[int, _Scene](_Scene)
    for frame in ahead(frames()):
        regions = found.at(frame.index)
        shape = frame.pixels.shape
        far = bool(scenes) and _far(scenes[max(scenes)], shape)
        # The camera, too, is told by nothing that is hidden, and by corners whose surroundings nobody crosses.
        people = _boxes(regions, hider, shape)
        plain = np.where(people[..., None], np.uint8(127), frame.pixels)
        view = camera(plain, people, is_cut(plain) or far)
        scene = scenes[view.scene]
        scene.views[frame.index] = view
        for region in regions:
            if hider.removes(region):
                rows, columns = window(region, hider.rule(region), *shape[:2])
                box = Box(columns.start, rows.start, columns.stop, rows.stop)
                if box.area:
                    there = _carried(box, view.matrix)
                    scene.box = there if scene.box is None else scene.box.union(there)
    return list(scenes.values())


def _people(regions: Sequence[Region], hider: Hider, shape: tuple[int, ...]) -> Flags:
    """Return (H, W) where anybody is, hidden or not, and a little around: what lies beside a head is background."""
    people = np.zeros(shape[:2], np.bool_)
    for region in regions:
        cells, reach = _near(region, hider, shape)
        own = covered([(region, hider.rule(region))], cells, shape)
        people[cells] |= cv2.dilate(own.view(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    return people


def _boxes(regions: Sequence[Region], hider: Hider, shape: tuple[int, ...]) -> Flags:
    """Return (H, W) the boxes in which `_people` are."""
    people = np.zeros(shape[:2], np.bool_)
    for region in regions:
        people[_near(region, hider, shape)[0]] = True
    return people


def _near(region: Region, hider: Hider, shape: tuple[int, ...]) -> tuple[Cells, int]:
    """Return the cells in which a region is and a little around, and how many pixels that is."""
    reach = int(np.ceil(_CLEAR * region.box.side))
    rows, columns = window(region, hider.rule(region), *shape[:2])
    grown = Box(columns.start - reach, rows.start - reach, columns.stop + reach, rows.stop + reach)
    return grown.cells(*shape[:2]), reach


def _far(scene: _Scene, shape: tuple[int, ...]) -> bool:
    """Return whether the camera has gone so far that another scene begins."""
    if scene.box is not None and scene.box.grow(_AROUND).area > _LARGEST:
        return True
    last = list(scene.views.values())[-1].matrix
    middle = np.array([[[shape[1] / 2, shape[0] / 2]]])
    gone = cv2.perspectiveTransform(middle, last) - middle
    zoomed = np.linalg.det(last[:2, :2])
    return bool(np.abs(gone).max() > _REACH * max(shape[:2]) or not 0.1 < zoomed < 10)


def _carried(box: Box, matrix: Matrix3) -> Box:
    corners = np.array([[[box.x0, box.y0]], [[box.x1, box.y0]], [[box.x1, box.y1]], [[box.x0, box.y1]]], np.float64)
    there = cv2.perspectiveTransform(corners, matrix)[:, 0]
    return Box(*there.min(axis=0), *there.max(axis=0))


def _unroll(scene: _Scene) -> None:
    if scene.box is None:
        return
    reach = _AROUND * scene.box.side
    x0, y0 = np.floor(scene.box.x0 - reach), np.floor(scene.box.y0 - reach)
    width, height = (int(np.ceil(end + reach - start)) for start, end in ((x0, scene.box.x1), (y0, scene.box.y1)))
    scene.matrix = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]], np.float64)
    layers = min(_LAYERS, len(scene.views))
    scene.looks = np.zeros((layers, height, width, 3), np.uint8)
    scene.seen = np.zeros((layers, height, width), np.bool_)
    scene.wanted = np.zeros((height, width), np.bool_)


def _look(scene: _Scene, frame: Frame, regions: Sequence[Region], hider: Hider) -> None:
    """Take from a frame what its part of the scene has not shown yet, in the scene's light."""
    shape, view = frame.pixels.shape, scene.views[frame.index]
    first = min(scene.views)
    layer = (frame.index - first) * len(scene.looks) // (max(scene.views) - first + 1)
    size = scene.wanted.shape[::-1]
    matrix = scene.matrix @ view.matrix
    hidden = covered(
        [(r, hider.rule(r)) for r in regions if hider.removes(r)], (slice(0, shape[0]), slice(0, shape[1])), shape
    )
    scene.wanted |= _warped(hidden.astype(np.float32), matrix, size) > 0
    if scene.seen[layer].all():
        return
    clear = (~_people(regions, hider, shape)).astype(np.float32)
    new = (_warped(clear, matrix, size) > 0.999) & ~scene.seen[layer]
    if new.any():
        pixels = _warped(frame.pixels, matrix, size)
        if view.gain != 1.0:
            pixels = np.asarray(cv2.convertScaleAbs(pixels, alpha=view.gain), np.uint8)
        scene.looks[layer][new] = pixels[new]
        scene.seen[layer] |= new


def _warped(values: NDArray[Value], matrix: Matrix3, size: tuple[int, ...]) -> NDArray[Value]:
    """Return values through a matrix between pixels whose centres lie at one half."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    moved = cv2.warpPerspective(values, np.linalg.inv(half) @ matrix @ half, size, flags=cv2.INTER_LINEAR)
    return np.asarray(moved, values.dtype)


def _settle(scene: _Scene, found: Found, hider: Hider) -> None:
    """Make one picture of the looks, and predict what nobody saw."""
    light = np.where(scene.seen, scene.looks.sum(axis=3, dtype=np.int16), np.int16(32767))
    order = np.argsort(light, axis=0)
    count = scene.seen.sum(axis=0)
    middle = np.take_along_axis(order, np.maximum(count - 1, 0)[None] // 2, axis=0)
    scene.picture = np.take_along_axis(scene.looks, middle[..., None], axis=0)[0]
    known = count > 0
    scene.looks, scene.seen = scene.looks[:0], scene.seen[:0]
    wanted = scene.wanted & ~known
    if wanted.any():
        region = next(r for index in scene.views for r in found.at(index) if hider.removes(r))
        method = hider.method(region)
        assert isinstance(method, Removing), "only these are taken out"
        scene.picture = method.predict(scene.picture, wanted, known, hider.seed(region))


def _shown(scene: _Scene, index: int, cells: Cells) -> Pixels:
    rows, columns = cells
    view = scene.views[index]
    to_cells = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]], np.float64)
    matrix = to_cells @ np.linalg.inv(scene.matrix @ view.matrix)
    pixels = _warped(scene.picture, matrix, (columns.stop - columns.start, rows.stop - rows.start))
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / view.gain) if view.gain != 1.0 else pixels, np.uint8)
