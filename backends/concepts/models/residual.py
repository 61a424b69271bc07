"""Models whose sidechannel is one embedding: CBM (none), CRM, LRM, detached residual, black box."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from backends.concepts.models.meta import (
    ConceptModel,
    Representation,
    Shape,
    mlp,
    probability,
)


class ResidualModel(ConceptModel):
    """Shared by this family: concepts and an embedding z, each by its own network on the encoder."""

    def __init__(self, shape: Shape, width: int, z_width: int | None = None) -> None:
        super().__init__(shape, width)
        self.z_width = width if z_width is None else z_width
        self.concept_net = mlp(width, width, shape.n_c, hidden=2)
        self.side_net = mlp(width, width, self.z_width, hidden=2) if self.z_width else None
        self.set_sidechannel(self.z_width)

    def represent(self, x: Tensor) -> Representation:
        e = self.encoder(x)
        z = e.new_zeros(len(e), 0) if self.side_net is None else self.side_net(e)
        return Representation(probability(self.concept_net(e)), z)


class ConceptResidualModel(ResidualModel):
    """CRM, or hybrid CBM (Mahinpei et al. 2021): a network reads [c, z]."""

    def __init__(self, shape: Shape, width: int, z_width: int | None = None) -> None:
        super().__init__(shape, width, z_width)
        self.head_net = mlp(shape.n_c + self.z_width, width, shape.n_y, hidden=3)

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.head_net(torch.cat([c, z], 1)))


class ConceptBottleneckModel(ConceptResidualModel):
    """CBM (Koh et al. 2020): a CRM without a sidechannel, so its SIS is 1 by construction."""

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width, z_width=0)


class IndependentCBM(ConceptBottleneckModel):
    """CBM whose head is trained on the true concepts."""

    rand_int = 1.0


class JointCBM(ConceptBottleneckModel):
    """CBM whose head reads concept probabilities and whose task loss reaches the concepts."""

    reads_soft = True


class LinearResidualModel(ResidualModel):
    """LRM (defined in the paper): a linear head on [c, z]; its weights can be read."""

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        self.linear = nn.Linear(shape.n_c + self.z_width, shape.n_y)

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.linear(torch.cat([c, z], 1)))


class DetachedResidualModel(ResidualModel):
    """Detach baseline (as Res-CBM, 2024): logit y = f(c) + g(x), where g trains on what f leaves.

    z is g's logit for each output, and the prior is z = 0, which is f alone.
    """

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width, z_width=shape.n_y)
        self.head_net = mlp(shape.n_c, width, shape.n_y, hidden=3)

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.head_net(c) + z)

    def detached(self, c: Tensor, z: Tensor) -> Tensor:
        """As `default`, with no gradient into the concept head."""
        return probability(self.head_net(self.read(c)).detach() + z)


class BlackBox(ResidualModel):
    """Reference without concepts: y from z alone. Its concepts are a probe that trains nothing else."""

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__(shape, width)
        self.head_net = mlp(self.z_width, width, shape.n_y, hidden=1)

    def represent(self, x: Tensor) -> Representation:
        e = self.encoder(x)
        assert self.side_net is not None
        return Representation(probability(self.concept_net(e.detach())), self.side_net(e))

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return probability(self.head_net(z))
