"""CMR, the concept-based memory reasoner (Debot et al. 2024), with learned or decision-tree rules."""

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
from backends.concepts.requests import Prior

N_RULES = 12  # learned rules for each output; a sum of two digits needs at most 10
N_RULES_BESIDE_TREE = 3  # the paper's CMR*: three learned rules beside the tree's
POSITIVE, NEGATIVE, IRRELEVANT = range(3)


def evaluate_rules(c: Tensor, roles: Tensor) -> Tensor:
    """Truth of every rule: prod_i (irrelevant_i + positive_i c_i + negative_i (1 - c_i)).

    `c` (b, n_c), each 0 or 1; `roles` (n_y, n_r, n_c, 3), a distribution over the three roles;
    result (b, n_y, n_r). As c is hard, the logarithm of the product is linear in it: two matrix
    products instead of a tensor of every literal of every rule.
    """
    if_true = (roles[..., IRRELEVANT] + roles[..., POSITIVE]).clamp_min(EPS).log()
    if_false = (roles[..., IRRELEVANT] + roles[..., NEGATIVE]).clamp_min(EPS).log()
    log_truth = c @ if_true.flatten(0, 1).T + (1 - c) @ if_false.flatten(0, 1).T
    truth: Tensor = log_truth.exp().unflatten(1, roles.shape[:2])
    return truth


class ConceptMemoryReasoner(ConceptModel):
    """CMR: each output has a book of rules, and the sidechannel z selects one of them per sample.

    z is (b, n_y, n_r), a distribution. Bottleneck mode with the learned prior applies *all* rules
    and takes their OR (noisy-OR; exact for the one-hot roles used at evaluation).
    """

    all_rules = True

    fixed_roles: Tensor

    def __init__(self, shape: Shape, width: int, n_learned: int = N_RULES, n_fixed: int = 0) -> None:
        """`n_fixed`: how many rules of each output are injected by `set_rules` instead of learned."""
        super().__init__(shape, width)
        n_rules = n_learned + n_fixed
        self.concept_net = mlp(width, width, shape.n_c, hidden=2)
        self.selector = mlp(width, width, shape.n_y * n_rules, hidden=3)
        self.rule_embedding = nn.Parameter(torch.randn(shape.n_y, n_learned, width // 2))
        self.rule_decoder = mlp(width // 2, width, shape.n_c * 3, hidden=3)
        self.register_buffer("fixed_roles", torch.zeros(shape.n_y, n_fixed, shape.n_c, 3))
        self.set_sidechannel(shape.n_y, n_rules)

    def roles(self) -> Tensor:
        """Role distributions of all rules, (n_y, n_r, n_c, 3); one-hot in evaluation."""
        logits = self.rule_decoder(self.rule_embedding).unflatten(2, (self.shape.n_c, 3))
        learned = logits.softmax(-1)
        if not self.training:
            learned = nn.functional.one_hot(learned.argmax(-1), 3).to(learned.dtype)
        return torch.cat([self.fixed_roles, learned], 1)

    def represent(self, x: Tensor) -> Representation:
        e = self.encoder(x)
        n_rules = self.mean_z.shape[1]
        z = self.selector(e).unflatten(1, (self.shape.n_y, n_rules)).softmax(-1)
        return Representation(probability(self.concept_net(e)), z)

    def head(self, c: Tensor, z: Tensor) -> Tensor:
        return (z * evaluate_rules(c, self.roles())).sum(-1).clamp(EPS, 1 - EPS)

    def bottleneck(self, c: Tensor, z: Tensor, prior: Prior) -> Tensor:
        if prior != "learned":
            return super().bottleneck(c, z, prior)
        missed = 1 - evaluate_rules(self.read(c), self.roles())
        return (1 - missed.prod(-1)).clamp(EPS, 1 - EPS)


class TreeRuleReasoner(ConceptMemoryReasoner):
    """CMR*: rules of decision trees fitted on the true (c, y), injected beside a few learned ones."""

    def __init__(self, shape: Shape, width: int, n_fixed: int = 0) -> None:
        super().__init__(shape, width, N_RULES_BESIDE_TREE, n_fixed)

    def set_rules(self, roles: Tensor) -> None:
        """Injects rules (n_y, n_fixed, n_c, 3), one-hot roles."""
        self.fixed_roles.copy_(roles)
