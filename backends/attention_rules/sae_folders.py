"""Published autoencoders on GPT-2's heads: the folders of SAELens, and files in the layouts of connor_rob and
AttentionRules once `tools/convert_saes.py` has made safetensors of them.

- SAELens: a folder with `cfg.json` and `sae_weights.safetensors`.
- connor_rob (all heads of a layer at once) and AttentionRules (one head): `NAME.safetensors` and `NAME_cfg.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from backends.attention_rules.sae import HeadSae
from backends.errors import InputError, MissingFileError, UnsafeFormatError, WeightsError

Site = Literal["head", "heads", "stream"]


@dataclass(frozen=True, slots=True, eq=False)
class PublishedSae:
    """An autoencoder and the place that it reads.

    Attributes:
        site: z of one `head`, z of all `heads` of a layer one after the other, or the residual `stream`.
        layer: from 0; for the stream, it is the input of this layer.
        head: for the site `head` only.
    """

    sae: HeadSae
    site: Site
    layer: int
    head: int | None

    def of_head(self, head: int, heads: int) -> HeadSae:
        """What the features see of one head: rows of the encoder that read it, the whole bias kept.

        A feature's pre-activation is then the sum over heads of z_h . u_h, plus b once.

        Raises:
            InputError: if this does not read that head.
        """
        if self.site == "head" and head == self.head:
            return self.sae
        inputs = self.sae.encoder.shape[0]
        if self.site != "heads" or inputs % heads or not 0 <= head < heads:
            raise InputError(f"This autoencoder does not read head {head} of {heads}.")
        rows = slice(head * (inputs // heads), (head + 1) * (inputs // heads))
        part = replace(self.sae, encoder=self.sae.encoder[rows], decoder=self.sae.decoder[:, rows])
        return replace(part, centre=self.sae.centre[rows])


def load_published(path: Path) -> PublishedSae:
    """The autoencoder at `path`: a SAELens folder, or the `.safetensors` file of one of the other layouts.

    Raises:
        MissingFileError: if a file is missing.
        UnsafeFormatError: for a pickle; it names the script that converts it.
        WeightsError: if the file is damaged, or of an architecture that is not read (gated, normalised inputs).
    """
    if path.suffix in (".pt", ".pth", ".bin"):
        raise UnsafeFormatError(f"{path.name} is a pickle, which can run code. Convert it: tools/convert_saes.py.")
    if path.is_dir():
        settings, state = _read(path / "cfg.json", path / "sae_weights.safetensors")
    else:
        settings, state = _read(path.with_name(f"{path.stem}_cfg.json"), path)
    try:
        return _published(settings, state)
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(f"The settings of {path.name} are not those of an autoencoder on heads ({error}).") from None


def _read(settings: Path, weights: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    for file in (settings, weights):
        if not file.is_file():
            raise MissingFileError(f"{file.name} is missing.")
    try:
        row = json.loads(settings.read_text(encoding="utf-8"))
        state = safetensors.torch.load_file(weights)
    except (ValueError, SafetensorError) as error:
        raise WeightsError(f"{settings.name} or {weights.name} is damaged ({error}).") from None
    if not isinstance(row, dict):
        raise WeightsError(f"{settings.name} holds no settings.")
    return row, state


def _published(settings: Mapping[str, Any], state: Mapping[str, Tensor]) -> PublishedSae:
    flat = {**settings, **(settings.get("metadata") or {})}  # SAELens 6 keeps the hook below `metadata`
    hook = str(flat.get("hook_name") or flat["act_name"])
    found = re.fullmatch(r"(?:blocks\.(\d+)\.)?(?:attn\.)?(hook_z|z|hook_resid_pre|resid_pre)", hook)
    if found is None:
        raise ValueError(f"it reads {hook}")
    layer = int(found[1]) if found[1] is not None else int(flat["layer"])
    head = flat.get("hook_head_index", flat.get("head"))
    if not found[2].endswith("z"):
        site: Site = "stream"
    else:
        site = "heads" if head is None else "head"
    return PublishedSae(_sae(flat, state), site, layer, int(head) if site == "head" and head is not None else None)


def _sae(flat: Mapping[str, Any], state: Mapping[str, Tensor]) -> HeadSae:
    kind = str(flat.get("architecture", "standard"))
    options = flat.get("activation_fn_kwargs") or flat.get("activation_fn_args") or {}
    topk = kind == "topk" or flat.get("activation_fn", flat.get("activation_fn_str")) == "topk"
    if kind not in ("standard", "topk", "jumprelu"):
        raise ValueError(f"its architecture {kind} is not read")
    if flat.get("normalize_activations", "none") not in ("none", None, False):
        raise ValueError("its inputs are normalised")
    if "scaling_factor" in state and not torch.allclose(state["scaling_factor"], torch.ones(1)):
        raise ValueError("its outputs are scaled")
    encoder, bias, decoder, centre = (state[name].float() for name in ("W_enc", "b_enc", "W_dec", "b_dec"))
    if not flat.get("apply_b_dec_to_input", True):
        bias = bias + centre @ encoder  # ours always takes the centre off, so it is put back
    parts = {"encoder": encoder, "bias": bias, "decoder": decoder, "centre": centre}
    parts["k"] = torch.tensor([int(flat.get("k") or options["k"]) if topk else 0])
    if kind == "jumprelu":
        parts["threshold"] = state["threshold"]
    return HeadSae.from_state(parts)
