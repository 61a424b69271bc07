"""What happens to single regions over layers and checkpoints: when each becomes reliable, flips, or moves far.

Arrays are (steps, layers, n, R), the first step and the lowest layer first.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backends.errors import InputError
from backends.visual_patterns.points import NONE, RELIABLE

Kind = Literal["reliable", "flip", "move"]
FAR = 4.0
"""A move is large if it is longer than this many times the median move between the same two frames."""

NEVER = -1


def first_reliable(states: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each region first is a reliable knowledge point: the layer, at the last step (n, R); and the step, at each
    layer (layers, n, R). Positions, or `NEVER`.
    """
    _check(states)
    reliable = states == RELIABLE
    layer = np.where(reliable[-1].any(0), reliable[-1].argmax(0), NEVER)
    step = np.where(reliable.any(0), reliable.argmax(0), NEVER)
    return layer, step


def find(
    states: NDArray[np.uint8],
    category: NDArray[np.integer],
    h: NDArray[np.floating],
    *,
    far: float = FAR,
) -> pd.DataFrame:
    """All events between consecutive checkpoints, one a row.

    Args:
        states: what each region is (steps, layers, n, R), as `points.Verdict.states` gives it.
        category: the class each speaks for, in the same shape.
        h: where each is (steps, layers, n, R, d'), divided by the mean strength of its frame.
        far: see `FAR`.

    Returns:
        Columns `kind` (`reliable`: it became so for the first time; `flip`: it was and is a knowledge point, of another
        class; `move`: it moved far), `step` and `layer` (positions; the step after the event), `image`, `region`,
        `before` and `after` (classes), `size` (how far it moved, in mean strengths), by step, then the
        largest first.

    Raises:
        InputError: for shapes that do not fit each other, or a `far` that is not positive.
    """
    _check(states)
    if category.shape != states.shape or h.shape[:4] != states.shape:
        raise InputError("States, classes and places must be of the same regions.")
    if not far > 0:
        raise InputError(f"A large move is some number of times the median, above 0; got {far}.")
    moved = np.linalg.norm(np.diff(h.astype(np.float32), axis=0), axis=4)  # (steps - 1, layers, n, R)
    # A single checkpoint, as of a pretrained network, has no moves to take a median of.
    median = np.median(moved, axis=(2, 3), keepdims=True) if len(moved) else np.zeros_like(moved)
    point = states > NONE
    flips = point[1:] & point[:-1] & (category[1:] != category[:-1])
    _, first = first_reliable(states)
    became = first[None] == np.arange(1, len(states))[:, None, None, None]
    kinds: list[tuple[Kind, NDArray[np.bool_]]] = [
        ("reliable", became),
        ("flip", flips),
        ("move", (moved > far * median) & (median > 0)),
    ]
    parts = [_rows(kind, where, category, moved) for kind, where in kinds]
    return pd.concat(parts).sort_values(["step", "size"], ascending=[True, False], ignore_index=True, kind="stable")


def _rows(
    kind: Kind, where: NDArray[np.bool_], category: NDArray[np.integer], moved: NDArray[np.floating]
) -> pd.DataFrame:
    step, layer, image, region = np.nonzero(where)
    return pd.DataFrame(
        {
            "kind": np.full(len(step), kind, object),
            "step": step + 1,
            "layer": layer,
            "image": image,
            "region": region,
            "before": category[:-1][where],
            "after": category[1:][where],
            "size": moved[where].round(2),
        }
    )


def _check(states: NDArray[np.uint8]) -> None:
    if states.ndim != 4 or len(states) < 1:
        raise InputError("Events are looked for in (steps, layers, images, regions).")
