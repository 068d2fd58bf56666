"""Background by Stable Diffusion's inpainting, from weights that the user has and names; visard fetches none."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError, UsageError
from visard.methods.scene import fill_in
from visard.types import Pixels

Flags = NDArray[np.bool_]

_CHANNELS = 9
"""Of its U-Net's input: latents (4), masked latents (4), mask (1)."""

_AROUND = 0.5
"""How much around a hole is shown, in sides of its box: more leaves fewer pixels for the hole."""

_STEPS, _GUIDANCE = 30, 1.0
"""Steps of sampling; without a text there is nothing to be guided by."""

_HINT = "name a folder with StableDiffusionInpaintPipeline in safetensors"


class Stable:
    """A latent diffusion that knows things: it finishes a chair where patches would repeat its leg."""

    name: ClassVar[str] = "diffusion"

    def __init__(self, weights: str | Path) -> None:
        folder = Path(weights)
        check_folder(folder)
        for package in ("diffusers", "torch"):
            if importlib.util.find_spec(package) is None:
                raise ModelError(f"engine 'diffusion' needs {package}", hint="pip install 'visard[diffusion]'")
        self._folder = folder
        self._pipe: Any = None

    def __call__(self, pixels: Pixels, wanted: Flags, known: Flags, seed: int) -> Pixels | None:
        """Return the picture with its hole painted in squares that the network can see."""
        if not known.any():
            return None
        result = np.where(known[..., None], pixels, fill_in(pixels.astype(np.float32), known.astype(np.float32)))
        result = np.clip(np.round(result), 0, 255).astype(np.uint8)
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(wanted.astype(np.uint8))
        for number, (x, y, width, height, _) in enumerate(boxes[1:], 1):
            part = labels == number
            rows, columns = _square(x, y, width, height, wanted.shape)
            hole = (part | ~known)[rows, columns]
            painted = self._paint(result[rows, columns], hole, seed)
            result[rows, columns][part[rows, columns]] = painted[part[rows, columns]]
            known = known | part
        return result

    def _paint(self, pixels: Pixels, hole: Flags, seed: int) -> Pixels:
        pipe, generator = self._loaded()
        side = int(pipe.unet.config.sample_size * pipe.vae_scale_factor)
        size = (side, side)
        image = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        # A pixel of the small square that is hidden in part is hidden.
        mask = (cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0).astype(np.float32)
        out = pipe(
            prompt="", image=image[None].astype(np.float32) / 255, mask_image=mask[None, ..., None], height=side,
            width=side, num_inference_steps=_STEPS, guidance_scale=_GUIDANCE, strength=1.0, output_type="np",
            generator=generator("cpu").manual_seed(seed % 2**63),
        ).images[0]  # fmt: skip
        new = np.clip(np.round(out * 255), 0, 255).astype(np.uint8)
        return np.asarray(cv2.resize(new, hole.shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)

    def _loaded(self) -> tuple[Any, Any]:
        diffusers, torch = (importlib.import_module(name) for name in ("diffusers", "torch"))
        if self._pipe is None:
            diffusers.utils.logging.disable_progress_bar()
            try:
                self._pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(
                    str(self._folder), local_files_only=True, use_safetensors=True, safety_checker=None,
                    requires_safety_checker=False, low_cpu_mem_usage=False,
                )  # fmt: skip
            except (OSError, ValueError, KeyError) as error:
                what = f"cannot be loaded: {str(error).splitlines()[0]}"
                raise ModelError(what, where=self._folder, hint=_HINT) from error
            self._pipe.set_progress_bar_config(disable=True)
        return self._pipe, torch.Generator


def check_folder(folder: Path) -> None:
    """Raise UsageError unless a folder says that it holds Stable-Diffusion inpainting."""
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        unet = json.loads((folder / "unet" / "config.json").read_text("utf-8"))
        kind, channels = str(index.get("_class_name")), unet.get("in_channels")
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"{folder} holds no weights of a pipeline", hint=_HINT) from error
    if kind != "StableDiffusionInpaintPipeline":
        raise UsageError(f"{folder} holds {kind}, which does not inpaint", hint=_HINT)
    if channels != _CHANNELS:
        raise UsageError(f"the network in {folder} takes {channels} channels, not {_CHANNELS}", hint=_HINT)


def _square(x: int, y: int, width: int, height: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return (rows, columns) around a box: a square where the picture is large enough, else what there is."""
    side = round(max(width, height) * (1 + 2 * _AROUND))
    spans = []
    for start, extent, limit in ((y, height, shape[0]), (x, width, shape[1])):
        begin = int(np.clip(start + extent // 2 - side // 2, 0, max(0, limit - side)))
        spans.append(slice(begin, min(limit, begin + side)))
    return spans[0], spans[1]
