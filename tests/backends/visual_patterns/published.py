"""The regional stage as it was published, written out pair by pair: K x R x R tensors, loops, autograd. A yardstick."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def matched(one: Tensor, other: Tensor, v: Tensor) -> Tensor:
    """The best region of `other` (R, K) for each region of `one` (R, K): (R,)."""
    full = one[:, None, :] * other[None, :, :] * v  # (R, R, K)
    return full.sum(2).argmax(1)


def importance(
    features: Tensor, target: Tensor, partners: Tensor, steps: int, *, rematch: bool, plain: bool = False
) -> tuple[Tensor, ...]:
    """w, v and the best KL of every picture.

    `rematch` matches anew at every step, and `plain` steps down the gradient and takes absolute values, as was
    published; without, each step is multiplicative.
    """
    unit = normalize(features, dim=2)
    n, regions, channels = unit.shape
    out = []
    for i in range(n):
        w = torch.full((regions,), 1 / regions, requires_grad=True)
        v = torch.full((channels,), 1 / channels, requires_grad=True)
        optimizer = torch.optim.SGD([w, v], lr=0.05, momentum=0.9, weight_decay=5e-4)
        places = [matched(unit[i], unit[j], v.detach()) for j in partners[i]]
        best = (w.detach().clone(), v.detach().clone(), torch.tensor(torch.inf))
        for step in range(steps + 1):
            if rematch:
                places = [matched(unit[i], unit[j], v.detach()) for j in partners[i]]
            logs = torch.stack(
                [1000 * (unit[i] * unit[j][place] * v).sum(1) for j, place in zip(partners[i], places, strict=True)]
            )  # (m, R)
            log_each = torch.log_softmax(logs, 0)
            log_q = torch.log_softmax((log_each * w).sum(1), 0)
            kl = (target[i].exp() * (target[i] - log_q)).sum()
            if kl < best[2]:
                best = (w.detach().clone(), v.detach().clone(), kl.detach())
            if step < steps:
                optimizer.zero_grad()
                kl.backward()
                if plain:
                    optimizer.step()
                for weight in (w, v):
                    assert weight.grad is not None
                    down = weight.grad - (weight.data * weight.grad).sum()
                    factor = torch.ones(()) if plain else torch.exp(-0.3 * down / down.abs().max())
                    weight.data = (weight.data * factor).abs() / (weight.data * factor).abs().sum()
        out.append(best)
    return tuple(torch.stack(part) for part in zip(*out, strict=True))


def losses(
    h: Tensor, g: Tensor, w: Tensor, i: int, partners: Tensor, match: Tensor, target: Tensor, s: float
) -> Tensor:
    """L_similarity and sum_r w_r cos(h[r], g) of picture i: (2,)."""
    scores = []
    for j, place in zip(partners.tolist(), match.tolist(), strict=True):
        cosines = [torch.cosine_similarity(h[i, r], h[j, place[r]], dim=0) for r in range(h.shape[1])]
        scores.append(torch.stack([s * h[i, r].norm() * c for r, c in enumerate(cosines)]))
    log_each = torch.log_softmax(torch.stack(scores), 0)
    log_q = torch.log_softmax((log_each * w[i]).sum(1), 0)
    kl = (target.exp() * (target - log_q)).sum()
    aligned = sum(w[i, r] * torch.cosine_similarity(h[i, r], g[i], dim=0) for r in range(h.shape[1]))
    return torch.stack([kl, torch.as_tensor(aligned)])
