"""The inpainter's network: what ships runs without torch and says the same; nothing is painted before it is taught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visard.models.inpainter import Guess, Inpainter, to_onnx
from visard.models.runtimes import OpenCvNet

torch = pytest.importorskip("torch")

from visard.nets.critic import Critic, penalty  # noqa: E402
from visard.nets.inpaint import INPUTS, compose  # noqa: E402
from visard.nets.inpaint import Inpainter as Net  # noqa: E402


def scene(seed: int = 0) -> Any:
    x = torch.rand(1, INPUTS, 128, 128, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    x[:, 7] = (x[:, 7] > 0).float()
    return x


def test_onnx_equals_torch() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = Net().requires_grad_(False)
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.03)
    content, outputs = to_onnx({name: value.numpy() for name, value in net.state_dict().items()})
    nothing = Guess(*(np.zeros(1, np.float32) for _ in range(3)))
    light, paint, alpha, clear = Inpainter(nothing, OpenCvNet("inpaint", outputs, content=content))(scene()[0].numpy())
    maps = net(scene())
    assert light.std() > 0.1 and paint.std() > 0.1 and alpha.std() > 0.1
    pairs = ((light, maps.light), (paint, maps.paint), (alpha[..., None], maps.alpha), (clear[..., None], maps.clear))
    for ours, theirs in ((one, other[0]) for one, other in pairs):
        assert np.abs(ours - theirs.permute(1, 2, 0).numpy()).max() < 1e-3


def test_an_untaught_network_shows_the_donor_on_what_was_filled_in() -> None:
    x = scene()
    with torch.inference_mode():
        whole = compose(x, Net()(x))
    drawn = x[:, 7:8] > 0
    assert torch.allclose(torch.where(drawn, whole, x[:, :3]), torch.where(drawn, x[:, 4:7], whole), atol=0.1)


def test_the_critics_penalty_is_its_gradient() -> None:
    """R1 of a linear critic is the squared length of its weights, wherever the pictures lie."""

    class Linear(Critic):
        def forward(self, x: Any) -> Any:
            return 3 * x[:, :1].sum((2, 3))

    x = torch.rand(2, 6, 8, 8)
    assert float(penalty(Linear(), x)) == pytest.approx(9 * 64, rel=1e-5)
