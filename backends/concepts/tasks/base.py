"""What a concept task is: inputs x, annotated concepts c, outputs y, and pictures of the inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
EncoderKind = Literal["vector", "image", "image_pair"]


@dataclass(frozen=True, slots=True)
class Group:
    """Concepts that are edited as one: a single yes/no concept, or the members of a one-hot code.

    `members` are indices into the task's concepts.
    """

    name: str
    members: tuple[int, ...]

    @property
    def one_hot(self) -> bool:
        """Whether exactly one of several members is true."""
        return len(self.members) > 1


@dataclass(frozen=True, slots=True)
class Split:
    """One split: `x` (n, ...) inputs, `c` (n, n_concepts) and `y` (n, n_outputs), both 0 or 1."""

    x: Floats
    c: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.x)

    def head(self, n: int) -> Split:
        """The first `n` samples."""
        return Split(self.x[:n], self.c[:n], self.y[:n])


def binary_groups(names: Sequence[str]) -> tuple[Group, ...]:
    """One group for each yes/no concept."""
    return tuple(Group(name, (i,)) for i, name in enumerate(names))


class ConceptTask(ABC):
    """A supervised task with annotated concepts.

    Outputs are independent Bernoulli variables, as in the paper (Debot & Marra 2025, sec. 3.2);
    `exclusive` says that exactly one of them is true in the data. A task with a single output is a
    yes/no question, and `negative` names its "no".
    """

    id: str
    title: str
    summary: str
    concepts: tuple[str, ...]
    groups: tuple[Group, ...]
    outputs: tuple[str, ...]
    encoder: EncoderKind = "vector"
    exclusive: bool = False
    negative: str = "no"
    epochs: int = 40
    width: int = 64
    """Width of the networks trained on it (the paper's emb_size)."""
    data_version: str = ""
    """Changes when the data does: models trained on other data are not taken for this task's."""
    concept_bayes: float | None = None
    """Best accuracy that any rule on the annotated concepts alone can have, where known exactly."""

    @abstractmethod
    def make_split(self, name: SplitName) -> Split:
        """Makes one split; the same on every call."""

    @abstractmethod
    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        """Pictures (h, w, 3), uint8, of the chosen inputs as a person would want to see them."""

    @lru_cache(maxsize=4)  # noqa: B019  tasks live as long as the process
    def split(self, name: SplitName) -> Split:
        """The split, made once and kept."""
        return self.make_split(name)

    def answer(self, y: Sequence[bool] | npt.NDArray[np.bool_]) -> str:
        """The thresholded outputs in words, such as "12", "odd" or "none of the classes"."""
        chosen = [name for name, on in zip(self.outputs, y, strict=True) if on]
        if len(self.outputs) == 1:
            return self.outputs[0] if chosen else self.negative
        return " + ".join(chosen) if chosen else "no class above 0.5"

    def groups_of(self) -> list[int]:
        """For each concept the index of its group."""
        owner = {m: g for g, group in enumerate(self.groups) for m in group.members}
        return [owner[i] for i in range(len(self.concepts))]
