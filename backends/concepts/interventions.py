"""Interventions at test time: how accuracy moves as more concepts are corrected, and in which order.

Policies choose the order in which groups (or single concepts) are set:

* random: the same random order for all samples, several orders (Koh et al. 2020; the paper uses one);
* uncertainty: the group whose prediction is least certain first;
* coop: uncertainty times influence on the prediction (after Chauhan et al. 2023);
* greedy: an oracle that knows the answer and always sets the group that helps most; an upper bound.

An intervention sets a group to its true value, or with probability `wrong_rate` to a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backends import runtime
from backends.concepts import sis
from backends.concepts.answers import Curve
from backends.concepts.checkpoints import Loaded
from backends.concepts.requests import CurveRequest, Policy, Unit
from backends.concepts.tasks import ConceptTask, Group, Split

N_ORDERS = 5
MAX_SAMPLES = 1000


def units_of(task: ConceptTask, unit: Unit) -> tuple[Group, ...]:
    """What one intervention sets: groups, or each concept alone."""
    if unit == "group":
        return task.groups
    return tuple(Group(name, (i,)) for i, name in enumerate(task.concepts))


def intervention_values(
    c: npt.NDArray[np.float32], units: tuple[Group, ...], wrong_rate: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """True concepts (n, n_c) with units set wrongly at random.

    A wrong yes/no concept is flipped, a wrong one-hot group names another member.
    """
    values = c.copy()
    for unit in units:
        wrong = rng.random(len(c)) < wrong_rate
        members = list(unit.members)
        if unit.one_hot:
            shift = rng.integers(1, len(members), size=len(c))
            wrong_member = (c[:, members].argmax(1) + shift) % len(members)
            one_hot = np.eye(len(members), dtype=np.float32)[wrong_member]
            values[:, members] = np.where(wrong[:, None], one_hot, c[:, members])
        else:
            values[:, members[0]] = np.where(wrong, 1 - c[:, members[0]], c[:, members[0]])
    return values


@dataclass(frozen=True, slots=True)
class _Bench:
    """A model with a batch on which orders are tried: predictions, values to set, the answers."""

    loaded: Loaded
    units: tuple[Group, ...]
    c: Tensor  # (n, n_c) predicted
    z: Tensor
    values: Tensor  # (n, n_c) what an intervention sets
    y: Tensor

    def used(self, done: Tensor) -> Tensor:
        """Concepts after the interventions marked in `done` (n, n_units)."""
        mask = torch.zeros_like(self.c, dtype=torch.bool)
        for i, unit in enumerate(self.units):
            mask[:, list(unit.members)] = done[:, i : i + 1]
        return torch.where(mask, self.values, self.c)

    def default(self, done: Tensor) -> Tensor:
        return self.loaded.model.default(self.used(done), self.z)

    def accuracies(self, done: Tensor) -> tuple[float, float]:
        """Accuracy of default and bottleneck mode."""
        used, y = self.used(done), self.y.cpu().numpy()
        model = self.loaded.model
        modes = (model.default(used, self.z), model.bottleneck(used, self.z, self.loaded.prior))
        default, bottleneck = (sis.accuracy(p.cpu().numpy(), y) for p in modes)
        return default, bottleneck


def _uncertainty(bench: _Bench) -> Tensor:
    """Mean entropy (nats) of each unit's concept predictions, (n, n_units)."""
    entropy = torch.special.entr(bench.c) + torch.special.entr(1 - bench.c)
    return torch.stack([entropy[:, list(u.members)].mean(1) for u in bench.units], 1)


def _influence(bench: _Bench, done: Tensor, unit: int) -> Tensor:
    """Expected total variation of the outputs when a unit is set, under its own prediction, (n,)."""
    members = list(bench.units[unit].members)
    before, used = bench.default(done), bench.used(done)
    p = bench.c[:, members]
    if len(members) == 1:
        options, weights = torch.tensor([[0.0], [1.0]]), torch.cat([1 - p, p], 1)
    else:
        options, weights = torch.eye(len(members)), p / p.sum(1, keepdim=True)
    total = torch.zeros(len(p), device=p.device)
    for k, option in enumerate(options):
        changed = used.clone()
        changed[:, members] = option.to(changed)
        after = bench.loaded.model.default(changed, bench.z)
        total += weights[:, k] * (after - before).abs().mean(1)
    return total


def _gain(bench: _Bench, done: Tensor, unit: int) -> Tensor:
    """Log-likelihood of the true outputs (nats) after setting a unit, (n,)."""
    tried = done.clone()
    tried[:, unit] = True
    p = bench.default(tried)
    return (bench.y * p.log() + (1 - bench.y) * (1 - p).log()).sum(1)


def _next(bench: _Bench, done: Tensor, policy: Policy) -> Tensor:
    """The unit that each sample has set next, (n,)."""
    scores = _uncertainty(bench)
    if policy != "uncertainty":
        rate = _influence if policy == "coop" else _gain
        rated = torch.stack([rate(bench, done, i) for i in range(len(bench.units))], 1)
        scores = scores * rated if policy == "coop" else rated
    return scores.masked_fill(done, -torch.inf).argmax(1)


def _follow(bench: _Bench, order: list[int] | None, policy: Policy) -> list[tuple[float, float]]:
    """Accuracies of both modes after 0..n_units interventions."""
    done = torch.zeros(len(bench.c), len(bench.units), dtype=torch.bool, device=bench.c.device)
    points = [bench.accuracies(done)]
    rows = torch.arange(len(done), device=done.device)
    for k in range(len(bench.units)):
        chosen = _next(bench, done, policy) if order is None else order[k]
        done[rows, chosen] = True
        points.append(bench.accuracies(done))
    return points


@runtime.small_model()
@torch.no_grad()
def intervention_curve(loaded: Loaded, request: CurveRequest, split: Split | None = None) -> Curve:
    """The curve on the first 1,000 test samples (or those of `split`)."""
    task = loaded.request.concept_task
    data = (split or task.split("test")).head(MAX_SAMPLES)
    units = units_of(task, request.unit)
    rng = np.random.default_rng(request.seed)
    device = next(loaded.model.parameters()).device
    x, y = torch.from_numpy(data.x).to(device), torch.from_numpy(data.y).to(device)
    c, z = loaded.model.represent(x)
    paths = []
    for _ in range(N_ORDERS if request.policy == "random" else 1):
        values = intervention_values(data.c, units, request.wrong_rate, rng)
        bench = _Bench(loaded, units, c, z, torch.from_numpy(values).to(device), y)
        order = rng.permutation(len(units)).tolist() if request.policy == "random" else None
        paths.append(_follow(bench, order, request.policy))
    points = np.array(paths)  # (orders, n_units + 1, 2)
    mean, sd = points.mean(0), points.std(0)
    return Curve(
        request,
        len(data),
        len(paths),
        tuple(mean[:, 0].tolist()),
        tuple(sd[:, 0].tolist()),
        tuple(mean[:, 1].tolist()),
        tuple(sd[:, 1].tolist()),
    )


@runtime.small_model()
@torch.no_grad()
def concepts_off(loaded: Loaded) -> float:
    """Default-mode accuracy on the test split when each sample gets another sample's concepts.

    The opposite of bottleneck mode: what the sidechannel alone can do. Concepts are drawn from their
    own distribution (rolled by one sample) rather than set to base rates, which no sample has.
    """
    data = loaded.request.concept_task.split("test")
    device = next(loaded.model.parameters()).device
    c, z = loaded.model.represent(torch.from_numpy(data.x).to(device))
    return sis.accuracy(loaded.model.default(c.roll(1, 0), z).cpu().numpy(), data.y)
