"""Attacks on recognition: the formulas, what the networks say of a saved result, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from visard.detect import find_faces
from visard.errors import ModelError, Unfit, UsageError
from visard.evaluate.quality import ssim
from visard.methods import make
from visard.methods.adversarial.objectives import cross_entropy, rank_loss, rank_of_person
from visard.policy import Rule
from visard.shape.align import cut
from visard.types import Frame, Patch, Pixels

torch = pytest.importorskip("torch", reason="torch is not installed")

ATTACKS = ("ifgsm", "ifgvm", "pfgvm", "mifgsm", "ka3")


def made(name: str, **settings: Any) -> Any:
    try:
        return make(name, settings)
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def patch(astronaut: Pixels) -> Patch:
    (face, *_) = find_faces(astronaut)
    window = cut(Frame(astronaut), face, Rule(), 1)
    assert window is not None
    return window


def cosine(patch: Patch, new: Pixels, network: str = "dlib") -> float:
    """Return how alike the white box finds the face before, and after it was found anew in a saved file."""
    from visard.nets.scene import portraits
    from visard.nets.whitebox import white_box

    coded = cv2.imencode(".jpg", new[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    saved = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
    (face, *_) = find_faces(saved)
    assert patch.points is not None and face.points is not None
    one, other = portraits(white_box(network), [(patch.pixels, patch.points), (saved, face.points)])
    return float(one @ other)


@pytest.fixture
def toy() -> tuple[Any, Any]:
    """A linear classifier of 12 pixels into 5 classes, and a picture of shape (1, 3, 2, 2)."""
    random = torch.Generator().manual_seed(3)
    weight = torch.randn(5, 12, generator=random)
    return (lambda x: weight @ x.flatten()), torch.rand(1, 3, 2, 2, generator=random)


def gradient_of(logits: Any, x: Any, label: int) -> Any:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(cross_entropy(logits(x), label), x)[0]


def test_the_seed_s_formula(toy: tuple[Any, Any]) -> None:
    """x <- clip(x - alpha grad J(x, t)) to [0, 1]: the gradient's value, against PyTorch's own cross-entropy."""
    from visard.methods.adversarial.ifgvm import value_step

    logits, x = toy
    for _ in range(5):
        own = x.clone().requires_grad_()
        torch.nn.functional.cross_entropy(logits(own)[None], torch.tensor([2])).backward()
        expected = torch.clip(x - 0.2 * own.grad, 0, 1)
        x = value_step(x, gradient_of(logits, x, 2), 0.2)
        assert torch.allclose(x, expected, atol=1e-6)
    assert int(logits(x).argmax()) == 2


def test_without_a_penalty_it_is_ifgvm_to_the_bit(patch: Patch) -> None:
    plain, free = made("ifgvm", steps=6), made("pfgvm", steps=6, penalty=0.0)
    assert np.array_equal(plain(patch), free(patch))
    from visard.methods.adversarial.ifgvm import value_step
    from visard.methods.adversarial.pfgvm import penalised_step

    random = torch.Generator().manual_seed(1)
    x, origin, gradient = (torch.rand(1, 3, 9, 9, generator=random) for _ in range(3))
    assert torch.equal(penalised_step(x, gradient, origin, 0.3, 0.0), value_step(x, gradient, 0.3))
    assert not torch.equal(penalised_step(x, gradient, origin, 0.3, 0.1), value_step(x, gradient, 0.3))


def test_a_sign_step_stays_near_and_in_range() -> None:
    from visard.methods.adversarial.ifgsm import sign_step

    random = torch.Generator().manual_seed(2)
    origin = torch.rand(1, 3, 9, 9, generator=random)
    x = origin
    for _ in range(9):
        x = sign_step(x, torch.randn(x.shape, generator=random), origin, 0.05, 0.1)
        assert float((x - origin).abs().max()) <= 0.1 + 1e-6 and float(x.min()) >= 0 and float(x.max()) <= 1


@pytest.mark.parametrize("enough", [0.004, 0.2, 0.7, 1.0])
def test_a_change_is_drawn_back_to_the_least_that_does(enough: float) -> None:
    from visard.nets.descent import drawn_back

    random = torch.Generator().manual_seed(5)
    origin, change = (torch.rand(1, 3, 9, 9, generator=random) for _ in range(2))

    def share(x: Any) -> float:
        return float((x - origin).norm() / change.norm())

    least = drawn_back(origin + change, origin, lambda x: share(x) >= enough - 1e-6)
    assert enough - 1e-6 <= share(least) <= enough + 1 / 64
    assert torch.equal(drawn_back(origin + change, origin, lambda x: False), origin + change)


def test_steps_are_large_where_the_picture_is_busy(patch: Patch) -> None:
    from visard.nets.scene import Scene

    busy = cv2.GaussianBlur(np.abs(cv2.Laplacian(patch.pixels, cv2.CV_32F)).mean(axis=2), (0, 0), 4)
    inside = patch.mask == 1
    lively, even = (inside & (busy > np.quantile(busy[inside], 0.8)), inside & (busy < np.quantile(busy[inside], 0.2)))

    def ratio(**settings: Any) -> float:
        change = np.abs(made("mifgsm", **settings)(patch).astype(np.float64) - patch.pixels)
        return float(change[lively].mean() / change[even].mean())

    assert ratio() > 2 and ratio(texture=0.0) < 1.5
    assert patch.points is not None
    scene = Scene(patch.pixels, patch.mask, patch.points)
    assert float((scene.room() * scene.mask).sum() / scene.mask.sum()) == pytest.approx(1, abs=1e-4)


def test_what_helps_transfer_can_be_composed() -> None:
    from visard.nets.transfer import chained, diverse, momentum, translated

    random = torch.Generator().manual_seed(4)
    first, second = (torch.randn(1, 3, 20, 20, generator=random) for _ in range(2))
    gathered = momentum(0.5)
    assert torch.allclose(gathered(first), first / first.abs().mean())
    expected = 0.5 * first / first.abs().mean() + second / second.abs().mean()
    assert torch.allclose(gathered(second), expected, atol=1e-6)
    smooth = translated(7)
    assert torch.allclose(smooth(torch.ones(1, 3, 20, 20))[:, :, 5:-5, 5:-5], torch.ones(1, 3, 10, 10), atol=1e-5)
    assert float(smooth(first).std()) < float(first.std())
    assert torch.equal(chained()(first), first)
    assert torch.equal(chained(smooth, momentum(0.0))(first), momentum(0.0)(smooth(first)))
    assert torch.equal(diverse(first, 0.0, random), first)
    assert diverse(first, 1.0, random).shape == first.shape


@pytest.mark.parametrize("rank", [2, 3, 6])
def test_the_loss_of_ranks_vanishes_at_its_rank_alone(rank: int) -> None:
    others = torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0])
    for at in range(1, 9):
        person = torch.tensor([5.5 - (at - 1)])
        logits = torch.cat([person, others])
        assert rank_of_person(logits) == at
        assert (float(rank_loss(logits, rank, 0.3)) == 0) == (at == rank)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_white_box_no_longer_matches_what_was_saved(name: str, patch: Patch) -> None:
    """Pasted, in eight bits, as JPEG, found and aligned anew; and a viewer sees the same picture."""
    from visard.nets.whitebox import white_box

    new = made(name)(patch)
    assert cosine(patch, new) < white_box("dlib").same
    assert ssim(patch.pixels, new) > 0.94


@pytest.mark.parametrize("aim", ["somebody", "away"])
@pytest.mark.parametrize("against", ["classifier", "embedding"])
def test_classifiers_and_embeddings_targeted_and_not(aim: str, against: str, patch: Patch) -> None:
    # The gradient of a classifier that is sure of itself is small upwards, and large towards somebody else.
    step = 0.3 if against == "classifier" and aim == "somebody" else 1.0
    method = made("ifgvm", aim=aim, against=against, gradient="unit", step=step, strength=0.05)
    assert cosine(patch, method(patch)) < 0.92


def test_away_from_oneself_begins_where_the_gradient_is_0(patch: Patch) -> None:
    new = made("ifgvm", aim="away", through="", strength=0.05, steps=8)(patch)
    assert cosine(patch, new) < 0.95


def test_the_perturbation_lands_at_full_resolution(patch: Patch) -> None:
    """A large face is worked on reduced, and changed in all its pixels without losing any of its own detail."""
    large = np.asarray(cv2.resize(patch.pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    grain = np.random.default_rng(0).integers(-6, 7, large.shape)
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    mask = np.asarray(cv2.resize(patch.mask, None, fx=3, fy=3), np.float32)
    assert patch.points is not None
    big = Patch(large, mask, points=patch.points * 3, seed=1)
    new = made("pfgvm")(big)
    change = new.astype(np.float32) - large
    assert np.abs(change).max() > 3
    fine = change - cv2.GaussianBlur(change, (0, 0), 2)
    assert fine.std() < 0.5 * change.std(), "what is added is coarse; the grain below it stays"
    assert cosine(big, new) < 0.907


def test_a_face_of_another_is_aimed_at(patch: Patch, tmp_path: Path) -> None:
    from visard.methods.adversarial.others import vectors
    from visard.methods.donors import bank, frontal

    donors = bank()
    view, _ = frontal(donors.texture(700), donors.build(donors.shapes[700]))
    Image.fromarray(view).save(tmp_path / "other.png")
    target = str(tmp_path / "other.png")
    new = made("ifgvm", target=target, strength=0.3)(patch)
    from visard.nets.scene import portraits
    from visard.nets.whitebox import white_box

    assert patch.points is not None
    before, after = portraits(white_box("dlib"), [(p, patch.points) for p in (patch.pixels, new)])
    (other,) = vectors("dlib", target)
    assert float(after @ other) > float(before @ other) + 0.02


def test_nobody_else_to_aim_at_is_one_clear_line(patch: Patch, tmp_path: Path, astronaut: Pixels) -> None:
    with pytest.raises(UsageError, match="no photo of anybody to aim at"):
        made("pfgvm", target=str(tmp_path))
    Image.fromarray(astronaut).save(tmp_path / "same.png")
    with pytest.raises(UsageError, match="the person aimed at is the one to be hidden"):
        made("pfgvm", target=str(tmp_path / "same.png"))(patch)
    with pytest.raises(UsageError, match="32 others are too few for 40 places"):
        made("ka3", k=40)(patch)
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(tmp_path / "nobody.png")
    with pytest.raises(UsageError, match="nobody to aim at"):
        made("pfgvm", target=str(tmp_path / "nobody.png"))(patch)


def test_a_face_too_small_is_one_clear_line(patch: Patch) -> None:
    tiny = Patch(patch.pixels[:20, :20].copy(), np.ones((20, 20), np.float32))
    with pytest.raises(Unfit, match="too small to carry a perturbation"):
        made("pfgvm")(tiny)
    nobody = Patch(np.full((90, 90, 3), 200, np.uint8), np.ones((90, 90), np.float32))
    with pytest.raises(Unfit, match="no face can be made out"):
        made("pfgvm")(nobody)


@pytest.mark.parametrize("name", [*ATTACKS, "cloak"])
def test_without_torch_it_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import visard.methods.adversarial.adversarial as room

    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"needs torch, which is not installed; pip install 'visard\[torch\]'"):
        make(name)


def test_without_weights_it_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    from visard.models import store

    monkeypatch.setattr(store, "absent", lambda names=None: ("facenet",))
    with pytest.raises(ModelError, match="visard models fetch facenet"):
        make("cloak")


def test_a_cloak_keeps_its_budget_and_fools_both_networks(patch: Patch) -> None:
    method = made("cloak", steps=25)
    new = method(patch)
    from visard.nets.whitebox import white_box

    for network in ("dlib", "facenet"):
        assert cosine(patch, new, network) < white_box(network).same
    assert ssim(patch.pixels, new) > method.similarity - 0.01


def test_the_place_is_drawn_from_k(patch: Patch) -> None:
    """The person's place among the others is the one that the seed draws, in what would be saved."""
    from visard.models.runtimes import one_thread
    from visard.nets.scene import Scene

    method = made("ka3", k=4, through="jpeg")
    places = []
    for seed in (1, 2, 3):
        own = replace(patch, seed=seed)
        assert own.points is not None
        with one_thread(torch):
            scene = Scene(own.pixels, own.mask, own.points, seed)
            sights = method._sights(scene)
            x = method._perturb(scene, sights)
            places.append(rank_of_person(sights[0].logits(scene.saved(x, sights)[0])))
    drawn = [int(np.random.default_rng([seed, 4]).integers(2, 6)) for seed in (1, 2, 3)]
    assert places == drawn
