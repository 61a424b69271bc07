"""Trains a network of this explorer and keeps what it was at several steps, dense at the first ones.

`python -m backends.visual_patterns.train --data emoji --network resnet --ship all` stores it among the weights.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import date

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from backends import runtime, store
from backends.errors import AtelierError, InputError, quoted
from backends.progress import Progress, finish
from backends.visual_patterns import networks
from backends.visual_patterns.data import DATA_SETS, DataSet, Split, find, to_input
from backends.visual_patterns.networks import Classifier

BATCH = 64
LEARNING_RATE, DECAY = 3e-3, 5e-4
EPOCHS: Mapping[str, int] = {"emoji": 10, "fashion": 3, "digits": 12}
CHECKPOINTS = 9
FIRST_STEP = 16

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""(network, inputs (b, 3, side, side), which pictures they are (b,)) -> the mean loss of this batch."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to train.

    Attributes:
        data: the id of a data set.
        network: `vgg` or `resnet`.
        seed: of the first weights and of the order of pictures.
        epochs: passes over the data; None for the data set's own number.
        pictures: train on no more than this many; None for all.

    Raises:
        InputError: for what does not exist or is out of range.
    """

    data: str
    network: str
    seed: int = 1
    epochs: int | None = None
    pictures: int | None = None

    def __post_init__(self) -> None:
        find(self.data)
        if self.network not in networks.ARCHITECTURES:
            raise InputError(f"There is no network {self.network!r}. There are: {', '.join(networks.ARCHITECTURES)}.")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"The seed must be from 0 to 2^31 - 1, got {self.seed}.")
        if self.epochs is not None and not 1 <= self.epochs <= 200:
            raise InputError(f"There can be 1 to 200 epochs, not {self.epochs}.")
        if self.pictures is not None and self.pictures < 2 * BATCH:
            raise InputError(f"Training needs at least {2 * BATCH} pictures, not {self.pictures}.")

    @property
    def key(self) -> str:
        """The name of the weights."""
        parts = [f"visual_patterns/{self.data}/{self.network}-s{self.seed}"]
        parts += [f"e{self.epochs}"] if self.epochs is not None else []
        return "-".join(parts + ([f"n{self.pictures}"] if self.pictures is not None else []))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network after `step` steps: its `state`, and the mean loss since the checkpoint before (NaN at step 0)."""

    step: int
    state: Mapping[str, Tensor] = field(repr=False)
    loss: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A network, what it was on the way, and its accuracy by split."""

    model: nn.Module
    checkpoints: tuple[Checkpoint, ...]
    accuracy: Mapping[str, float]
    seconds: float


def checkpoint_steps(total: int, count: int = CHECKPOINTS) -> tuple[int, ...]:
    """Up to `count` steps from 0 to `total` at which the network is kept, each about as many times the one before."""
    first = min(FIRST_STEP, total)
    ratio = (total / first) ** (1 / max(1, count - 2))
    return tuple(sorted({0, total, *(min(total, round(first * ratio**i)) for i in range(count - 1))}))


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the network's numbers on the CPU, rounded to half precision, in which they are stored."""
    state = {name: t.detach().cpu().clone() for name, t in model.state_dict().items()}
    return {name: t.half().float() if t.is_floating_point() else t for name, t in state.items()}


def descend(
    model: nn.Module, split: Split, loss_of: Loss, epochs: int, seed: int
) -> Generator[Progress, None, tuple[Checkpoint, ...]]:
    """Trains `model` where it lies on `split` by AdamW and one cycle of the rate.

    Yields progress a hundred times; where a checkpoint was passed, it is the preview.
    """
    device = next(model.parameters()).device
    steps_each = len(split) // BATCH
    total = epochs * steps_each
    kept_at = set(checkpoint_steps(total))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=total + 1)
    generator = torch.Generator().manual_seed(seed)
    # Pictures stay bytes until they are needed: as numbers they take four times the memory.
    pixels = torch.from_numpy(split.pictures)
    kept = [Checkpoint(0, snapshot(model), float("nan"))]
    yield Progress(0.0, "the untrained network", None, kept[0])
    losses: list[float] = []
    started, step = time.monotonic(), 0
    order = torch.empty(0, dtype=torch.long)
    while step < total:
        if step % steps_each == 0:
            order = torch.randperm(len(split), generator=generator)
        rows = order[step % steps_each * BATCH :][:BATCH]
        model.train()
        loss = loss_of(model, to_input(pixels[rows].numpy()).to(device), rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        step += 1
        found = None
        if step in kept_at:
            found = Checkpoint(step, snapshot(model), sum(losses) / len(losses))
            kept.append(found)
            losses.clear()
        if found is not None or step % max(1, total // 100) == 0:
            eta = (time.monotonic() - started) / step * (total - step)
            yield Progress(step / total, f"step {step} of {total}", eta, found)
    return tuple(kept)


@torch.no_grad()
def accuracy(model: nn.Module, split: Split) -> float:
    """The share of pictures whose class the network names."""
    device = next(model.parameters()).device
    model.eval()
    right = 0
    for start in range(0, len(split), 256):
        logits = model(to_input(split.pictures[start : start + 256]).to(device))
        right += int((logits.argmax(1).cpu() == torch.from_numpy(split.labels[start : start + 256])).sum())
    return right / len(split)


def label_loss(split: Split, smoothing: float = 0.05) -> Loss:
    """Cross entropy with the labels of `split`, a little of each spread over the other classes."""
    labels = torch.from_numpy(split.labels)

    def loss(model: nn.Module, x: Tensor, rows: Tensor) -> Tensor:
        return cross_entropy(model(x), labels[rows].to(x.device), label_smoothing=smoothing)

    return loss


def measured(model: nn.Module, data: DataSet) -> dict[str, float]:
    """Accuracy on new pictures: `test`, and for scenes also `unseen` sprites."""
    names = ("test", "unseen") if data.id == "emoji" else ("test",)
    return {name: accuracy(model, data.split(name)) for name in names}


def train(request: Request) -> Generator[Progress, None, Trained]:
    """Trains a network; previews are checkpoints as they come.

    The same request gives the same weights on the same device and number of threads.
    """
    started = time.monotonic()
    data = find(request.data)
    split = data.split("train")
    if request.pictures is not None:
        split = split.part(torch.arange(min(request.pictures, len(split))).numpy())
    model = networks.build(request.network, len(data.classes), data.side, request.seed).to(runtime.device())
    epochs = request.epochs or EPOCHS[request.data]
    kept = yield from descend(model, split, label_loss(split), epochs, request.seed)
    model.load_state_dict(dict(kept[-1].state))  # what is measured is what is stored
    return Trained(model.eval(), kept, measured(model, data), time.monotonic() - started)


def command_of(request: Request) -> str:
    """The command that trains the request's network again."""
    command = f"python -m backends.visual_patterns.train --data {request.data} --network {request.network}"
    command += f" --seed {request.seed}"
    command += "" if request.epochs is None else f" --epochs {request.epochs}"
    command += "" if request.pictures is None else f" --pictures {request.pictures}"
    return command


def ship(name: str, trained: Trained, *, command: str, seed: int, data: str, last: bool = False) -> None:
    """Stores the checkpoints, or the `last` alone, as weights called `name`, in half precision, as STEP/NAME.

    `command` is what trains it again; the manifest adds which checkpoints were stored.
    """
    tensors = {
        f"{checkpoint.step:06d}/{key}": t.half() if t.is_floating_point() else t
        for checkpoint in (trained.checkpoints[-1:] if last else trained.checkpoints)
        for key, t in checkpoint.state.items()
    }
    figures = {f"accuracy_{split}": round(value, 4) for split, value in trained.accuracy.items()}
    figures |= {"seconds": round(trained.seconds, 1), "steps": trained.checkpoints[-1].step}
    store.save_weights(
        name,
        tensors,
        command=f"{command} --ship {'last' if last else 'all'}",
        seed=seed,
        data=data,
        device=runtime.device().type,
        date=date.today().isoformat(),
        figures=figures,
        folder=store.WEIGHTS,
    )


def shipped(name: str) -> dict[int, dict[str, Tensor]]:
    """The states of the network called `name` by step, first to last; errors are those of `store.load_weights`."""
    tensors, _ = store.load_weights(name, folder=store.WEIGHTS)
    states: dict[int, dict[str, Tensor]] = {}
    for key in sorted(tensors):
        step, _, own = key.partition("/")
        tensor = tensors[key]
        states.setdefault(int(step), {})[own] = tensor.float() if tensor.is_floating_point() else tensor
    return states


def request_of(key: str) -> Request:
    """The request whose network is called `key`; InputError if none is called so."""
    found = re.fullmatch(r"visual_patterns/([a-z]+)/([a-z]+)-s(\d{1,10})(?:-e(\d{1,4}))?(?:-n(\d{1,7}))?", key)
    if not found:
        raise InputError(f"{quoted(key)} names no network that can be trained again.")
    data, network, seed, *limits = found.groups()
    epochs, pictures = (None if limit is None else int(limit) for limit in limits)
    return Request(data, network, int(seed), epochs, pictures)


def loaded(request: Request, state: Mapping[str, Tensor]) -> Classifier:
    """The request's network in one of its states, ready to be looked at, on the CPU."""
    data = find(request.data)
    model = networks.build(request.network, len(data.classes), data.side, request.seed)
    model.load_state_dict(dict(state))
    return model.eval()


def main() -> None:
    """Trains from the command line and prints the accuracy."""
    parser = argparse.ArgumentParser(prog="python -m backends.visual_patterns.train", description=__doc__)
    parser.add_argument("--data", choices=DATA_SETS, default="emoji")
    parser.add_argument("--network", choices=networks.ARCHITECTURES, default="resnet")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--ship", choices=("all", "last"), help="checkpoints to store among the shipped weights")
    options = parser.parse_args()
    runtime.set_threads()
    try:
        request = Request(options.data, options.network, options.seed, options.epochs, options.pictures)
        trained = finish(_printed(train(request)))
        if options.ship:
            data = f"{find(request.data).title}, training split"
            last = options.ship == "last"
            ship(request.key, trained, command=command_of(request), seed=request.seed, data=data, last=last)
        print(f"{request.key}: {trained.seconds:.0f} s, {trained.accuracy}")
    except AtelierError as error:
        sys.exit(str(error))


def _printed(work: Generator[Progress, None, Trained]) -> Generator[Progress, None, Trained]:
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            print(file=sys.stderr)
            result: Trained = stop.value
            return result
        left = "" if step.eta_s is None else f", {step.eta_s:.0f} s left"
        print(f"\r{step.message}{left}   ", end="", file=sys.stderr)
        yield step


if __name__ == "__main__":
    main()
