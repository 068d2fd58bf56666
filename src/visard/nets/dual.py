"""The Secure Dual Network's four parts: Encoder, Decoder, Discriminator, and Feature extractor and Classifier.

Pan, Chen and Wu 2024 (METHODS 8.3) publish neither layers nor weights: this is a network of the described mechanism.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models.inpainter import SLOPE

WIDTHS = (48, 96, 192, 384)
"""Channels at the whole side, and after each halving, three quarters of METHODS 8.3's so that the file may ship."""

WHO, STYLE, SKIP = 256, 256, 16
"""Length of the code of who it is, and of the style; channels that pass beside the smallest features."""


_PLACES = 4
"""The password is read at so many places a side: bits show here and there, and a mean over all would drown them."""


class Code(NamedTuple):
    """who (n, 256); map (n, c, s, s), the smallest features; near (n, 16, 2 s, 2 s), a narrow way past them."""

    who: Tensor
    map: Tensor
    near: Tensor


class Encoder(nn.Module):
    """Pictures (n, 3, S, S), -1 to 1, in; `Code` out."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 5, padding=2)
        self.down = nn.ModuleList(_layer(a, b, 2) for a, b in pairwise(widths))
        self.middle = nn.Sequential(_layer(widths[-1], widths[-1], 1), _layer(widths[-1], widths[-1], 1))
        self.near = nn.Conv2d(widths[-2], SKIP, 1)
        # Not a mean of normed features: their means are nothing.
        self.look = nn.Conv2d(widths[-1], WHO, 3, 2, 1)
        self.who = nn.Linear(WHO, WHO)

    def forward(self, pictures: Tensor) -> Code:
        """Return the code of pictures."""
        x = functional.leaky_relu(self.stem(pictures), SLOPE)
        for down in self.down:
            before, x = x, down(x)
        seen = functional.leaky_relu(self.look(x), SLOPE).mean((2, 3))
        return Code(self.who(seen), self.middle(x), self.near(before))


class Decoder(nn.Module):
    """`Code` and a condition (n, conditions) in, pictures (n, 3, S, S), -1 to 1, out.

    Who it is and the condition become a style, which every layer takes its gains and shifts from; shift (n, 256) is
    added to the style: along SeFa's directions it edits attributes. The condition is added to the style once more, by
    one layer: through three, mixed with who it is, none of 16 bits could be read after 1,600 pictures; so most can.
    """

    def __init__(self, conditions: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        wide = widths[-1]
        self.style = nn.Sequential(
            nn.Linear(WHO + conditions, STYLE), nn.LeakyReLU(SLOPE), nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE),
            nn.Linear(STYLE, STYLE),
        )  # fmt: skip
        self.straight = nn.Linear(conditions, STYLE, bias=False)
        nn.init.normal_(self.straight.weight, std=conditions**-0.5)
        self.first = nn.ModuleList(Modulated(wide, wide) for _ in range(2))
        ways = list(reversed(list(pairwise(widths))))
        self.up = nn.ModuleList(Modulated(b + (SKIP if level == 0 else 0), a) for level, (a, b) in enumerate(ways))
        self.smooth = nn.ModuleList(Modulated(a, a) for a, _ in ways)
        self.last = nn.Conv2d(widths[0], 3, 5, padding=2)
        for layer in self.style:
            if isinstance(layer, nn.Linear):
                # Torch's own beginning halves the signal in each layer, and a bit would hardly be felt.
                nn.init.kaiming_normal_(layer.weight, SLOPE)

    def forward(self, code: Code, condition: Tensor, shift: Tensor | None = None) -> Tensor:
        """Return the pictures that a code becomes under a condition."""
        style = self.style(torch.cat([code.who, condition], dim=1)) + self.straight(condition)
        style = style if shift is None else style + shift
        x = code.map
        for layer in self.first:
            x = layer(x, style)
        for level, (up, smooth) in enumerate(zip(self.up, self.smooth, strict=True)):
            x = functional.interpolate(x, scale_factor=2.0)
            x = smooth(up(x if level else torch.cat([x, code.near], dim=1), style), style)
        return torch.tanh(self.last(x))

    def affine(self) -> Tensor:
        """Return (256, N), what all layers together make of a style: SeFa's A, whose columns have unit length."""
        layers = [layer.told.weight for layer in (*self.first, *self.up, *self.smooth)]
        whole = torch.cat([weight.T for weight in layers], dim=1)
        return functional.normalize(whole.detach().float(), dim=0)


class Modulated(nn.Module):
    """(n, into, h, w) and a style to (n, out, h, w): a convolution, normed, with the style's gains and shifts."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(into, out, 3, padding=1), nn.InstanceNorm2d(out, affine=True)
        self.told = nn.Linear(STYLE, 2 * out)
        nn.init.normal_(self.told.weight, std=STYLE**-0.5 / 2)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return the layer's result."""
        gain, shift = self.told(style)[:, :, None, None].chunk(2, dim=1)
        return functional.leaky_relu(self.norm(self.conv(x)) * (1 + gain) + shift, SLOPE)


class Dual(nn.Module):
    """Encoder and Decoder, which hide and bring back alike: (n, 3, S, S), (n, conditions), (n, 256) to (n, 3, S, S)."""

    def __init__(self, conditions: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(widths), Decoder(conditions, widths)

    def forward(self, pictures: Tensor, condition: Tensor, shift: Tensor | None = None) -> Tensor:
        """Return the pictures under a condition."""
        picture: Tensor = self.decoder(self.encoder(pictures), condition, shift)
        return picture


class Discriminator(nn.Module):
    """Whether patches are real and what attributes a face has, which one trunk sees, and by which password it came."""

    def __init__(self, attributes: int, bits: int, width: int = 48, halvings: int = 4) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(halvings)]
        self.trunk, self.both = _halving(3, widths), _halving(9, widths)
        wide = widths[-1]
        self.verdict = nn.Conv2d(wide, 1, 3, padding=1)
        self.attributes = nn.Linear(wide, attributes)
        self.between = nn.Sequential(nn.Linear(wide * _PLACES**2, STYLE), nn.LeakyReLU(SLOPE))
        self.password = nn.Linear(STYLE, bits)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n, 1, h, w), near 1 where real, and logits (n, attributes), of (n, 3, S, S)."""
        seen = self.trunk(pictures)
        return self.verdict(seen), self.attributes(seen.mean((2, 3)))

    def read(self, before: Tensor, after: Tensor) -> Tensor:
        """Return logits (n, bits) of the password that turned one picture into the other: what changed, and where."""
        seen = self.both(torch.cat([before, after, after - before], dim=1))
        logits: Tensor = self.password(self.between(functional.adaptive_avg_pool2d(seen, _PLACES).flatten(1)))
        return logits


class Classifier(nn.Module):
    """Feature extractor and classifier: (n, 3, S, S) to embeddings (n, size) of unit length, and whose they are.

    Learnt from the beginning, on photos, with the margin of CosFace (Wang et al. 2018): nothing pre-trained.
    """

    def __init__(self, people: int, size: int = 128, widths: tuple[int, ...] = (32, 64, 128, 256)) -> None:
        super().__init__()
        # Norms over groups of channels: means of channels, which norms of their own would take away, tell who it is.
        self.down = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.GroupNorm(4, b), nn.LeakyReLU(SLOPE))
            for a, b in pairwise((3, *widths))
        ))  # fmt: skip
        self.told = nn.Linear(widths[-1] * 4, size)
        self.people = nn.Parameter(torch.randn(people, size))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return embeddings of pictures."""
        seen = functional.adaptive_avg_pool2d(self.down(pictures), 2).flatten(1)
        return functional.normalize(self.told(seen).float(), dim=1)

    def wrong(self, embeddings: Tensor, who: Tensor, margin: float = 0.1, scale: float = 16.0) -> Tensor:
        """Return the cross entropy of (n, size) with the numbers (n,) of people; -1 is somebody unknown, left out."""
        cosines = embeddings @ functional.normalize(self.people, dim=1).T
        own = functional.one_hot(who.clamp(min=0), len(self.people))
        each = functional.cross_entropy(scale * (cosines - margin * own), who.clamp(min=0), reduction="none")
        known = (who >= 0).float()
        return (each * known).sum() / known.sum().clamp(min=1)


def alike(one: Tensor, other: Tensor, margin: float = 0.0) -> Tensor:
    """Return by how much cosines of (n, size) embeddings of unit length exceed a margin, on average."""
    return functional.relu((one * other).sum(1) - margin).mean()


def _layer(into: int, out: int, stride: int) -> nn.Sequential:
    norm = nn.InstanceNorm2d(out, affine=True)
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1), norm, nn.LeakyReLU(SLOPE))


def _halving(into: int, widths: Sequence[int]) -> nn.Sequential:
    layers = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(SLOPE)) for a, b in pairwise((into, *widths))]
    return nn.Sequential(*layers)
