"""The explanation that fits each model: weights, a local rule, a rule book, or one-flip effects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends import runtime
from backends.concepts import checkpoints
from backends.concepts.answers import (
    BookRule,
    Explanation,
    Flip,
    Flips,
    Literal,
    LocalRule,
    RuleBook,
    Weight,
    Weights,
)
from backends.concepts.models import ConceptModel
from backends.concepts.models.embedding import DeepConceptReasoner
from backends.concepts.models.posthoc import PosthocModel
from backends.concepts.models.residual import LinearResidualModel
from backends.concepts.models.rules import (
    IRRELEVANT,
    POSITIVE,
    ConceptMemoryReasoner,
    evaluate_rules,
)
from backends.concepts.requests import PredictRequest, resolve_edits
from backends.concepts.tasks import ConceptTask
from backends.errors import InputError


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample inside a model, edits applied."""

    model: ConceptModel
    task: ConceptTask
    c: Tensor  # (1, n_c) in effect
    z: Tensor
    output: int
    request: PredictRequest


@runtime.small_model()
@torch.no_grad()
def explain(request: PredictRequest, output: str | None = None) -> Explanation:
    """The explanation of one output (its name; the true one if None) for a sample with its edits."""
    loaded = checkpoints.load(request.model)
    task = request.model.concept_task
    if output is not None and output not in task.outputs:
        raise InputError(f"There is no such output; choose from {', '.join(task.outputs)}.")
    device = next(loaded.model.parameters()).device
    x = torch.from_numpy(task.split("test").x[[request.sample]]).to(device)
    c, z = loaded.model.represent(x)
    for concept, value in resolve_edits(task, request.edits).items():
        c[0, concept] = value
    true_output = int(task.split("test").y[request.sample].argmax())
    k = true_output if output is None else task.outputs.index(output)
    sample = _Sample(loaded.model, task, c, z, k, request)
    if isinstance(loaded.model, LinearResidualModel | PosthocModel):
        return weights(sample)
    if isinstance(loaded.model, DeepConceptReasoner):
        return local_rule(sample, loaded.model)
    if isinstance(loaded.model, ConceptMemoryReasoner):
        return rule_book(sample, loaded.model)
    return flips(sample)


def weights(sample: _Sample) -> Weights:
    """Weights of a linear head, LRM or PCBM-h, for one output."""
    model, task, k = sample.model, sample.task, sample.output
    x = torch.from_numpy(task.split("test").x).to(sample.c.device)
    c, z = model.represent(x)
    if isinstance(model, PosthocModel):
        w_c, w_z, read = model.linear.weight[k], torch.ones(1, device=z.device), model.scores(c)
        z = z[:, k : k + 1]
    else:
        assert isinstance(model, LinearResidualModel)
        w = model.linear.weight[k]
        w_c, w_z, read = w[: c.shape[1]], w[c.shape[1] :], model.read(c)
    by_concept, by_z = w_c * read.std(0), w_z * z.std(0)
    rows = [Weight(n, float(v), False) for n, v in zip(task.concepts, by_concept, strict=True)]
    rows += [Weight(f"z{i + 1}", float(v), True) for i, v in enumerate(by_z)]
    rows.sort(key=lambda row: -abs(row.contribution))
    own, side = float(by_concept.abs().sum()), float(by_z.abs().sum())
    raw_own, raw_side = float(w_c.abs().sum()), float(w_z.abs().sum())
    return Weights(task.outputs[k], tuple(rows), own / (own + side), raw_own / (raw_own + raw_side))


def local_rule(sample: _Sample, model: DeepConceptReasoner) -> LocalRule:
    """The rule that DCR wrote for the sample."""
    k, c = sample.output, model.read(sample.c)
    polarity, relevance = (part[0, :, k] for part in model.rule(c, sample.z))
    holds = polarity * c[0] + (1 - polarity) * (1 - c[0])
    literals = [
        Literal(name, bool(polarity[i] >= 0.5), float(relevance[i]), float(holds[i]))
        for i, name in enumerate(sample.task.concepts)
    ]
    literals.sort(key=lambda literal: -literal.relevance)
    truth = float(model.default(sample.c, sample.z)[0, k])
    return LocalRule(sample.task.outputs[k], tuple(literals), truth)


def rule_text(task: ConceptTask, roles: Tensor) -> str:
    """A rule's roles (n_c, 3), one-hot, in words; a one-hot group's negations are left to its positive."""
    if not roles.any(1).all():
        return "never"
    wanted = {i for i in range(len(task.concepts)) if roles[i, POSITIVE]}
    parts = []
    for group in task.groups:
        decided = [i for i in group.members if not roles[i, IRRELEVANT]]
        positive = [task.concepts[i] for i in decided if i in wanted]
        parts += positive or [f"not {task.concepts[i]}" for i in decided]
    return " and ".join(parts) if parts else "always"


def rule_book(sample: _Sample, model: ConceptMemoryReasoner) -> RuleBook:
    """CMR's rules for one output with their usage on the test split and their state here."""
    k, task = sample.output, sample.task
    roles = model.roles()
    x = torch.from_numpy(task.split("test").x).to(sample.c.device)
    chosen = model.represent(x).z[:, k].argmax(1)
    usage = torch.bincount(chosen, minlength=roles.shape[1]) / len(chosen)
    fires = evaluate_rules(model.read(sample.c), roles)[0, k] > 0.5
    n_injected = model.fixed_roles.shape[1]
    rules = [
        BookRule(
            rule_text(task, roles[k, r]),
            float(usage[r]),
            float(sample.z[0, k, r]),
            bool(fires[r]),
            r < n_injected,
        )
        for r in range(roles.shape[1])
    ]
    rules = [rule for rule in rules if rule.text != "never"]
    rules.sort(key=lambda rule: (-rule.selected, -rule.usage))
    return RuleBook(task.outputs[k], tuple(rules), bool(fires.any()))


def flips(sample: _Sample) -> Flips:
    """Each group set to each other member, each yes/no concept the other way; one at a time."""
    model, k = sample.model, sample.output
    prior = sample.request.prior or checkpoints.load(sample.request.model).prior
    changes, tried = _alternatives(sample)
    c = torch.cat([sample.c, tried])
    z = sample.z.expand(len(c), *sample.z.shape[1:])
    default = model.default(c, z)[:, k]
    bottleneck = model.bottleneck(c, z, "mean" if prior == "shuffled" else prior)[:, k]
    rows = [
        Flip(change, float(default[i] - default[0]), float(bottleneck[i] - bottleneck[0]))
        for i, change in enumerate(changes, 1)
    ]
    return Flips(sample.task.outputs[k], tuple(rows))


def _alternatives(sample: _Sample) -> tuple[list[str], Tensor]:
    """Descriptions and concept vectors (m, n_c) of all single changes."""
    changes, vectors = [], []
    for group in sample.task.groups:
        members = list(group.members)
        if not group.one_hot:
            changed = sample.c[0].clone()
            changed[members[0]] = 0.0 if changed[members[0]] > 0.5 else 1.0
            word = "yes" if changed[members[0]] else "no"
            changes.append(f"{sample.task.concepts[members[0]]}: {word}")
            vectors.append(changed)
            continue
        present = int(sample.c[0, members].argmax())
        for j, member in enumerate(members):
            if j == present:
                continue
            changed = sample.c[0].clone()
            changed[members] = 0.0
            changed[member] = 1.0
            changes.append(sample.task.concepts[member])
            vectors.append(changed)
    return changes, torch.stack(vectors)
