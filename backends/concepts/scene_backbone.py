"""The small frozen network through which models see scenes.

A CNN trained to name all five factors of other scenes (never those of the tasks), then frozen; its
last hidden layer is the embedding. Factors that a task hides from its concepts are still in it, as
hidden attributes are in a pretrained ResNet's embedding.

`python -m backends.concepts.scene_backbone` trains it again and stores it.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from backends import runtime, store
from backends.concepts.tasks.base import Floats, Picture
from backends.concepts.tasks.scenes import FACTORS, draw_factors, render_all

NAME = "concepts/scene-backbone"
WIDTH = 64
SEED, N_TRAIN, N_TEST, EPOCHS, BATCH = 101, 8000, 1000, 12, 64


class SceneBackbone(nn.Module):
    """Scenes (b, 3, 64, 64) in -1..1 -> embedding (b, 64); `factors` gives logits of all factors."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),  # (b, 32 * 4 * 4)
            nn.Linear(512, WIDTH),
        )
        self.factors = nn.Linear(WIDTH, sum(map(len, FACTORS.values())))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


def _pixels(scenes: Picture) -> Tensor:
    return torch.from_numpy(scenes).permute(0, 3, 1, 2).float() / 127.5 - 1


def _factor_logits(model: SceneBackbone, embedding: Tensor) -> tuple[Tensor, ...]:
    sizes = [len(values) for values in FACTORS.values()]
    return model.factors(embedding.relu()).split(sizes, 1)  # type: ignore[no-any-return]


def factor_accuracy(model: SceneBackbone, scenes: Tensor, factors: Tensor) -> float:
    """Share of factors named correctly."""
    with torch.no_grad():
        logits = _factor_logits(model, model(scenes))
    hits = [(part.argmax(1) == factors[:, i]).float().mean() for i, part in enumerate(logits)]
    return float(torch.stack(hits).mean())


def train_backbone() -> SceneBackbone:
    """Trains the network from its seed."""
    runtime.seed_everything(SEED)
    labels = draw_factors(SEED, N_TRAIN)
    x, y = _pixels(render_all(labels, SEED)), torch.from_numpy(labels)
    model = SceneBackbone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, fused=True)
    steps = EPOCHS * -(-N_TRAIN // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for epoch in range(EPOCHS):
        for rows in torch.randperm(N_TRAIN).split(BATCH):
            logits = _factor_logits(model, model(x[rows]))
            losses = [nn.functional.cross_entropy(p, y[rows, i]) for i, p in enumerate(logits)]
            optimizer.zero_grad()
            loss = torch.stack(losses).sum()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss.item():.3f}")
    return model


@cache
def _load() -> tuple[SceneBackbone, str]:
    tensors, entry = store.load_weights(NAME)
    model = SceneBackbone()
    model.load_state_dict(tensors)
    return model.eval(), entry.sha256


def checksum() -> str:
    """SHA-256 of the shipped weights; part of the key of everything computed with them."""
    return _load()[1]


@torch.no_grad()
def embed(scenes: Picture) -> Floats:
    """Embeddings (n, 64) of scenes (n, 64, 64, 3)."""
    model, _ = _load()
    parts = [model(batch) for batch in _pixels(scenes).split(256)]
    embedding: Floats = torch.cat(parts).numpy().astype(np.float32)
    return embedding


def main() -> None:
    """Trains the network, measures it on fresh scenes and stores it."""
    model = train_backbone()
    labels = draw_factors(SEED + 1, N_TEST)
    test = _pixels(render_all(labels, SEED + 1))
    accuracy = factor_accuracy(model.eval(), test, torch.from_numpy(labels))
    store.save_weights(
        NAME,
        model.state_dict(),
        command="python -m backends.concepts.scene_backbone",
        seed=SEED,
        data=f"{N_TRAIN} procedural scenes",
        device="cpu",
        date=date.today().isoformat(),
        figures={"factor_accuracy": round(accuracy, 4), "n": N_TEST},
    )
    print(f"factor accuracy {accuracy:.4f} on {N_TEST} fresh scenes")


if __name__ == "__main__":
    main()
