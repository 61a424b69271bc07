"""The first stage of an extraction: what the chosen heads do on text, block by block, on disk.

Every block of sequences becomes one file, written whole or not at all, so a run that was killed goes on where it was.
Blocks before `SAMPLE` also keep patterns and values, from which rules are read; of the others z is enough, to train on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backends.attention_rules.catalog import load_model
from backends.attention_rules.features import HeadSample
from backends.attention_rules.models import Head, attentions
from backends.errors import MissingFileError

BLOCK = 128
"""Sequences a block."""

SAMPLE = 24
"""Blocks that keep patterns and values: the even ones to find rules on, the odd ones to test them on."""


@dataclass(frozen=True, slots=True)
class Collect:
    """One block's job: which model, heads and sequences, and where its file goes."""

    model: str
    heads: tuple[Head, ...]
    block: int
    folder: str

    @property
    def file(self) -> Path:
        """The block's file."""
        return Path(self.folder) / "blocks" / f"{self.block:05d}.npz"


def sequence_file(folder: Path) -> Path:
    """Where all sequences lie as one array."""
    return folder / "sequences.npy"


def block_count(folder: Path) -> int:
    """How many whole blocks the sequences in `folder` make; what is left over is not used."""
    return len(np.load(sequence_file(folder), mmap_mode="r")) // BLOCK


def blocks(model: str, heads: Sequence[Head], folder: Path) -> list[Collect]:
    """The jobs for the sequences in `folder`."""
    return [Collect(model, tuple(heads), block, str(folder)) for block in range(block_count(folder))]


@torch.no_grad()
def collect_block(job: Collect) -> int:
    """Runs one job in a worker; the number of its block."""
    model = load_model(job.model)
    stored = np.load(sequence_file(Path(job.folder)), mmap_mode="r")
    ids = torch.from_numpy(np.array(stored[job.block * BLOCK : (job.block + 1) * BLOCK])).long()
    last = max(layer for layer, _ in job.heads)
    parts: dict[str, list[Tensor]] = {}
    for some in ids.split(16):
        for layer, found in enumerate(attentions(model, some, last)):
            for head in (head for at, head in job.heads if at == layer):
                name = head_name((layer, head))
                parts.setdefault(f"z-{name}", []).append(found.z[:, head].half())
                if job.block < SAMPLE:
                    parts.setdefault(f"pattern-{name}", []).append(found.pattern[:, head].half())
                    parts.setdefault(f"values-{name}", []).append(found.values[:, head].half())
    job.file.parent.mkdir(parents=True, exist_ok=True)
    temporary = job.file.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: torch.cat(part).numpy() for name, part in parts.items()})
    temporary.replace(job.file)
    return job.block


def head_name(head: Head) -> str:
    """A head's short name: L05H6."""
    return f"L{head[0]:02d}H{head[1]}"


def _read(folder: Path, name: str, wanted: Sequence[int]) -> np.ndarray[Any, Any]:
    parts = []
    for block in wanted:
        file = folder / "blocks" / f"{block:05d}.npz"
        if not file.is_file():
            raise MissingFileError(f"Block {block} has not been collected; run the extraction again.")
        with np.load(file, allow_pickle=False) as stored:
            parts.append(stored[name])
    return np.concatenate(parts)


def training_rows(folder: Path, head: Head, count: int) -> np.ndarray[Any, Any]:
    """z (rows, D) in half precision of all blocks of `count` but those that rules are tested on."""
    wanted = [block for block in range(count) if block >= SAMPLE or block % 2 == 0]
    z = _read(folder, f"z-{head_name(head)}", wanted)
    flat: np.ndarray[Any, Any] = z[:, 1:].reshape(-1, z.shape[-1])  # the opening token says nothing
    return flat


def sample_of(folder: Path, head: Head, count: int, *, held_out: bool) -> HeadSample:
    """The head on the text that rules are found on, or on what is held out for testing them."""
    wanted = [block for block in range(min(count, SAMPLE)) if block % 2 == int(held_out)]
    stored = np.load(sequence_file(folder), mmap_mode="r")
    ids = np.concatenate([stored[block * BLOCK : (block + 1) * BLOCK] for block in wanted])
    pattern, values = (_read(folder, f"{kind}-{head_name(head)}", wanted) for kind in ("pattern", "values"))
    # Single precision from here on: every feature is read from them, and converting takes longer than reading.
    return HeadSample(torch.from_numpy(ids).long(), torch.from_numpy(pattern).float(), torch.from_numpy(values).float())
