"""The larger engines and where their parts come from. Nothing that a visitor sends becomes a path: only ids are asked.

Folders lie below `ATELIER_MODELS_DIR`, each as diffusers saves it. Any SD 1.5 ControlNet that takes a picture of three
channels may be put under one of the names: what decides is the signal that it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends.errors import InputError, WeightsError, quoted
from backends.settings import settings
from backends.sources import ModelSource, resolve
from backends.text_image.requests import EMBEDDED
from backends.text_image.signals import Signal

ControlClass = Literal["ControlNetModel", "AnyTextControlNetModel"]


@dataclass(frozen=True, slots=True)
class Engine:
    """A base model with ControlNets, as ids of `SOURCES`: `base`, and in `controls` one a signal.

    `control_class`: what the folders of the ControlNets say that they hold; it decides which hint they are given.
    `lacks`: what the engine cannot do that its authors' own program can, in words for the page; empty where nothing.
    """

    id: str
    title: str
    base: str
    controls: Mapping[Signal, str]
    control_class: ControlClass = "ControlNetModel"
    lacks: str = ""


SOURCES: tuple[ModelSource, ...] = (
    ModelSource("sd15", "folder", "stable-diffusion-v1-5"),
    ModelSource("sd15-canny", "folder", "sd-controlnet-canny"),
    ModelSource("sd15-scribble", "folder", "sd-controlnet-scribble"),
    ModelSource("sd15-depth", "folder", "sd-controlnet-depth"),
    ModelSource("anytext-controlnet", "folder", "anytext-controlnet"),
    ModelSource(
        "sd15-hub", "hub", "stable-diffusion-v1-5/stable-diffusion-v1-5", "451f4fe16113bff5a5d2269ed5ad43b0592e9a14"
    ),
    ModelSource("sd15-canny-hub", "hub", "lllyasviel/sd-controlnet-canny", "7f2f69197050967007f6bbd23ab5e52f0384162a"),
    ModelSource(
        "sd15-scribble-hub", "hub", "lllyasviel/sd-controlnet-scribble", "864edcd5ccc6ee2695eeebea5b4512100c83e7b3"
    ),
    ModelSource("sd15-depth-hub", "hub", "lllyasviel/sd-controlnet-depth", "35e42a3ea49845b3c76f202f145f257b9fb1b7d4"),
)


def _controls(place: str) -> dict[Signal, str]:
    return {
        "glyph": f"sd15-scribble{place}",
        "glyph_canny": f"sd15-canny{place}",
        "image_canny": f"sd15-canny{place}",
        "depth": f"sd15-depth{place}",
    }


ENGINES: dict[str, Engine] = {
    engine.id: engine
    for engine in (
        Engine("sd15", "Stable Diffusion 1.5 with ControlNets, from folders", "sd15", _controls("")),
        Engine("sd15-hub", "Stable Diffusion 1.5 with ControlNets, from the hub", "sd15-hub", _controls("-hub")),
        Engine(
            "anytext",
            "AnyText's ControlNet on Stable Diffusion 1.5",
            "sd15",
            {"glyph": "anytext-controlnet"},
            control_class="AnyTextControlNetModel",
            lacks="AnyText also puts the features of a recogniser, read from each drawn line, into the prompt. That "
            "part comes as code inside its folder, which is never run here: letters follow from the glyph alone.",
        ),
    )
}


def engine_called(engine: str) -> Engine:
    """The engine with this id.

    Raises:
        InputError: naming those there are.
    """
    if engine not in ENGINES:
        raise InputError(
            f"There is no engine called {quoted(engine)}. Use {EMBEDDED}, or where their files are on the server "
            f"{', '.join(ENGINES)}."
        )
    return ENGINES[engine]


def offered() -> list[Engine]:
    """The engines that this server can use: those whose folders are there, and those of the hub if it may be asked."""
    kinds = {source.id: source.kind for source in SOURCES}
    found = []
    for engine in ENGINES.values():
        if kinds[engine.base] == "hub":
            there = settings().hub
        else:
            there = _is_there(engine.base) and any(map(_is_there, engine.controls.values()))
        found += [engine] if there else []
    return found


def _is_there(model: str) -> bool:
    try:
        resolve(model, SOURCES)
    except WeightsError:
        return False
    return True


def control_folders(engine: Engine, signals: Iterable[Signal]) -> dict[Signal, Path]:
    """The folder of the ControlNet of each signal.

    Raises:
        InputError: for a signal that the engine has no ControlNet for.
        MissingFileError, UnsafeFormatError: as `backends.sources.resolve`.
    """
    wanted = list(signals)
    unknown = [signal for signal in wanted if signal not in engine.controls]
    if unknown:
        raise InputError(
            f"The engine {engine.id} has no ControlNet for {', '.join(unknown)}. It has: {', '.join(engine.controls)}."
        )
    return {signal: resolve(engine.controls[signal], SOURCES) for signal in wanted}
