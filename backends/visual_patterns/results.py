"""What a build leaves and the page reads: arrays as safetensors, figures as Parquet, what they are about as JSON.

A folder holds, for one network with S checkpoints, L layers, n pictures, R regions and C classes:

* `index.json`: an `Index`;
* `pictures.webp`: the pictures (see `picture_sheet`);
* `arrays.safetensors`: `labels` (n,), `logits` (S, n, C), `cells` (n, R) where
  masks are known; `g` (S, n, d') and `directions` (S, C, d') of whole pictures; `layer_g` (S, L, n, d'), the same of
  each layer's mean feature; `h` (S, L, n, R, d') and `w` (S, L, n, R) of regions; `projection/METHOD` (n, d') at the
  last checkpoint, and `projection/aligned-umap` (S, n, d'); and, to place another picture with features f, what makes
  g = `map` f + `offset`, layer_g = `layer_map/L` f + `layer_offset` and h = `region_map/L` f;
* `frames.parquet`: a row for each step and layer; `projections.parquet`: for each method and T; `events.parquet`.

Places are stored in half precision; h is already divided by the mean strength of its layer and checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors
import safetensors.torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from backends.errors import InputError, MissingFileError, WeightsError
from backends.visual_patterns import picture_sheet, points
from backends.visual_patterns.points import Counts, Verdict

FOLDER = Path(__file__).parents[2] / "assets" / "precomputed" / "visual_patterns"


@dataclass(frozen=True, slots=True)
class Index:
    """What a build is about.

    Attributes:
        key: the name of the network's weights.
        title: for people.
        classes: names in the order of labels.
        layers: names of the watched modules, first to last.
        steps: training steps of the checkpoints, first to last.
        grid: regions along a side.
        temperature, concentration, dimensions: T, s and d'.
        accuracy: by split.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    steps: tuple[int, ...]
    grid: int
    temperature: float
    concentration: float
    dimensions: int
    accuracy: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """One layer at one checkpoint.

    Attributes:
        g, directions: whole pictures (n, d') and classes (C, d'), of the penultimate layer.
        layer_g: whole pictures by this layer's mean feature (n, d'), turned to lie over g.
        h: regions (n, R, d') in mean strengths.
        w: what each region weighs (n, R).
        labels: (n,).
        cells: share of foreground in each region (n, R), where it is known.
        figures: the row of `frames.parquet`.
    """

    g: Tensor
    directions: Tensor
    layer_g: Tensor
    h: Tensor
    w: Tensor
    labels: Tensor
    cells: Tensor | None
    figures: Mapping[str, float]
    concentration: float

    @property
    def verdict(self) -> Verdict:
        """What each region speaks for."""
        return points.judge(self.h, self.directions, self.labels, self.concentration)

    def counts(self, tau: float = points.TAU) -> Counts:
        """Knowledge points at the threshold tau; InputError for one that is no probability."""
        return points.count(self.verdict.states(tau), self.cells)


class Results:
    """A build, read as far as it is asked for: one frame is a few hundred kilobytes."""

    def __init__(self, folder: Path) -> None:
        """`folder` is one that `write` filled; MissingFileError, or WeightsError where it is damaged."""
        self._folder = folder
        try:
            text = (folder / "index.json").read_text(encoding="utf-8")
            row = json.loads(text)
            for name in ("classes", "layers", "steps"):
                row[name] = tuple(row[name])
            self.index = Index(**row)
        except FileNotFoundError:
            raise MissingFileError(
                f"{folder.name} has not been built. Run: python -m backends.visual_patterns.build"
            ) from None
        except (ValueError, TypeError, KeyError) as error:
            raise WeightsError(f"The index of {folder.name} is damaged ({error}). Build it again.") from None

    def array(self, name: str, *at: int) -> Tensor:
        """The array `name`, or its part at the first positions, in float32 where it holds fractions.

        Raises:
            InputError: if there is no such array or position.
            WeightsError: if the file is damaged.
        """
        try:
            with safetensors.safe_open(self._folder / "arrays.safetensors", "pt") as file:
                if name not in file.keys():  # noqa: SIM118
                    raise InputError(f"This build holds no {name!r}.")
                part: Tensor = file.get_slice(name)[at] if at else file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"The arrays of {self._folder.name} are damaged ({error}). Build it again.") from None
        except IndexError:
            raise InputError(f"{name} has no position {at}.") from None
        return part.float() if part.is_floating_point() else part

    @cached_property
    def pictures(self) -> NDArray[np.uint8]:
        """The watched pictures (n, side, side, 3); WeightsError if they are damaged."""
        return picture_sheet.read(self._folder, len(self.array("labels")))

    @cached_property
    def figures(self) -> pd.DataFrame:
        """`frames.parquet`, indexed by step and layer (positions)."""
        return pd.read_parquet(self._folder / "frames.parquet").set_index(["step", "layer"])

    @cached_property
    def projections(self) -> pd.DataFrame:
        """`projections.parquet`: columns method, temperature, correlation, agreement, kl, trustworthiness, scale."""
        return pd.read_parquet(self._folder / "projections.parquet")

    @cached_property
    def events(self) -> pd.DataFrame:
        """`events.parquet`, as `events.find` describes it."""
        return pd.read_parquet(self._folder / "events.parquet")

    @cached_property
    def has_masks(self) -> bool:
        """Whether the foreground is known."""
        with safetensors.safe_open(self._folder / "arrays.safetensors", "pt") as file:
            return "cells" in file.keys()  # noqa: SIM118

    def frame(self, step: int, layer: int) -> Frame:
        """The frame at these positions among the steps and layers; InputError where there is none."""
        if not (0 <= step < len(self.index.steps) and 0 <= layer < len(self.index.layers)):
            raise InputError(
                f"There are {len(self.index.steps)} checkpoints and {len(self.index.layers)} layers, counted from 0; "
                f"no frame is at ({step}, {layer})."
            )
        row = self.figures.loc[[(step, layer)]].to_dict("records")[0]
        return Frame(
            self.array("g", step),
            self.array("directions", step),
            self.array("layer_g", step, layer),
            self.array("h", step, layer),
            self.array("w", step, layer),
            self.array("labels"),
            self.array("cells") if self.has_masks else None,
            {str(name): float(value) for name, value in row.items()},
            self.index.concentration,
        )

    def path(self, image: int, region: int) -> Tensor:
        """Where one region is over all checkpoints and layers: (S, L, d'); InputError for one that is not there."""
        n, regions = self.array("w", 0, 0).shape
        if not (0 <= image < n and 0 <= region < regions):
            raise InputError(f"There are {n} pictures of {regions} regions; ({image}, {region}) is none of them.")
        return self.array("h")[:, :, image, region]


def write(
    folder: Path,
    index: Index,
    arrays: Mapping[str, Tensor],
    frames: pd.DataFrame,
    projections: pd.DataFrame,
    events: pd.DataFrame,
) -> None:
    """Writes a build into `folder`; the index comes last, so a build that was cut off is none.

    The arrays are those of the module's text and `pictures` (n, side, side, 3) uint8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").unlink(missing_ok=True)
    picture_sheet.write(folder, arrays["pictures"].numpy())
    rest = {name: tensor for name, tensor in arrays.items() if name != "pictures"}
    stored = {k: (t.half() if t.is_floating_point() else t).contiguous() for k, t in rest.items()}
    # `save_file` would make it private; what ships is for everybody.
    (folder / "arrays.safetensors").write_bytes(safetensors.torch.save(stored))
    for name, table in (("frames", frames), ("projections", projections), ("events", events)):
        table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    (folder / "index.json").write_text(json.dumps(asdict(index), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
