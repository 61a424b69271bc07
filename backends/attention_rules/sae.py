"""A sparse autoencoder on one head's z: which of its latents, the features, are active, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.errors import InputError, WeightsError, quoted


@dataclass(frozen=True, slots=True, eq=False)
class HeadSae:
    """Encoder and decoder of F features over z of D numbers.

    A feature's pre-activation is (z - centre) @ encoder + bias. It is active where that is positive and, with `k`,
    among the k largest of all features; with `threshold`, above the feature's own threshold.

    Attributes:
        encoder: (D, F).
        bias: (F).
        decoder: (F, D).
        centre: (D), taken off before encoding and added after decoding.
        k: how many features may be active at once; 0 for any number.
        threshold: (F), or None.
    """

    encoder: Tensor
    bias: Tensor
    decoder: Tensor
    centre: Tensor
    k: int = 0
    threshold: Tensor | None = None

    @property
    def features(self) -> int:
        """How many features there are."""
        return self.encoder.shape[1]

    def check(self, feature: int) -> None:
        """InputError if there is no such feature."""
        if not isinstance(feature, int) or isinstance(feature, bool) or not 0 <= feature < self.features:
            raise InputError(f"There is no feature {quoted(feature)}: they go from 0 to {self.features - 1}.")

    def direction(self, feature: int) -> Tensor:
        """u (D): the feature's encoder column."""
        return self.encoder[:, feature]

    def offset(self, feature: int) -> float:
        """b, with which pre = z . u + b: the bias, less what the centre takes off."""
        return float(self.bias[feature] - self.centre @ self.encoder[:, feature])

    def offsets(self) -> Tensor:
        """b of all features (F)."""
        return self.bias - self.centre @ self.encoder

    def pre(self, z: Tensor) -> Tensor:
        """Pre-activations (..., F) for z (..., D)."""
        return (z - self.centre) @ self.encoder + self.bias

    def encode(self, z: Tensor) -> Tensor:
        """Activations (..., F), none negative, for z (..., D)."""
        active = self.pre(z)
        if self.threshold is not None:
            active = active * (active > self.threshold)
        active = active.relu()
        if not self.k:
            return active
        largest = active.topk(self.k, dim=-1)
        return torch.zeros_like(active).scatter(-1, largest.indices, largest.values)

    def decode(self, active: Tensor) -> Tensor:
        """z (..., D) as the activations (..., F) tell it."""
        return active @ self.decoder + self.centre

    def state(self) -> dict[str, Tensor]:
        """The tensors that `from_state` reads."""
        tensors = {"encoder": self.encoder, "bias": self.bias, "decoder": self.decoder, "centre": self.centre}
        if self.threshold is not None:
            tensors["threshold"] = self.threshold
        return tensors | {"k": torch.tensor([self.k])}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> HeadSae:
        """The autoencoder with these tensors, in float32.

        Raises:
            WeightsError: if one is missing, has a shape that does not fit, or is not finite.
        """
        missing = {"encoder", "bias", "decoder", "centre"} - set(state)
        if missing:
            raise WeightsError(f"The autoencoder lacks {', '.join(sorted(missing))}.")
        parts = {name: state[name].float() for name in state if name != "k"}
        if parts["encoder"].ndim != 2:
            raise WeightsError("The autoencoder's encoder is no matrix.")
        inputs, features = parts["encoder"].shape
        wanted = {"bias": (features,), "decoder": (features, inputs), "centre": (inputs,), "threshold": (features,)}
        for name, shape in wanted.items():
            if name in parts and tuple(parts[name].shape) != shape:
                raise WeightsError(f"The autoencoder's {name} has shape {tuple(parts[name].shape)}, not {shape}.")
        if not all(bool(part.isfinite().all()) for part in parts.values()):
            raise WeightsError("The autoencoder holds numbers that are not finite.")
        k = int(state["k"]) if "k" in state else 0
        if not 0 <= k <= features:
            raise WeightsError(f"The autoencoder lets {k} of {features} features be active.")
        encoder, bias, decoder, centre = (parts[name] for name in ("encoder", "bias", "decoder", "centre"))
        return cls(encoder, bias, decoder, centre, k, parts.get("threshold"))
