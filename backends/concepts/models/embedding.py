"""Models whose sidechannel is a pair of embeddings for each concept: CEM and DCR."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from backends.concepts.models.meta import (
    EPS,
    ConceptModel,
    Representation,
    Shape,
    mlp,
    probability,
)

EMBEDDING = 8  # width of one concept embedding


class PerConcept(nn.Module):
    """A linear layer of its own for each concept: (b, n_c, n_in) -> (b, n_c, n_out)."""

    def __init__(self, n_c: int, n_in: int, n_out: int) -> None:
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(n_c, n_in, n_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_c, n_out).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bci,cio->bco", x, self.weight) + self.bias


class EmbeddingModel(ConceptModel):
    """Shared by this family: z holds, for each concept, an embedding for "true" and one for "false".

    z is (b, n_c, 2, EMBEDDING); a concept's probability comes from its own two embeddings.
    """

    rand_int = 0.05  # the paper's p_randint (App. D)

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        self.side_net = mlp(width, width, shape.n_c * 2 * EMBEDDING, hidden=2)
        self.score = PerConcept(shape.n_c, 2 * EMBEDDING, 1)
        self.set_sidechannel(shape.n_c, 2, EMBEDDING)

    def represent(self, x: Tensor) -> Representation:
        z = self.side_net(self.encoder(x)).unflatten(1, (self.shape.n_c, 2, EMBEDDING))
        return Representation(probability(self.score(z.flatten(2)).squeeze(2)), z)

    @staticmethod
    def mix(c: Tensor, z: Tensor) -> Tensor:
        """c z+ + (1 - c) z-, (b, n_c, EMBEDDING)."""
        weight = c[:, :, None]
        return weight * z[:, :, 0] + (1 - weight) * z[:, :, 1]


class ConceptEmbeddingModel(EmbeddingModel):
    """CEM (Espinosa Zarlenga et al. 2022): a network reads the mixed embeddings. Trains with RandInt."""

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        self.head_net = mlp(shape.n_c * EMBEDDING, width, shape.n_y, hidden=3)

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.head_net(self.mix(c, z).flatten(1)))


def conjunction(c: Tensor, polarity: Tensor, relevance: Tensor) -> Tensor:
    """Truth of AND_i [not r_i or (s_i <-> c_i)] in product logic.

    `c` (b, n_c), `polarity` s and `relevance` r (b, n_c, n_y), all in 0..1; the result is (b, n_y).
    not r or q = 1 - r + r q. The product runs in log-space so that many concepts do not underflow.
    """
    c = c[:, :, None]
    agree = (1 - polarity * (1 - c)) * (1 - c * (1 - polarity))  # s <-> c
    literal = 1 - relevance * (1 - agree)
    return literal.clamp_min(EPS).log().sum(1).exp()


class DeepConceptReasoner(EmbeddingModel):
    """DCR (Barbiero et al. 2023), in the paper's form: a fuzzy rule for each sample and output.

    From each mixed embedding a network of the concept's own makes polarity s and relevance r (two
    sigmoids per output; the sigmoid replaces DCR's rescaled softmax, App. D).
    """

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        n_c, rule_width = shape.n_c, width // 2
        self.rule_net = nn.Sequential(
            PerConcept(n_c, EMBEDDING, rule_width),
            nn.ReLU(),
            PerConcept(n_c, rule_width, rule_width),
            nn.ReLU(),
            PerConcept(n_c, rule_width, 2 * shape.n_y),
        )

    def rule(self, c: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Polarity and relevance of each concept for each output, both (b, n_c, n_y) in 0..1."""
        gates = torch.sigmoid(self.rule_net(self.mix(c, z))).unflatten(2, (2, self.shape.n_y))
        return gates[:, :, 0], gates[:, :, 1]

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return conjunction(c, *self.rule(c, z)).clamp(EPS, 1 - EPS)
