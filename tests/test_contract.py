"""One battery for every method: a claim is a class attribute, and it is tested here."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from visard.errors import ModelError, Unfit, UsageError
from visard.methods import METHODS, defaults, find_method, has_identities, make
from visard.methods.keyed import Keyed
from visard.models import taught
from visard.policy import Rule
from visard.shape.align import cut
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import canonical
from visard.shape.square import align, alignment, through_square
from visard.types import Box, Casting, Deidentifier, Form, Frame, Goal, Patch, Pixels, Prepared, Region

from .conftest import ASTRONAUT_FACE
from .faces import person, render
from .untaught import TINY


def patch_of(pixels: Pixels, seed: int = 1, box: Box = ASTRONAUT_FACE, around: float = 0.0) -> Patch:
    """Return what a method sees of a face that was traced; around: as the method's."""
    region = Region("face", box, 0.9)
    traced = replace(region, mesh=canonical().encode(find_mesh(pixels, region).vertices))
    patch = cut(Frame(pixels), traced, Rule(), seed, around)
    assert patch is not None
    return patch


WEIGHTS = {"penalty", "momentum", "diversity", "translation", "texture"}
"""Settings that may be 0: they weigh something that can be left out."""


STEPS = 6


@cache
def neighbours(size: int) -> tuple[Patch, ...]:
    """People for a gallery, aligned to a square."""
    drawn = [render(person(seed)) for seed in range(19)]
    windows = [replace(patch_of(one.pixels, box=one.box), points=None, mesh=None) for one in drawn]
    return tuple(align(window, alignment(window, size), size) for window in windows)


def hide(method: Deidentifier, patch: Patch) -> Pixels:
    """Do what the corridor does: prepare or cast the method if it wants that, fall back, go through its square.

    What steps along gradients takes few steps here; what many of them come to is tested in tests/methods.
    """
    if "steps" in defaults(method.name):
        method = replace(method, steps=STEPS)  # type: ignore[type-var]  # methods are dataclasses, tested
    if isinstance(method, Keyed):
        with pytest.raises(UsageError, match="hides under a password"):
            method.cast([patch])
        method = method.keyed(bytes(range(32)))
    if isinstance(method, Casting):
        try:
            return through_square(method.cast([patch]), patch)
        except Unfit:
            return through_square(make(Rule().fallback), patch)
    if isinstance(method, Prepared):
        assert method.size is not None
        with pytest.raises(UsageError):
            through_square(method, patch)
        own = align(patch, alignment(patch, method.size), method.size)
        method = method.prepare([own, *neighbours(method.size)])
    try:
        return through_square(method, patch)
    except Unfit:
        return through_square(make(Rule().fallback), patch)


@pytest.fixture(params=sorted(METHODS))
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Deidentifier:
    if request.param in TINY:
        # Whether they were taught or not, they keep the contract.
        monkeypatch.setattr(taught, "FOLDER", request.getfixturevalue("untaught"))
    try:
        return make(request.param)
    except ModelError as error:
        pytest.skip(f"{request.param}: {error}")


@pytest.fixture
def patch(astronaut: Pixels, method: Deidentifier) -> Patch:
    return patch_of(astronaut, around=method.around if isinstance(method, Casting) else 0.0)


def test_claims_are_class_attributes_with_known_values(method: Deidentifier) -> None:
    kind = type(method)
    assert METHODS[kind.name] == f"{kind.__module__}:{kind.__name__}"
    assert is_dataclass(method)
    assert kind.goal in get_args(Goal) and kind.form in get_args(Form)
    assert isinstance(kind.blind, bool) and isinstance(kind.reversible, bool)
    assert isinstance(method, Deidentifier)


def test_first_line_says_what_it_is(method: Deidentifier) -> None:
    module = __import__(type(method).__module__, fromlist=["_"])
    assert module.__doc__ and len(module.__doc__.splitlines()[0]) > 20


def test_settings_are_fields_and_round_trip(method: Deidentifier) -> None:
    chosen = {f.name: getattr(method, f.name) for f in fields(method) if f.init}  # type: ignore[arg-type]
    assert chosen == defaults(method.name)
    assert make(method.name, chosen) == method


def test_unknown_setting_is_refused_with_a_hint(method: Deidentifier) -> None:
    with pytest.raises(UsageError, match="no setting 'strenght'"):
        make(method.name, {"strenght": 0.5})


def test_wrong_values_are_refused(method: Deidentifier) -> None:
    for name in defaults(method.name):
        for wrong in (float("nan"), "no such", -1.0, 0.0, None, True, [1]):
            if wrong == 0.0 and name in WEIGHTS:
                continue
            with pytest.raises(UsageError):
                make(method.name, {name: wrong})


def test_same_shape_and_type_and_input_untouched(method: Deidentifier, patch: Patch) -> None:
    before, mask = patch.pixels.copy(), patch.mask.copy()
    new = hide(method, patch)
    assert new.shape == patch.pixels.shape and new.dtype == np.uint8
    assert np.array_equal(patch.pixels, before) and np.array_equal(patch.mask, mask)
    assert not np.shares_memory(new, patch.pixels)


def test_same_seed_same_disguise(method: Deidentifier, patch: Patch) -> None:
    assert np.array_equal(hide(method, patch), hide(method, patch))


def test_another_variant_is_another_identity_where_there_are_any(method: Deidentifier, patch: Patch) -> None:
    first, second, third = (hide(method, replace(patch, variant=number))[patch.mask >= 1] for number in range(3))
    if has_identities(method):
        apart = [np.abs(a.astype(int) - b).mean() for a, b in ((first, second), (first, third), (second, third))]
        assert min(apart) > 0  # some were never taught, and hardly tell anybody apart
    else:
        assert np.array_equal(first, second) and np.array_equal(first, third)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (7, 900)])
def test_odd_sizes_work(method: Deidentifier, size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 200, np.uint8)
    new = hide(method, Patch(pixels, np.ones(size, np.float32)))
    assert new.shape == pixels.shape


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_mask_that_hides_nothing_is_no_error(method: Deidentifier, level: float) -> None:
    pixels = np.full((9, 9, 3), 200, np.uint8)
    assert hide(method, Patch(pixels, np.full((9, 9), level, np.float32))).shape == pixels.shape


def test_blind_means_that_hidden_pixels_do_not_matter(method: Deidentifier, patch: Patch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, patch.pixels.shape, dtype=np.uint8)
    other = np.where((patch.mask > 0)[..., None], noise, patch.pixels)
    same = np.array_equal(
        hide(method, patch)[patch.mask > 0], hide(method, replace(patch, pixels=other))[patch.mask > 0]
    )
    assert same == method.blind


def test_it_changes_the_face(method: Deidentifier, patch: Patch) -> None:
    core = patch.mask >= 1
    if method.form == "generate":
        core &= _face(patch)  # hair and ears stay around a new face
    change = np.abs(hide(method, patch)[core].astype(int) - patch.pixels[core]).mean()
    # What only machines shall mistake people hardly see: tests/methods/test_adversarial.py asks the machines.
    least = 0.2 if only_machines(method) else 12
    assert change > least, "a method must not hand the original back"


def _face(patch: Patch) -> NDArray[np.bool_]:
    """Return (h, w) where the points of a patch's face lie."""
    import cv2

    assert patch.mesh is not None
    face = np.zeros(patch.mask.shape, np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(patch.mesh[:, :2]).astype(np.int32)), (1,))
    return face > 0


def test_strength_is_relative_to_the_face(method: Deidentifier, astronaut: Pixels) -> None:
    """A face three times as large is hidden as well as the small one: likeness does not grow with size."""
    import cv2

    large = np.asarray(cv2.resize(astronaut, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    small, big = patch_of(astronaut), patch_of(large, box=ASTRONAUT_FACE.scale(3))
    assert abs(_likeness(method, small) - _likeness(method, big)) < 0.12


def test_stronger_leaves_less(method: Deidentifier, patch: Patch) -> None:
    if "strength" not in defaults(method.name):
        pytest.skip("no strength")
    if method.form == "generate":
        pytest.skip("what a new face leaves is told by its shape: tests/methods/test_surrogate.py")
    if only_machines(method):
        pytest.skip("people see no difference: tests/methods/test_adversarial.py")
    left = [_likeness(make(method.name, {"strength": s}), patch) for s in (0.05, 0.3, 0.6, 0.95)]
    assert all(b <= a + 0.05 for a, b in pairwise(left)), left
    assert left[-1] < left[0]


def only_machines(method: Deidentifier) -> bool:
    return method.goal == "machines" and method.form == "perturb"


def test_disguise_differs_between_people(astronaut: Pixels) -> None:
    for name in ("noise", "impulse"):
        assert not np.array_equal(make(name)(patch_of(astronaut, 1)), make(name)(patch_of(astronaut, 2)))


def test_unknown_method_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'pixelate'"):
        find_method("pixellate")


def _likeness(method: Deidentifier, patch: Patch) -> float:
    """Regression of the result's structure on the original's, at a size that does not depend on the patch."""
    import cv2

    was, now = (
        cv2.resize(p, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float64).mean(2)
        for p in (patch.pixels, hide(method, patch))
    )
    was, now = was - was.mean(), now - now.mean()
    return float((was * now).sum() / (was * was).sum())
