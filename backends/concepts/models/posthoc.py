"""PCBM-h (Yuksekgonul et al. 2023): concepts found in a frozen embedding, a linear head, a residual."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from backends.concepts.models.meta import ConceptModel, Representation, Shape, mlp, probability


class PosthocModel(ConceptModel):
    """PCBM-h on the embedding of a frozen black box.

    The concept score is s_i = (w_i.e + b_i) / |w_i| with a linear probe (w, b), a concept
    activation vector; the head is linear on s and the sidechannel z adds one residual scalar per
    output. Here the head takes the probe's probability p and recovers s = logit(p) / |w|, kept
    between the 5th and 95th percentile of the training scores: so an intervention to 0 or 1 means
    those percentiles, as for the logit bottlenecks of Koh et al. (2020).
    """

    reads_soft = True

    score_low: Tensor
    score_high: Tensor

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        # The embedding is what a trained classifier's last layer reads: deep enough that a linear layer classifies.
        self.encoder = nn.Sequential(self.encoder, mlp(width, width, width, hidden=2), nn.ReLU())
        self.probe = nn.Linear(width, shape.n_c)
        self.linear = nn.Linear(shape.n_c, shape.n_y)
        self.residual = nn.Linear(width, shape.n_y)
        self.register_buffer("score_low", torch.full((shape.n_c,), -1.0))
        self.register_buffer("score_high", torch.full((shape.n_c,), 1.0))
        self.set_sidechannel(shape.n_y)

    def represent(self, x: Tensor) -> Representation:
        e = self.encoder(x)
        return Representation(probability(self.probe(e)), self.residual(e))

    def scores(self, c: Tensor) -> Tensor:
        """Concept scores s (b, n_c) of probabilities c."""
        raw = torch.logit(c, eps=1e-6) / self.probe.weight.norm(dim=1)
        within: Tensor = raw.clamp(self.score_low, self.score_high)
        return within

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.linear(self.scores(c)) + z)

    @torch.no_grad()
    def set_score_range(self, x: Tensor) -> None:
        """Sets the 5th and 95th percentile of each concept's score on the training inputs."""
        e = self.encoder(x)
        scores = self.probe(e) / self.probe.weight.norm(dim=1)
        self.score_low.copy_(scores.quantile(0.05, 0))
        self.score_high.copy_(scores.quantile(0.95, 0))
