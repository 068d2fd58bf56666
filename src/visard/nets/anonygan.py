"""AnonyGAN's generator: a condition face takes a hidden one's pose; it sees landmarks and surroundings alone.

Dall'Asen et al. 2022, METHODS 5.2: an encoder of appearance and one of shape, graph blocks that reason between the
landmarks of both faces (BiGraphGAN, Tang et al. 2020), Landmark Attention, and an output mask.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor, nn
from torch.nn import functional

SPOT = 1 / 64
"""Deviation of a landmark's spot in sides of the square."""

WIDTH, BLOCKS = 32, 6
"""Channels of the first layer, half of the seed's 64 so that the file may ship, and graph blocks."""


def maps(marks: Tensor, side: int) -> Tensor:
    """Return (n, K, side, side) of (n, K, 2) marks in pixels: for each a spot, 1 at its middle."""
    places = torch.arange(side, device=marks.device) + 0.5
    spots = torch.exp(-0.5 * ((marks.float()[..., None] - places) / (SPOT * side)) ** 2)
    return spots[:, :, 1, :, None] * spots[:, :, 0, None, :]


class LandmarkAttention(nn.Module):
    """Weights of the landmarks, sigmoid(Conv1D_J(GAP(Concat(Lm_c, Lm_s)))) (seed 001), J = 3 and no bias.

    The mean over places of a map with one spot is the same wherever the spot lies, and so would be the weights. It is
    therefore taken three times: of the map, and of the map times x and times y from the middle, in eighths of the
    side; that is, in units of a whole spot, whether the landmark is there, and where.
    """

    def __init__(self, reach: int = 3) -> None:
        super().__init__()
        self.mix = nn.Conv1d(3, 1, reach, padding=reach // 2, bias=False)

    def forward(self, spots: Tensor) -> Tensor:
        """Return (n, 2 K) weights, 0 to 1, of (n, 2 K, S, S) maps."""
        side = int(spots.shape[-1])  # a number, not a part of the exported graph
        line = (torch.arange(side, device=spots.device) + 0.5 - side / 2) * (8 / side)
        across = line[None, :].expand(side, side)
        ramps = torch.stack([torch.ones_like(across), across, across.T]).flatten(1) / (2 * pi * (SPOT * side) ** 2)
        pooled = torch.matmul(spots.flatten(2), ramps.T)
        return torch.sigmoid(self.mix(pooled.transpose(1, 2)).flatten(1))


class Bipartite(nn.Module):
    """Reasoning between two poses: each one's states are gathered on the other's nodes, changed there, and spread back.

    With states H, projections P and halves a and b of the code: V_a = H(a) P(b)^T, V_b = H(b) P(a)^T; the results are
    G_a(V_a) P(b), G_b(V_b) P(a), where G mixes nodes, then states (Chen et al. 2019, as in BiGraphGAN).
    """

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        half, states = width // 2, 2 * nodes
        self.state, self.project = nn.Conv2d(half, states, 1), nn.Conv2d(half, nodes, 1)
        self.mix_nodes = nn.ModuleList(nn.Conv1d(nodes, nodes, 1) for _ in range(2))
        self.mix_states = nn.ModuleList(nn.Conv1d(states, states, 1, bias=False) for _ in range(2))
        self.extend = nn.Conv2d(states, half, 1, bias=False)
        self.norm = nn.BatchNorm2d(half, eps=1e-4)

    def forward(self, code: Tensor) -> Tensor:
        """Return (n, width, h, w) for the same."""
        halves = torch.chunk(code, 2, dim=1)
        nodes = [self.project(half).flatten(2) for half in halves]
        results = []
        for own, other in ((0, 1), (1, 0)):
            gathered = gather(self.state(halves[own]).flatten(2), nodes[other])
            back = spread(self._reason(gathered, own), nodes[other])
            back = back.reshape(back.shape[0], back.shape[1], *code.shape[2:])
            results.append(halves[own] + self.norm(self.extend(back)))
        return torch.cat(results, dim=1)

    def _reason(self, values: Tensor, which: int) -> Tensor:
        mixed = self.mix_nodes[which](values.transpose(1, 2)).transpose(1, 2) + values
        changed: Tensor = self.mix_states[which](functional.relu(mixed))
        return changed


def gather(states: Tensor, nodes: Tensor) -> Tensor:
    """Return (n, s, m): states (n, s, L) on nodes (n, m, L), a mean over the L places."""
    return torch.matmul(states, nodes.transpose(1, 2)) / int(states.shape[2])


def spread(values: Tensor, nodes: Tensor) -> Tensor:
    """Return (n, s, L): values (n, s, m) back from nodes (n, m, L) to the places."""
    return torch.matmul(values, nodes)


class GraphBlock(nn.Module):
    """Appearance and shape, each through two convolutions; shape through the graph; shape says what of appearance
    counts, and sees, from the second block on, what became of it."""

    def __init__(self, width: int, nodes: int, first: bool) -> None:
        super().__init__()
        into = width if first else 2 * width
        self.looks = nn.Sequential(*_twice(width, width), nn.BatchNorm2d(width))
        self.poses = nn.Sequential(*_twice(into, width))
        self.graph = Bipartite(width, nodes)

    def forward(self, looks: Tensor, poses: Tensor) -> tuple[Tensor, Tensor]:
        """Return appearance (n, width, h, w), and shape with appearance (n, 2 width, h, w)."""
        shape = self.graph(self.poses(poses))
        looks = looks + self.looks(looks) * torch.sigmoid(shape)
        return looks, torch.cat([shape, looks], dim=1)


class Generator(nn.Module):
    """Pictures (n, 6, S, S): a condition face, and surroundings with 0 where they are hidden; marks (n, 2 K, 2) in
    pixels, of the condition and of the hidden face. Out: (n, 3, S, S), -1 to 1. S is a multiple of 4.

    attention: whether Landmark Attention weighs the maps (without: the seed's -LA).
    """

    def __init__(self, count: int = 68, width: int = WIDTH, blocks: int = BLOCKS, attention: bool = True) -> None:
        super().__init__()
        wide = 4 * width
        self.attention = LandmarkAttention() if attention else None
        self.looks, self.poses = (nn.Sequential(*_encoder(inputs, width)) for inputs in (6, 2 * count))
        self.blocks = nn.ModuleList(GraphBlock(wide, width, number == 0) for number in range(blocks))
        last = [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7)]
        self.brush = nn.Sequential(*_decoder(width), *last)
        self.veil = nn.Sequential(*_decoder(width), nn.Conv2d(width, 1, 1))

    def forward(self, pictures: Tensor, marks: Tensor) -> Tensor:
        """Return the composite: what is painted where the output mask says so, else the surroundings."""
        painted, mask = self.strokes(pictures, marks)
        mask = mask.expand(-1, 3, -1, -1)  # said aloud for OpenCV, which mistakes the shape otherwise
        return (painted * mask + pictures[:, 3:] * (1 - mask)).clamp(-1, 1)

    def strokes(self, pictures: Tensor, marks: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is painted (n, 3, S, S), -1 to 1, and the output attention mask (n, 1, S, S), 0 to 1."""
        spots = maps(marks, int(pictures.shape[-1]))
        if self.attention is not None:
            spots = spots * self.attention(spots)[:, :, None, None]
        looks, poses = self.looks(pictures), self.poses(spots)
        for block in self.blocks:
            looks, poses = block(looks, poses)
        return torch.tanh(self.brush(looks)), torch.sigmoid(self.veil(looks))


def _encoder(inputs: int, width: int) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7, bias=False)]
    layers += [nn.BatchNorm2d(width), nn.ReLU()]
    for wide in (width, 2 * width):
        layers += [nn.Conv2d(wide, 2 * wide, 3, 2, 1, bias=False), nn.BatchNorm2d(2 * wide), nn.ReLU()]
    return layers


def _decoder(width: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for wide in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(wide, wide // 2, 3, 2, 1, 1, bias=False), nn.BatchNorm2d(wide // 2), nn.ReLU()]
    return layers


def _twice(into: int, out: int) -> list[nn.Module]:
    layers = [nn.ReflectionPad2d(1), nn.Conv2d(into, into, 3, bias=False), nn.BatchNorm2d(into)]
    return [*layers, nn.ReLU(), nn.Dropout(0.5), nn.ReflectionPad2d(1), nn.Conv2d(into, out, 3)]
