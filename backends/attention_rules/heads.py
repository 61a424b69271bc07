"""The head map: what each head looks at, and how much its output varies, so that one knows where rules may be found.

Many heads spend their attention on the first token, and on one more column that collects it (a second sink); others
write nearly the same vector everywhere. Rules of such heads describe little, whatever their score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.models import Attention, HeadModel, attentions
from backends.progress import Progress

FROM = 8
"""Queries before this position are left out: with few sources, every pattern looks alike."""

DISTANCES = (0, 1, 2, 3, 4, 6, 9, 17, 33)
"""Where the bins of a distance profile begin; the last reaches to the end."""

CONSTANT = 0.1
"""A head whose z varies by less than this share of its mean square writes nearly one vector."""


@dataclass(frozen=True, slots=True)
class HeadMeasures:
    """What one head does, averaged over text.

    Attributes:
        entropy: of a row of attention, nats; `entropy_masked` without the two sinks.
        first, second: share of attention on the first token, and on the strongest other column of late queries.
        previous, itself: share on the token before, and on the query's own.
        same, induction: on repeated random tokens, the share on the earlier copy, and on the token after it.
        distance: mean distance in tokens, without the first token.
        profile: share of attention by distance (bins of `DISTANCES`), sinks masked; sums to 1 but where they take all.
        pca1, pca8: share of the variance of z in 1 and 8 principal components.
        dimension: effective dimension of z: (sum of variances)^2 / sum of their squares.
        varying: share of the mean square of z that is variance; below `CONSTANT`, `constant` is true.
    """

    layer: int
    head: int
    entropy: float
    entropy_masked: float
    first: float
    second: float
    previous: float
    itself: float
    same: float
    induction: float
    distance: float
    profile: tuple[float, ...]
    pca1: float
    pca8: float
    dimension: float
    varying: float

    @property
    def constant(self) -> bool:
        """Whether it writes nearly the same vector everywhere."""
        return self.varying < CONSTANT


def second_sink(pattern: Tensor) -> Tensor:
    """The column (...) besides the first that gets most attention of the second half of the queries.

    `pattern` is (..., T, T) with T >= 4; a column is considered only from queries that can all see it.
    """
    half = pattern.shape[-1] // 2
    return pattern[..., half:, 1:half].mean(-2).argmax(-1) + 1


def mask_sinks(pattern: Tensor) -> Tensor:
    """`pattern` (..., T, T) without the first column and the second sink, its rows summing to 1 again (or to 0)."""
    kept = pattern.clone()
    kept[..., 0] = 0
    column = second_sink(pattern)[..., None, None].expand(*pattern.shape[:-1], 1)
    kept.scatter_(-1, column, 0.0)
    return kept / kept.sum(-1, keepdim=True).clamp_min(1e-9)


def distance_bins(tokens: int) -> Tensor:
    """For each pair of query and source (T, T), the bin of `DISTANCES` that their distance falls in."""
    at = torch.arange(tokens)
    apart = (at[:, None] - at).clamp_min(0)
    return torch.bucketize(apart, torch.tensor(DISTANCES[1:]), right=True)


def pattern_measures(pattern: Tensor) -> dict[str, Tensor]:
    """Means over sequences of what a pattern (B, H, T, T), T > 8, says, each (H), and `profile` (H, bins)."""
    tokens = pattern.shape[-1]
    at = torch.arange(tokens)
    apart = (at[:, None] - at).clamp_min(0)[FROM:].float()
    masked, late = mask_sinks(pattern)[:, :, FROM:], pattern[:, :, FROM:]
    column = second_sink(pattern)[..., None, None].expand(*late.shape[:-1], 1)
    rest = late[..., 1:]
    bins = torch.nn.functional.one_hot(distance_bins(tokens)[FROM:], len(DISTANCES)).float()
    return {
        "entropy": torch.special.entr(late).sum(-1).mean((0, 2)),
        "entropy_masked": torch.special.entr(masked).sum(-1).mean((0, 2)),
        "first": late[..., 0].mean((0, 2)),
        "second": late.gather(-1, column).mean((0, 2, 3)),
        "previous": pattern.diagonal(-1, -2, -1)[..., FROM - 1 :].mean((0, 2)),
        "itself": pattern.diagonal(0, -2, -1)[..., FROM:].mean((0, 2)),
        "distance": ((rest * apart[:, 1:]).sum(-1) / rest.sum(-1).clamp_min(1e-9)).mean((0, 2)),
        "profile": torch.einsum("bhts,tsn->hn", masked, bins) / (masked.shape[0] * masked.shape[2]),
    }


def copy_measures(pattern: Tensor, half: int) -> dict[str, Tensor]:
    """On sequences <first> R R, with `half` tokens in R: attention (H) to the earlier copy and to the token after."""
    same = pattern.diagonal(-half, -2, -1)[..., 1:]  # query 1 + half + j looks at 1 + j
    after = pattern.diagonal(1 - half, -2, -1)[..., 2:]  # and at 2 + j, which for j = 0 .. half - 1 lies before it
    return {"same": same.mean((0, 2)), "induction": after.mean((0, 2))}


def spread(count: int, total: Tensor, products: Tensor) -> dict[str, Tensor]:
    """How z varies, from its sums: `total` (H, D) and `products` (H, D, D) of `count` rows a head; each (H)."""
    mean = (total / count).double()
    covariance = products.double() / count - mean[:, :, None] * mean[:, None, :]
    parts = torch.linalg.eigvalsh(covariance).flip(-1).clamp_min(0)
    whole = parts.sum(-1).clamp_min(1e-12)
    return {
        "pca1": parts[:, 0] / whole,
        "pca8": parts[:, :8].sum(-1) / whole,
        "dimension": whole.square() / parts.square().sum(-1).clamp_min(1e-24),
        "varying": whole / (whole + mean.square().sum(-1)),
    }


@torch.no_grad()
def head_map(model: HeadModel, text: Tensor, *, seed: int = 0, batch: int = 8) -> Iterator[Progress | HeadMeasures]:
    """Measures all heads on sequences `text` (N, T), T > 8; yields progress, then the heads in their order.

    Copies are looked for on N random sequences of tokens of the text, each said twice.
    """
    layers = model.shape.layers
    sums: list[dict[str, Tensor]] = [{} for _ in range(layers)]
    chunks = text.split(batch)
    for number, ids in enumerate(chunks):
        for layer, found in enumerate(attentions(model, ids, layers - 1)):
            _add(sums[layer], pattern_measures(found.pattern), len(ids))
            late = found.z[:, :, FROM:].transpose(0, 1).flatten(1, 2)  # (H, rows, D)
            _add(sums[layer], {"total": late.sum(1), "products": late.mT @ late}, 1)
        repeated, half = _said_twice(ids, seed + number)
        for layer, found in enumerate(attentions(model, repeated, layers - 1)):
            _add(sums[layer], copy_measures(found.pattern, half), len(ids))
        yield Progress((number + 1) / len(chunks), f"{number + 1} of {len(chunks)} batches")
    rows = len(text) * (text.shape[1] - FROM)
    for layer, found_sums in enumerate(sums):
        yield from _heads_of(layer, found_sums, len(text), rows)


def _add(sums: dict[str, Tensor], found: dict[str, Tensor], weight: int) -> None:
    for name, value in found.items():
        sums[name] = sums[name] + weight * value if name in sums else weight * value


def _said_twice(ids: Tensor, seed: int) -> tuple[Tensor, int]:
    half = (ids.shape[1] - 1) // 2
    pool = ids[:, 1:].flatten().unique()
    drawn = pool[torch.randint(len(pool), (len(ids), half), generator=torch.Generator().manual_seed(seed))]
    return torch.cat([ids[:, :1], drawn, drawn], dim=1), half


def _heads_of(layer: int, sums: dict[str, Tensor], sequences: int, rows: int) -> Iterator[HeadMeasures]:
    total, products = sums.pop("total"), sums.pop("products")
    means = {name: value / sequences for name, value in sums.items()} | spread(rows, total, products)
    for head in range(len(total)):
        own = {name: float(value[head]) for name, value in means.items() if name != "profile"}
        yield HeadMeasures(layer=layer, head=head, profile=tuple(means["profile"][head].tolist()), **own)


def rows_of(attention: Attention, head: int) -> Tensor:
    """z of one head as rows (B T, D): what an autoencoder is trained on."""
    return attention.z[:, head].flatten(0, 1)
