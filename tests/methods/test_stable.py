"""Stable-Diffusion inpainting through diffusers, with a tiny random pipeline: the real code, no real picture."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from visard.errors import ModelError, UsageError
from visard.methods.cancel import Cancel
from visard.methods.stable import Stable, check_folder

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed: pip install 'visard[diffusion]'")
    transformers = pytest.importorskip("transformers", reason="pip install 'visard[diffusion]'")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of some thousand random weights, saved as safetensors."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unet = diffusers.UNet2DConditionModel(
            sample_size=16, in_channels=9, out_channels=4, block_out_channels=(4, 8), layers_per_block=1,
            cross_attention_dim=8, attention_head_dim=2, norm_num_groups=2,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        )  # fmt: skip
        vae = diffusers.AutoencoderKL(
            block_out_channels=[4, 8], norm_num_groups=2, latent_channels=4, sample_size=32,
            down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        )  # fmt: skip
        text = transformers.CLIPTextModel(
            transformers.CLIPTextConfig(
                vocab_size=60, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
                bos_token_id=0, eos_token_id=1, pad_token_id=1, max_position_embeddings=77,
            )
        )  # fmt: skip
        words = {"<|startoftext|>": 0, "<|endoftext|>": 1} | {f"{chr(97 + i)}</w>": 2 + i for i in range(26)}
        (folder / "vocab.json").write_text(json.dumps(words))
        (folder / "merges.txt").write_text("#version: 0.2\n")
        files = str(folder / "vocab.json"), str(folder / "merges.txt")
        tokenizer = transformers.CLIPTokenizer(*files, model_max_length=77)
        diffusers.StableDiffusionInpaintPipeline(
            vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=diffusers.DDIMScheduler(),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        ).save_pretrained(folder / "pipe", safe_serialization=True)  # fmt: skip
    return folder / "pipe"


def test_it_paints_the_hole_blindly_and_keeps_the_rest_to_the_bit(weights: Path) -> None:
    rng = np.random.default_rng(0)
    picture, noise = rng.integers(0, 256, (2, 60, 90, 3), np.uint8)
    hole = np.zeros((60, 90), np.bool_)
    hole[20:40, 30:50] = hole[5:12, 70:80] = True
    method = Cancel("best", str(weights))
    assert method.chosen == "diffusion" and "diffusion" in method.told()[0]
    one, other = (
        method.predict(pixels, hole, ~hole, 3) for pixels in (picture, np.where(hole[..., None], noise, picture))
    )
    assert np.array_equal(one, other) and np.array_equal(one[~hole], picture[~hole])
    assert not np.array_equal(one[hole], method.predict(picture, hole, ~hole, 4)[hole])


def test_weights_of_another_kind_are_refused(weights: Path, tmp_path: Path) -> None:
    index = json.loads((weights / "model_index.json").read_text("utf-8"))
    unet = json.loads((weights / "unet" / "config.json").read_text("utf-8"))
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(json.dumps(unet | {"in_channels": 4}))
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UsageError, match="takes 4 channels, not 9"):
        check_folder(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps(index | {"_class_name": "StableDiffusionPipeline"}))
    with pytest.raises(UsageError, match="holds StableDiffusionPipeline, which does not inpaint"):
        check_folder(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    (tmp_path / "unet" / "config.json").write_text(json.dumps(unet))
    hole = np.eye(8, dtype=np.bool_)
    with pytest.raises(ModelError, match="cannot be loaded"):
        Stable(tmp_path)(np.zeros((8, 8, 3), np.uint8), hole, ~hole, 0)
