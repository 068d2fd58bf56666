"""Blocks of CIAGAN's networks: pre-activation residual ones under spectral norm (Miyato et al. 2018)."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

Scale = Literal["down", "same", "up"]


def bounded(layer: Any) -> Any:
    """Return a layer under spectral norm."""
    return spectral_norm(layer)


def settle(net: nn.Module) -> None:
    """Make the norms part of the weights, for a network that is no longer taught."""
    for layer in net.modules():
        if is_parametrized(layer, "weight"):
            remove_parametrizations(layer, "weight")


class Residual(nn.Module):
    """(n, into, h, w) to (n, out, ...), halved, as large or doubled; norm: whether instance norm comes first."""

    def __init__(self, into: int, out: int, scale: Scale, norm: bool = True) -> None:
        super().__init__()
        self.scale = scale
        self.norms = nn.ModuleList(nn.InstanceNorm2d(w, affine=True) if norm else nn.Identity() for w in (into, out))
        self.one, self.two = bounded(nn.Conv2d(into, out, 3)), bounded(nn.Conv2d(out, out, 3))
        self.skip = bounded(nn.Conv2d(into, out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's result."""
        y = functional.relu(self.norms[0](x))
        if self.scale == "up":
            x, y = (functional.interpolate(v, scale_factor=2.0) for v in (x, y))
        y = self.one(functional.pad(y, (1, 1, 1, 1), "reflect"))
        y = self.two(functional.pad(functional.relu(self.norms[1](y)), (1, 1, 1, 1), "reflect"))
        y = y + self.skip(x)
        return functional.avg_pool2d(y, 2) if self.scale == "down" else y
