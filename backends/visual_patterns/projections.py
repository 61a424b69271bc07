"""Other ways to see the same features in two or three dimensions, with figures that say what each keeps.

PCA, LDA (of the classes that the network names), t-SNE, UMAP, AlignedUMAP over checkpoints, Isomap and LLE beside ours.
None of them knows the network's output, so their norms need not mean anything; all are measured alike:

* correlation of strength |z| with uncertainty, the entropy of softmax(logits / T): depends on T, so T is always told;
* agreement: how often the class that the mixture gives z is the network's. Its class directions are closed forms of z
  and P; the scale of z, which these methods leave open, is the one with the least KL[P || Q];
* that KL;
* trustworthiness (Venna and Kaski 2001): whether neighbours in the picture are neighbours in the features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends.errors import InputError, quoted
from backends.visual_patterns import samples

Points = NDArray[np.float32]
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What a projection keeps; see the module. `kl` in nats, `trustworthiness` 0 to 1, `scale` multiplied z."""

    correlation: float
    agreement: float
    kl: float
    trustworthiness: float
    scale: float


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a method is given: features x (n, D), the classes that the network names (n,), d' and a seed."""

    x: Points
    named: NDArray[np.int64]
    dimensions: int
    seed: int


def _pca(w: _Wanted) -> Points:
    from sklearn.decomposition import PCA

    return np.asarray(PCA(w.dimensions, random_state=w.seed).fit_transform(w.x), np.float32)


def _lda(w: _Wanted) -> Points:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    classes = len(np.unique(w.named))
    if classes < 2:
        return np.zeros((len(w.x), w.dimensions), np.float32)  # a network that names one class tells nothing apart
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", n_components=min(w.dimensions, classes - 1))
    found = lda.fit_transform(w.x, w.named)
    return np.pad(np.asarray(found, np.float32), ((0, 0), (0, w.dimensions - found.shape[1])))


def _tsne(w: _Wanted) -> Points:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(w.x) - 1) / 3)
    return np.asarray(TSNE(w.dimensions, perplexity=perplexity, init="pca", random_state=w.seed).fit_transform(w.x))


def _umap(w: _Wanted) -> Points:
    from umap import UMAP

    near = min(15, len(w.x) - 1)
    return np.asarray(
        UMAP(near, w.dimensions, random_state=w.seed, n_jobs=1, init="pca").fit_transform(w.x), np.float32
    )


def _isomap(w: _Wanted) -> Points:
    from sklearn.manifold import Isomap

    return np.asarray(
        Isomap(n_neighbors=min(15, len(w.x) - 1), n_components=w.dimensions).fit_transform(w.x), np.float32
    )


def _lle(w: _Wanted) -> Points:
    from sklearn.manifold import LocallyLinearEmbedding

    lle = LocallyLinearEmbedding(
        n_neighbors=min(15, len(w.x) - 1), n_components=w.dimensions, eigen_solver="dense", random_state=w.seed
    )
    return np.asarray(lle.fit_transform(w.x), np.float32)


METHODS: Mapping[str, Callable[[_Wanted], Points]] = {
    "pca": _pca,
    "lda": _lda,
    "tsne": _tsne,
    "umap": _umap,
    "isomap": _isomap,
    "lle": _lle,
}
TITLES = {
    "ours": "Radial",
    "pca": "PCA",
    "lda": "LDA",
    "tsne": "t-SNE",
    "umap": "UMAP",
    "aligned-umap": "AlignedUMAP",
    "isomap": "Isomap",
    "lle": "LLE",
}


def project(method: str, features: Tensor, logits: Tensor, *, dimensions: int = 3, seed: int = 0) -> Tensor:
    """The features (n, D) of pictures with these logits (n, C) by one of `METHODS`: (n, dimensions), mean 0.

    Raises:
        InputError: for an unknown method, fewer than 10 pictures, features that are not finite or all the same.
    """
    if method not in METHODS:
        raise InputError(f"There is no projection called {quoted(method)}. There are: {', '.join(METHODS)}.")
    _check(features, dimensions)
    x = features.numpy().astype(np.float32)
    return _centred(METHODS[method](_Wanted(x, logits.argmax(1).numpy(), dimensions, seed)))


def aligned_umap(steps: Sequence[Tensor], *, dimensions: int = 3, seed: int = 0) -> list[Tensor]:
    """AlignedUMAP of the same pictures' features (n, D) at two or more checkpoints: (n, dimensions) each, mean 0.

    Raises:
        InputError: for fewer than two checkpoints, or as `project` does.
    """
    from umap import AlignedUMAP

    if len(steps) < 2 or len({len(step) for step in steps}) > 1:
        raise InputError("AlignedUMAP needs two checkpoints or more, of the same pictures.")
    for step in steps:
        _check(step, dimensions)
    same = {i: i for i in range(len(steps[0]))}
    fitted = AlignedUMAP(
        n_neighbors=min(15, len(same) - 1), n_components=dimensions, random_state=seed, n_epochs=100
    ).fit([step.numpy().astype(np.float32) for step in steps], relations=[same] * (len(steps) - 1))
    return [_centred(np.asarray(found, np.float32)) for found in fitted.embeddings_]


def fidelity(
    features: Tensor, z: Tensor, logits: Tensor, *, temperature: float, concentration: float, scaled: bool = True
) -> Fidelity:
    """What z (n, d') keeps of features (n, D) and of the network's output (n, C), tempered by T.

    `scaled` looks for the scale of z with the least KL; for ours, whose strength has a scale, it is not wanted.
    """
    log_p = samples.log_target(logits, temperature)
    spread = float(z.norm(dim=1).mean())
    scales = [s / spread for s in np.geomspace(1e-2, 1e2, 41)] if scaled and spread > 0 else [1.0]
    best = min((_divergence(z * s, log_p, concentration), s) for s in scales)
    mu, prior = samples.class_directions(z * best[1], log_p)
    named = samples.log_posterior(z * best[1], mu, concentration, prior).argmax(1)
    return Fidelity(
        samples.correlation(z.norm(dim=1), samples.entropy(log_p)),
        float((named == log_p.argmax(1)).float().mean()),
        best[0],
        _trustworthiness(features, z),
        best[1],
    )


def _divergence(z: Tensor, log_p: Tensor, concentration: float) -> float:
    mu, prior = samples.class_directions(z, log_p)
    return float(samples.divergence(log_p, samples.log_posterior(z, mu, concentration, prior)).mean())


def _trustworthiness(features: Tensor, z: Tensor) -> float:
    from sklearn.manifold import trustworthiness

    near = min(NEIGHBOURS, (len(z) - 1) // 2)
    return float(trustworthiness(features.numpy(), z.numpy(), n_neighbors=near))


def _centred(found: Points) -> Tensor:
    z = torch.from_numpy(np.nan_to_num(found.astype(np.float32)))
    return z - z.mean(0)


def _check(features: Tensor, dimensions: int) -> None:
    if dimensions not in (2, 3):
        raise InputError(f"A projection has 2 or 3 dimensions, not {dimensions}.")
    if features.ndim != 2 or len(features) < 10 or features.shape[1] < dimensions:
        raise InputError(f"A projection needs at least 10 pictures and {dimensions} channels.")
    if not features.isfinite().all() or not (features.std(0) > 0).any():
        raise InputError("These features are all the same or not finite; no projection tells them apart.")
