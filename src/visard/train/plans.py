"""How each network is exported as ONNX: itself, what goes in and comes out, and the facts that its file states."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from visard.methods.background import SIDE as SCENE
from visard.methods.background import STEP
from visard.methods.donors import bank
from visard.methods.mannequin import PLANES
from visard.methods.ways import length
from visard.models.denoiser import SIDE as DENOISED
from visard.models.denoiser import TOLD
from visard.models.onnx import with_facts
from visard.models.taught import FORMAT
from visard.nets.background import INPUTS as SEEN
from visard.nets.background import Background
from visard.nets.body import DYES
from visard.nets.body import SCENE as AROUND
from visard.nets.denoiser import Denoiser
from visard.nets.dual import STYLE
from visard.nets.residual import settle
from visard.train import (
    anonygan,
    autoencoder,
    background,
    body,
    ciagan,
    denoiser,
    estrange,
    ksame_net,
    mfm,
    sapae,
    sdn,
    transformer,
)

_OPERATORS = 13
"""Set of ONNX's operators; OpenCV knows all that the networks need of it."""


class Plan(NamedTuple):
    """An untaught network, inputs of the right shapes by name, names of its results, and facts."""

    net: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    facts: Mapping[str, Any]


def _anonygan(numbers: Mapping[str, Any]) -> Plan:
    how = anonygan.Recipe(**numbers)
    inputs = {"pictures": torch.zeros(1, 6, how.side, how.side), "marks": torch.zeros(1, 2 * how.marks, 2)}
    return Plan(anonygan.generator(how), inputs, ("picture",), {"side": how.side, "marks": how.marks})


def _ciagan(numbers: Mapping[str, Any]) -> Plan:
    how = ciagan.Recipe(**numbers)
    people = ciagan.listed(how)
    inputs = {"pictures": torch.zeros(1, 6, how.side, how.side), "who": torch.zeros(1, people)}
    facts = {"side": how.side, "people": people, "bank": bank().sha256}
    return Plan(ciagan.generator(how), inputs, ("picture",), facts)


def _ksame_net(numbers: Mapping[str, Any]) -> Plan:
    how = ksame_net.Recipe(**numbers)
    people = ksame_net.listed(how)
    facts = {"side": ksame_net.side(how), "people": people, "bank": bank().sha256}
    inputs = {"who": torch.zeros(1, people), "manner": torch.zeros(1, 3)}
    return Plan(ksame_net.generator(how), inputs, ("picture",), facts)


def _estrange(numbers: Mapping[str, Any]) -> Plan:
    how = estrange.Recipe(**numbers)
    inputs = {"pictures": torch.zeros(1, 3, how.side, how.side), "who": torch.zeros(1, 128)}
    return Plan(estrange.generator(how), inputs, ("raw", "mask"), {"side": how.side})


def _background(numbers: Mapping[str, Any]) -> Plan:
    inputs = {"scene": torch.zeros(1, SEEN, SCENE, SCENE)}
    return Plan(Background(background.Recipe(**numbers).widths), inputs, ("whole",), {"side": SCENE, "step": STEP})


def _denoiser(numbers: Mapping[str, Any]) -> Plan:
    inputs = {"noisy": torch.zeros(1, 3, DENOISED, DENOISED), "level": torch.zeros(1, TOLD)}
    return Plan(Denoiser(denoiser.Recipe(**numbers).widths), inputs, ("noise",), {"side": DENOISED})


def _autoencoder(numbers: Mapping[str, Any]) -> Plan:
    how = autoencoder.Recipe(**numbers)
    inputs = {**_face(how), "keep": torch.ones(1, how.code), "give": torch.zeros(1, how.code)}
    facts = {"side": autoencoder.side(how), "code": how.code}
    return Plan(autoencoder.generator(how), inputs, ("picture",), facts)


def _sapae(numbers: Mapping[str, Any]) -> Plan:
    how = sapae.Recipe(**numbers)
    facts = {"side": autoencoder.side(how), "supervised": how.supervised}
    return Plan(autoencoder.generator(how), _face(how), ("picture",), facts)


def _face(how: Any) -> dict[str, Tensor]:
    side = autoencoder.side(how)
    return {"pictures": torch.zeros(1, 3, side, side)}


def _sdn(numbers: Mapping[str, Any]) -> Plan:
    return _dual(sdn.NAME, sdn.Recipe(**numbers))


def _mfm(numbers: Mapping[str, Any]) -> Plan:
    return _dual(mfm.NAME, mfm.Recipe(**numbers))


def _dual(name: str, how: sdn.Recipe) -> Plan:
    told = length(name, how.bits)
    inputs = {"picture": torch.zeros(1, 3, how.side, how.side), "way": torch.zeros(1, told)}
    inputs["shift"] = torch.zeros(1, STYLE)
    facts = {"side": how.side, "bits": how.bits, "bank": bank().sha256, "style": STYLE, "directions": {}}
    return Plan(sdn.generator(name, how), inputs, ("result",), facts)


def _transformer(numbers: Mapping[str, Any]) -> Plan:
    how = transformer.Recipe(**numbers)
    inputs = {"picture": torch.zeros(1, 3, how.side, how.side), "way": torch.zeros(1, how.bits)}
    return Plan(transformer.generator(how), inputs, ("result",), {"side": how.side, "bits": how.bits})


def _body(numbers: Mapping[str, Any]) -> Plan:
    how = body.Recipe(**numbers)
    inputs = {"pictures": torch.zeros(1, AROUND + PLANES + DYES, how.side, how.side)}
    return Plan(body.generator(how), inputs, ("picture",), {"side": how.side})


PLANS: Mapping[str, Callable[[Mapping[str, Any]], Plan]] = {
    anonygan.NAME: _anonygan,
    ciagan.NAME: _ciagan,
    ksame_net.NAME: _ksame_net,
    estrange.NAME: _estrange,
    background.NAME: _background,
    denoiser.NAME: _denoiser,
    autoencoder.NAME: _autoencoder,
    sapae.NAME: _sapae,
    sdn.NAME: _sdn,
    mfm.NAME: _mfm,
    transformer.NAME: _transformer,
    body.NAME: _body,
}
"""Name of the network -> what makes its plan of a recipe's numbers."""


def plan(name: str, numbers: Mapping[str, Any]) -> Plan:
    """Return the plan of a recipe with some numbers of its own."""
    return PLANS[name](numbers)


def cost(drawn: Plan) -> tuple[int, int]:
    """Return the parameters of a plan's network, and its multiply-accumulates: convolutions and linear layers."""
    macs: list[int] = []

    def count(layer: Any, given: Any, result: Tensor) -> None:
        places = result[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
        macs.append(layer.weight.numel() * places)

    layers = [layer for layer in drawn.net.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.inference_mode():
        drawn.net.eval()(*drawn.inputs.values())
    for hook in hooks:
        hook.remove()
    return sum(p.numel() for p in drawn.net.parameters()), sum(macs)


def to_onnx(name: str, drawn: Plan) -> bytes:
    """Return a plan's network, as it stands, as an ONNX file that states its facts; the network is settled by it."""
    drawn.net.eval().requires_grad_(False)
    settle(drawn.net)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Torch's newer exporter needs another package more, and OpenCV does not read all that it writes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            drawn.net, tuple(drawn.inputs.values()), file, dynamo=False, opset_version=_OPERATORS,
            input_names=list(drawn.inputs), output_names=list(drawn.outputs),
        )  # fmt: skip
    facts = {"format": FORMAT, "name": name, "inputs": list(drawn.inputs), "outputs": list(drawn.outputs)}
    return with_facts(file.getvalue(), facts | dict(drawn.facts))
