"""k-Same: one face a group, to the byte, and nobody is named more often than once in k: naive, reverse and parrot."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from visard.detect import find_faces
from visard.errors import UsageError
from visard.methods.groups import KSame
from visard.methods.ksame_eigen import KSameEigen
from visard.methods.ksame_m import KSameM
from visard.methods.ksame_pixel import KSamePixel
from visard.policy import Rule
from visard.shape.align import cut
from visard.shape.identity import look
from visard.shape.square import align, alignment
from visard.types import Box, Frame, Patch, Pixels, Region

from ..faces import person, render

FAMILY = (KSamePixel, KSameEigen)
PEOPLE = 60


@cache
def gallery(size: int, visit: int = 0) -> tuple[Patch, ...]:
    """One picture of each person; another visit brings another light, pose and noise."""
    r = np.random.default_rng(visit)
    patches = []
    for seed in range(PEOPLE):
        face = render(person(seed), 96, r.uniform(-0.1, 0.1), r.uniform(-0.2, 0.2), noise=1000 * visit + seed)
        window = cut(Frame(face.pixels), Region("face", face.box, 0.9, face.points), Rule(), seed)
        assert window is not None
        patches.append(align(window, alignment(window, size), size))
    return tuple(patches)


@pytest.mark.parametrize("kind", FAMILY)
def test_a_group_has_one_face_to_the_byte(kind: type[KSame]) -> None:
    patches = gallery(kind.size or 0)
    method = kind(k=7).prepare(patches)
    shared = Counter(method(patch).tobytes() for patch in patches)
    assert sum(shared.values()) == PEOPLE
    assert all(7 <= number < 14 for number in shared.values())


def test_the_face_is_the_mean_of_its_group() -> None:
    patches = gallery(128)[:3]
    mean = np.round(np.mean([patch.pixels for patch in patches], axis=0))
    assert np.array_equal(KSamePixel(k=3).prepare(patches)(patches[1]), mean)


def test_it_says_what_is_missing() -> None:
    patches = gallery(128)
    with pytest.raises(UsageError, match="groups; give a folder"):
        KSamePixel()(patches[0])
    with pytest.raises(UsageError, match="a face of no group"):
        KSamePixel(k=2).prepare(patches[:4])(patches[5])
    with pytest.raises(UsageError, match="5 people are too few for groups of 6"):
        KSamePixel(k=6).prepare(patches[:5])
    with pytest.raises(UsageError, match="the same face"):
        KSamePixel(k=2).prepare([*patches[:4], patches[0]])


def test_preparing_leaves_the_method_as_it_was() -> None:
    method = KSamePixel(k=2)
    prepared = method.prepare(gallery(128)[:4])
    assert prepared == method and prepared is not method
    with pytest.raises(UsageError):
        method(gallery(128)[0])
    face = prepared(gallery(128)[0])
    face[:] = 0
    assert prepared(gallery(128)[0]).any(), "a caller's picture is its own"


def test_folders_are_kept_apart_when_asked() -> None:
    patches, labels = gallery(128)[:12], ["a", "b"] * 6
    method = KSamePixel(k=3, select="folder").prepare(patches, labels)
    faces = [method(patch).tobytes() for patch in patches]
    assert not set(faces[::2]) & set(faces[1::2])
    mixed = KSamePixel(k=3).prepare(patches, labels)
    assert [mixed(patch).tobytes() for patch in patches] != faces


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("kind", FAMILY)
def test_nobody_is_named_more_often_than_once_in_k(kind: type[KSame], k: int) -> None:
    own, later = (rows(gallery(kind.size or 0, visit)) for visit in (0, 1))
    assert named(own, later) > 0.9, "the recogniser is good at what it does"
    method = kind(k=k).prepare(gallery(kind.size or 0))
    hidden = rows(gallery(kind.size or 0), method)
    assert named(own, hidden) <= 1 / k
    for attack in (named(hidden, own), named(hidden, later), named(hidden, hidden)):
        assert attack <= bound(k, PEOPLE)


@pytest.mark.data
@pytest.mark.parametrize("kind", (*FAMILY, KSameM))
def test_a_network_names_nobody_either(kind: type[KSame], data: Path) -> None:
    """dlib's recogniser on 40 people of LFW, on the aligned squares: what lies around them is not k-Same's."""
    squares, later = (tuple(align(w, alignment(w, kind.size or 0), kind.size or 0) for w in half) for half in lfw(data))
    own, other = (np.stack([seen(patch.pixels) for patch in half]) for half in (squares, later))
    assert named(own, other) > 0.5
    for k in (2, 5, 10):
        method = kind(k=k).prepare(squares)
        faces = {face.tobytes(): face for face in map(method, squares)}
        looks = {key: seen(face) for key, face in faces.items()}
        hidden = np.stack([looks[method(patch).tobytes()] for patch in squares])
        assert named(own, hidden) <= 1 / k
        for attack in (named(hidden, own), named(hidden, other), named(hidden, hidden)):
            assert attack <= bound(k, len(squares))


def named(known: NDArray[np.float32], asked: NDArray[np.float32]) -> float:
    """Return how often the nearest of the known rows has the number of the asked one; ties are drawn by lot."""
    away = ((known[None] - asked[:, None]) ** 2).sum(axis=2, dtype=np.float64)
    lot = np.random.default_rng(0).random(away.shape)
    nearest = [np.lexsort((lot[i], away[i]))[0] for i in range(len(asked))]
    return float(np.mean(np.array(nearest) == np.arange(len(asked))))


def bound(k: int, number: int) -> float:
    """Return 1/k and the 97.5th percentile's excess of a binomial share."""
    return 1 / k + 1.96 * float(np.sqrt(1 / k * (1 - 1 / k) / number))


def rows(patches: tuple[Patch, ...], method: KSame | None = None) -> NDArray[np.float32]:
    """Return what a recogniser of drawn people looks at: the middle of the face, small."""
    pictures = [method(patch) if method else patch.pixels for patch in patches]
    side = len(pictures[0]) // 4
    small = [cv2.resize(p[side:-side, side:-side], (24, 24), interpolation=cv2.INTER_AREA) for p in pictures]
    return np.stack(small).reshape(len(small), -1).astype(np.float32)


def seen(square: Pixels) -> NDArray[np.float32]:
    """Return dlib's embedding of an aligned square."""
    large = np.asarray(cv2.resize(square, (192, 192), interpolation=cv2.INTER_CUBIC), np.uint8)
    found = look(Region("face", Box(50, 60, 142, 162), 1.0), large)
    assert found is not None
    return found.embedding


@cache
def lfw(data: Path) -> tuple[tuple[Patch, ...], tuple[Patch, ...]]:
    """Return windows of two pictures of each of 40 people."""
    by_name: dict[str, list[Patch]] = {}
    with tarfile.open(data / "lfw_dev.tar") as archive:
        for member in archive.getnames():
            own = by_name.setdefault(member.split("/")[0], [])
            picture = archive.extractfile(member) if member.endswith(".jpg") and len(own) < 2 else None
            if picture is None or sum(len(pair) == 2 for pair in by_name.values()) == 40:
                continue
            pixels = np.asarray(Image.open(io.BytesIO(picture.read())).convert("RGB"))
            faces = find_faces(pixels, 0.5, "coarse")
            window = cut(Frame(pixels), faces[0], Rule(), 0) if len(faces) == 1 else None
            own += [window] if window is not None else []
    pairs = [pair for pair in by_name.values() if len(pair) == 2]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
