"""Networks from a diffusers folder: safetensors alone, from this disk alone, and no code that lies in the folder.

Each part is loaded through a class that we name; `DiffusionPipeline.from_pretrained` would ask the folder for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, DPMSolverMultistepScheduler, UNet2DConditionModel
from safetensors import SafetensorError

from backends import runtime
from backends.errors import MissingFileError, UnsafeFormatError, WeightsError

if TYPE_CHECKING:
    from transformers import CLIPTextModel, CLIPTokenizer

_LATENTS = 4
_VAE_FACTOR = 8
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_LIBRARIES = ("diffusers", "transformers")


class OwnCodeError(WeightsError):
    """A folder whose classes are defined by code inside it, which is never run."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The parts of Stable Diffusion 1.5, on the device in use. `scheduler`: its training schedule for DPM-Solver++."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler: DPMSolverMultistepScheduler


def number_format() -> torch.dtype:
    """bfloat16 on a GPU that has it, else float32."""
    return runtime.dtype() if runtime.device().type == "cuda" else torch.float32


def load_base(folder: Path) -> Base:
    """Stable Diffusion 1.5, or a model of its shape, from a diffusers folder.

    Raises:
        OwnCodeError: for a pipeline whose classes lie in the folder.
        MissingFileError: for a part that is not there.
        UnsafeFormatError: for a part that is there as a pickle only.
        WeightsError: for a part of another kind or shape, or a damaged one.
    """
    from transformers import CLIPTextModel, CLIPTokenizer

    _refuse_own_code(folder)
    scheduler = _json(folder / "scheduler", "scheduler_config.json")
    vocabulary = folder / "tokenizer"
    _json(vocabulary, "vocab.json")
    if not (vocabulary / "merges.txt").is_file():
        raise MissingFileError(f"{_where(vocabulary)} has no merges.txt. Download the whole folder.")
    base = Base(
        unet=load(UNet2DConditionModel, folder / "unet", "UNet2DConditionModel"),
        vae=load(AutoencoderKL, folder / "vae", "AutoencoderKL"),
        text_encoder=load(CLIPTextModel, folder / "text_encoder", "CLIPTextModel"),
        tokenizer=CLIPTokenizer.from_pretrained(vocabulary, local_files_only=True),
        scheduler=DPMSolverMultistepScheduler.from_config(scheduler, algorithm_type="dpmsolver++"),
    )
    unet, vae = base.unet.config, base.vae.config
    if (unet.in_channels, unet.out_channels, vae.latent_channels) != (_LATENTS,) * 3:
        raise WeightsError(
            f"{folder.name} is not of Stable Diffusion 1.5's shape: its U-Net takes {unet.in_channels} channels and "
            f"its autoencoder has {vae.latent_channels}, where both must be {_LATENTS}. Use a plain 1.5 model."
        )
    if 2 ** (len(vae.block_out_channels) - 1) != _VAE_FACTOR:
        raise WeightsError(f"The autoencoder of {folder.name} does not shrink by {_VAE_FACTOR}. Use a plain 1.5 model.")
    if base.text_encoder.config.hidden_size != unet.cross_attention_dim:
        raise WeightsError(
            f"The text encoder of {folder.name} has width {base.text_encoder.config.hidden_size}, but its U-Net "
            f"expects {unet.cross_attention_dim}. Download the folder again."
        )
    return base


def check_fits(control: ControlNetModel, base: Base) -> None:
    """Check that a ControlNet is made for `base`.

    Raises:
        WeightsError: naming what differs.
    """
    for part in ("block_out_channels", "cross_attention_dim", "layers_per_block"):
        theirs, ours = control.config[part], base.unet.config[part]
        if theirs != ours:
            raise WeightsError(
                f"This ControlNet is made for another base: its {part} is {theirs}, the base has {ours}. "
                "Use one for Stable Diffusion 1.5."
            )


def load(net: Any, folder: Path, name: str) -> Any:
    """One network by its class `net`, ready for inference on the device in use; `name`: what its folder must say it is.

    Raises:
        MissingFileError, UnsafeFormatError, WeightsError: as `load_base`.
    """
    config = _json(folder, "config.json")
    stated = config.get("_class_name") or next(iter(config.get("architectures") or []), "nothing")
    if stated != name:
        raise WeightsError(f"{_where(folder)} should hold a {name} and says that it holds {stated}.")
    # diffusers writes its class into the settings, transformers does not. Loading with low memory needs `accelerate`,
    # and diffusers says so at length unless it is told not to.
    how = {"torch_dtype": number_format(), "low_cpu_mem_usage": False}
    if "_class_name" not in config:
        how = {"dtype": number_format()}
    try:
        model, report = net.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            variant=_variant(folder),
            output_loading_info=True,
            **how,
        )
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{_where(folder)} cannot be read ({type(error).__name__}): it is damaged or no {name}. Download it again."
        ) from error
    absent = sorted(report["missing_keys"])
    if absent:
        raise WeightsError(f"{_where(folder)} lacks {len(absent)} weights of a {name}, such as {absent[0]}.")
    return model.to(runtime.device()).eval().requires_grad_(False)


def _refuse_own_code(folder: Path) -> None:
    index = _json(folder, "model_index.json")
    pipeline = index.get("_class_name")
    own = [
        part
        for part, source in index.items()
        if not part.startswith("_") and isinstance(source, list) and source[0] not in (*_LIBRARIES, None)
    ]
    if own or not isinstance(pipeline, str) or not pipeline.startswith("StableDiffusion"):
        raise OwnCodeError(
            f"{folder.name} is a {pipeline}, and code inside the folder defines its {', '.join(own) or 'class'}. Such "
            "code is never run here. Put Stable Diffusion 1.5 there; AnyText's ControlNet works beside it, in its own "
            "folder."
        )


def _variant(folder: Path) -> str | None:
    """None where the weights lie under their plain name, "fp16" where only those are there."""
    files = [file.name for file in folder.iterdir()]
    safe = [name for name in files if name.endswith((".safetensors", ".safetensors.index.json"))]
    if not safe:
        if any(name.endswith(_PICKLES) for name in files):
            raise UnsafeFormatError(
                f"{_where(folder)} holds its weights as a pickle, which can run code. Only .safetensors is read: "
                "download that file, or convert it."
            )
        raise MissingFileError(f"{_where(folder)} holds no weights. It needs a .safetensors file.")
    return "fp16" if all(".fp16." in name for name in safe) else None


def _json(folder: Path, name: str) -> dict[str, Any]:
    file = folder / name
    if not file.is_file():
        raise MissingFileError(
            f"{_where(folder)} has no {name}, so it is not as diffusers saves a model. Download the whole folder."
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{name} of {_where(folder)} is damaged. Download it again.") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{name} of {_where(folder)} is not a table of settings. Download it again.")
    return content


def _where(folder: Path) -> str:
    """A folder's name for a message: visitors read it, and need not know where on this disk it lies."""
    return f"{folder.parent.name}/{folder.name}"
