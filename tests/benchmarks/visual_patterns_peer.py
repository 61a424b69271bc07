"""The regional stage as it was published, written out directly, and ours, each in a process of its own.

Li, Wang, Zhang 2021: for each picture, 20 steps of SGD for w and v, regions matched anew at every step over a tensor
of partners x K x R x R; then 20 passes for Lambda, one picture a step. Prints seconds, memory and what was reached.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable

import psutil
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from backends.visual_patterns import importance, regions, samples
from backends.visual_patterns.importance import Importance

PASSES = 20
S = 4.0


def features(n: int, channels: int, side: int = 8, classes: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    """Regions' features (n, R, K) with an object of each class in a quarter of the regions; logits; places g (n, 3)."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % classes
    prototypes = torch.rand(classes, channels, generator=generator)
    f = 0.6 * torch.rand(n, side * side, channels, generator=generator)
    here = torch.rand(n, side * side, generator=generator) < 0.25
    f[here] += prototypes[labels[:, None].expand_as(here)[here]]
    logits = 6 * torch.nn.functional.one_hot(labels, classes) + torch.randn(n, classes, generator=generator)
    return f, logits, torch.randn(classes, 3, generator=generator)[labels]


def _matched(one: Tensor, others: Tensor, v: Tensor) -> Tensor:
    """The best region of each of m partners (m, R, K) for each of one picture's (R, K), over m x K x R x R numbers."""
    product = one.T[None, :, :, None] * others.transpose(1, 2)[:, :, None, :]  # (m, K, R, R')
    return (product * v[None, :, None, None]).sum(1).argmax(2)


def published(f: Tensor, logits: Tensor, g: Tensor) -> tuple[float, float, float]:
    """The published stage: KL of w and v, and L_similarity and alignment after Lambda."""
    n, count, channels = f.shape
    log_p = samples.log_target(logits, 1.0)
    partners = importance.choose_partners(n, importance.PARTNERS, 0)
    target = importance.log_similarity(log_p, partners)
    unit = normalize(f, dim=2)
    weights, tables, kls = torch.empty(n, count), [], torch.empty(n)
    for i in range(n):
        w = torch.full((count,), 1 / count, requires_grad=True)
        v = torch.full((channels,), 1 / channels, requires_grad=True)
        optimizer = torch.optim.SGD([w, v], lr=0.05, momentum=0.9, weight_decay=5e-4)
        others, rows = unit[partners[i]], torch.arange(len(partners[i]))[:, None]
        for _ in range(importance.STEPS):
            match = _matched(unit[i], others, v.detach())
            similar = (unit[i] * others[rows, match] * v).sum(2)
            log_each = torch.log_softmax(importance.FEATURE_CONCENTRATION * similar, 0)
            kl = (target[i].exp() * (target[i] - torch.log_softmax(log_each @ w, 0))).sum()
            optimizer.zero_grad()
            kl.backward()
            optimizer.step()
            for one in (w, v):
                one.data = one.data.abs() / one.data.abs().sum()
        weights[i], kls[i] = w.detach(), kl.detach()
        tables.append(_matched(unit[i], others, v.detach()).to(torch.int16))
    found = Importance(weights, torch.empty(0), partners, torch.stack(tables), target, kls)
    scale = f.norm(dim=2).mean()
    projection = (0.1 * torch.randn(3, channels, generator=torch.Generator().manual_seed(0))).requires_grad_()
    optimizer = torch.optim.SGD([projection], lr=0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(PASSES):
        for i in torch.randperm(n):
            row = partners[i]
            own, theirs = f[i] / scale @ projection.T, f[row] / scale @ projection.T
            matched = theirs.gather(1, found.match[i].long()[..., None].expand(-1, -1, 3))
            strength = own.detach().norm(dim=1)
            log_each = torch.log_softmax(S * strength * cosine_similarity(own, matched, dim=2), 0)
            log_q = torch.log_softmax((log_each * weights[i]).sum(1), 0)
            similarity = (target[i].exp() * (target[i] - log_q)).sum()
            loss = similarity - 0.1 * (weights[i] * cosine_similarity(own, g[i][None], dim=1)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        parts = [regions.losses(f / scale @ projection.T, g, found, torch.tensor([i]), S) for i in range(n)]
    similarity, alignment = (torch.cat(part).mean() for part in zip(*parts, strict=True))
    return float(kls.mean()), float(similarity), float(alignment)


def ours(f: Tensor, logits: Tensor, g: Tensor) -> tuple[float, float, float]:
    """The same of our stage."""
    found = importance.weigh(f, samples.log_target(logits, 1.0))
    layer = regions.fit(f, found, g, concentration=S)
    return float(found.kl.mean()), layer.similarity, layer.alignment


SIDES: dict[str, Callable[[Tensor, Tensor, Tensor], tuple[float, float, float]]] = {"peer": published, "ours": ours}


def main() -> None:
    """Runs one side and prints a line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--grid", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    material = features(options.images, options.channels, options.grid)
    SIDES[options.side](*(part[:12] for part in material))  # what is loaded once is loaded
    resident = float(psutil.Process().memory_info().rss) / 2**20
    started = time.process_time()
    kl, similarity, alignment = SIDES[options.side](*material)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - resident
    print(
        json.dumps({"seconds": seconds, "megabytes": peak, "kl": kl, "similarity": similarity, "alignment": alignment})
    )


if __name__ == "__main__":
    main()
