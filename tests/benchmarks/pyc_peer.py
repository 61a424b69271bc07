"""Trains PyC's models on saved arrays and prints their times as one JSON line; `speed` runs it where PyC is installed.

Usage: `python pyc_peer.py ARRAYS SEED`, with the arrays that `speed` saves. Nothing of ours is imported.

The models are PyC's ConceptBottleneckModel and ConceptEmbeddingModel with our encoder before them and, in place of
their linear layer from concepts to outputs, PyC's own MLP with the depth and width of our head: a linear one cannot
learn XOR. They train in both ways that PyC documents, by a loop written by hand and by Lightning's trainer.
"""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
import torch_concepts.nn as pyc
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch_concepts import AnnotatedTensor, Annotations

RAND_INT = 0.05  # how often CEM trains with a true concept, as ours
MODELS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "cbm": (pyc.ConceptBottleneckModel, {}),
    "cem": (
        pyc.ConceptEmbeddingModel,
        {"train_inference": pyc.DeterministicInference, "train_inference_kwargs": {"p_int": RAND_INT}},
    ),
}


@dataclass(frozen=True)
class Study:
    """The data and what is equal on both sides.

    Attributes:
        splits: name -> inputs (n, n_x) and labels (n, n_concepts + n_outputs), the concepts first.
        images: how many images an input consists of, each read by the same weights; 1 for plain numbers.
    """

    splits: dict[str, tuple[Tensor, Tensor]]
    concepts: list[str]
    outputs: list[str]
    images: int
    width: int
    epochs: int
    batch: int
    learning_rate: float

    @property
    def annotations(self) -> Annotations:
        """All labels as yes/no concepts, as PyC wants them described."""
        labels = [*self.concepts, *self.outputs]
        return Annotations(labels=labels, types=["binary"] * len(labels), cardinalities=[1] * len(labels))


def read(path: str) -> Study:
    """The study that `speed` saved."""
    with np.load(path) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    splits = {
        split: (arrays[f"{split}_x"].flatten(1), torch.cat([arrays[f"{split}_c"], arrays[f"{split}_y"]], 1))
        for split in ("train", "val", "test")
    }
    whole = {name: int(arrays[name]) for name in ("images", "width", "epochs", "batch")}
    concepts = [f"c{i}" for i in range(arrays["train_c"].shape[1])]
    outputs = [f"y{i}" for i in range(arrays["train_y"].shape[1])]
    return Study(splits, concepts, outputs, learning_rate=float(arrays["learning_rate"]), **whole)


def backbone(study: Study) -> nn.Sequential:
    """Our encoder and the hidden layers that follow it."""
    n_x, width, images = study.splits["train"][0].shape[1], study.width, study.images
    if images == 1:
        layers: list[nn.Module] = [pyc.MLP(n_x, width, n_layers=2)]
    else:
        one_image = pyc.MLP(n_x // images, 2 * width, width // images)
        layers = [nn.Unflatten(1, (images, -1)), one_image, nn.Flatten()]
    return nn.Sequential(*layers, pyc.MLP(width, width, n_layers=2))


def build(name: str, study: Study, **options: Any) -> Any:
    """A fresh model; `options` make it one for Lightning."""
    kind, own = MODELS[name]
    model = kind(
        study.splits["train"][0].shape[1],
        study.annotations,
        study.outputs,
        backbone=backbone(study),
        latent_size=study.width,
        **own,
        **options,
    )
    for layer in model.modules():
        if isinstance(layer, pyc.LinearConceptToConcept | pyc.MixConceptEmbeddingToConcept):
            linear = layer.predictor
            layer.predictor = pyc.MLP(linear.in_features, study.width, linear.out_features, n_layers=3)
    return model


def predict(model: Any, study: Study, x: Tensor) -> Tensor:
    """Log-odds of all labels, (n, n_concepts + n_outputs)."""
    model.eval()
    with torch.no_grad():
        logits: Tensor = model(query=[*study.concepts, *study.outputs], input=x).logits.tensor
    return logits


def by_loop(name: str, study: Study) -> Any:
    """Trains by a loop written by hand, which takes its batches straight from the tensors."""
    model, names = build(name, study), [*study.concepts, *study.outputs]
    optimizer = torch.optim.AdamW(model.parameters(), lr=study.learning_rate, fused=True)
    (x, labels), (val_x, val_labels) = study.splits["train"], study.splits["val"]
    loss = nn.BCEWithLogitsLoss()
    for _ in range(study.epochs):
        model.train()
        for rows in torch.randperm(len(x)).split(study.batch):
            optimizer.zero_grad()
            query = model.fully_observed_query(labels[rows]) if model.train_inference.p_int else names
            loss(model(query=query, input=x[rows]).logits.tensor, labels[rows]).backward()
            optimizer.step()
        loss(predict(model, study, val_x), val_labels).item()
    return model


Batch = dict[str, dict[str, Any]]


class Rows(Dataset[Batch]):
    """A split that hands out whole batches in the form that PyC's Lightning modules take."""

    def __init__(self, study: Study, split: str) -> None:
        self.x, self.labels = study.splits[split]
        self.annotations = study.annotations

    def __len__(self) -> int:
        return len(self.x)

    def __getitems__(self, rows: Iterable[int]) -> Batch:
        chosen = torch.tensor(rows)
        return {
            "inputs": {"x": self.x[chosen]},
            "concepts": {"c": AnnotatedTensor(self.labels[chosen], self.annotations, 1)},
        }


def by_lightning(name: str, study: Study) -> Any:
    """Trains by Lightning's trainer with everything switched off that does not train."""
    model = build(
        name,
        study,
        lightning=True,
        loss=pyc.ConceptLoss(binary=nn.BCEWithLogitsLoss()),
        optim_class=torch.optim.AdamW,
        optim_kwargs={"lr": study.learning_rate, "fused": True},
    )
    train, val = Rows(study, "train"), Rows(study, "val")
    trainer = lightning.Trainer(
        max_epochs=study.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(
        model,
        DataLoader(train, study.batch, shuffle=True, collate_fn=_as_it_is),
        DataLoader(val, len(val), collate_fn=_as_it_is),
    )
    return model


def _as_it_is(batch: Any) -> Any:
    return batch


WAYS: dict[str, Callable[[str, Study], Any]] = {"loop": by_loop, "lightning": by_lightning}


def accuracy(model: Any, study: Study) -> float:
    """The part of the test split on which all outputs are right."""
    x, labels = study.splits["test"]
    right = (predict(model, study, x) > 0) == labels.bool()
    return float(right[:, len(study.concepts) :].all(1).float().mean())


def timed(name: str, way: str, study: Study, seed: int) -> dict[str, str | float]:
    """One training from building the model to its test score, after one epoch that loads what is loaded once."""
    WAYS[way](name, replace(study, epochs=1))
    torch.manual_seed(seed)
    started = time.perf_counter()
    model = WAYS[way](name, study)
    score = accuracy(model, study)
    return {"model": name, "way": way, "seconds": time.perf_counter() - started, "accuracy": score}


def main() -> None:
    """Print one line: a list with the time and test accuracy of each model, trained in each way."""
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    study, seed = read(sys.argv[1]), int(sys.argv[2])
    print(json.dumps([timed(name, way, study, seed) for name in MODELS for way in WAYS]))


if __name__ == "__main__":
    main()
