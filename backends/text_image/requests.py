"""What may be asked of the editor, and what it answers: the contract between the page, the API and the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, quoted
from backends.text_image.signals import SIGNALS, Signal

Picture = NDArray[np.uint8]
Control = Literal["off", "global", "detail"]
Band = Literal["all", "low", "high"]
Start = Literal["paper", "draft"]

CONTROLS: tuple[Control, ...] = ("off", "global", "detail")
BANDS: tuple[Band, ...] = ("all", "low", "high")
MOST_REGIONS = 8
MOST_VARIANTS = 4
MOST_STEPS = 50
LONGEST_CAPTION = 300
PRESETS: dict[str, int] = {"fast": 3, "balanced": 5, "best": 10}
"""Denoising steps of each preset. With more steps strokes grow smoother; they are not read better."""
EMBEDDED = "embedded"
"""The engine that ships; others are in `engines.table`."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a line of text stands. `corners`: top left, top right, bottom right, bottom left, in pixels (x, y).

    The order of the corners gives the reading direction's upright: a turned quadrilateral is turned text. An empty
    `text` removes what stands there; line breaks part the region into rows. `vertical`: top to bottom, None decides
    by shape and script. `script`: one of `lettering.FACES`, None decides by the letters.
    """

    corners: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
    text: str
    script: str | None = None
    vertical: bool | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the denoising: from time `start` down to `end` (1 is pure noise, 0 the picture) under one control."""

    start: float
    end: float
    control: Control


PAPER_TIMELINE: tuple[Segment, ...] = (Segment(1.0, 0.5, "global"), Segment(0.5, 0.0, "detail"))
"""Two stages, as in TextGen, section 3.2."""


@dataclass(frozen=True, slots=True)
class Fourier:
    """Inference Fourier enhancement (TextGen, equations 1 and 2), and which band of the control is kept.

    `alpha` scales the control, `beta` the base features, `s` the control's constant and all frequencies up to `radius`
    (in steps of the spectrum, 1 being one wave over the whole canvas).
    """

    alpha: float = 1.4
    beta: float = 1.2
    s: float = 0.2
    radius: float = 1.0
    band: Band = "all"


NEUTRAL = Fourier(alpha=1.0, beta=1.0, s=1.0, radius=2.0)
"""Enhances nothing. Where one of its values is replaced, that alone is what changes."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to edit. `noise`: the time an edit starts from, of (0, 1]; 0.8 in the paper. `steps`: of denoising.

    `signals`: weight of each control signal; none at all leaves the position. `fec`: whether the embedded networks hear
    the frequency branch of their control encoders. `masked_levels`: how many of the larger decoder sizes the detail
    stage's control is masked at (the paper: 2). `fourier`: None switches enhancement off.
    `guidance`: classifier-free guidance of the caption; 1 is none. `start`: "paper" noises the original, "draft" noises
    the original with the glyph painted on in the scene's text colour. `keep_colours`: whether the detail stage of the
    embedded networks is shown such a draft of the region, and what it predicts is held to the colours of the old text;
    in a new picture to those of the draft that the global stage made, lighter or darker where they would not be read;
    and away from letters an edited scene keeps its own ground (ours; the paper does none of it). `crisp_strokes`:
    whether the edges of the letters that the embedded networks predict are made as steep as the glyph's, where it is
    among the signals (ours).
    `engine`: id of the networks that draw.
    """

    caption: str = ""
    steps: int = PRESETS["balanced"]
    noise: float = 0.8
    seed: int = 0
    variants: int = 1
    guidance: float = 1.0
    timeline: tuple[Segment, ...] = PAPER_TIMELINE
    fourier: Fourier | None = None
    signals: dict[Signal, float] = field(default_factory=lambda: {"glyph": 1.0})
    fec: bool = True
    masked_levels: int = 2
    start: Start = "paper"
    keep_colours: bool = True
    crisp_strokes: bool = True
    engine: str = EMBEDDED

    @property
    def crisp(self) -> bool:
        """Whether strokes are made crisp: only where the glyph is a signal, so that it is not heard in another way."""
        return self.crisp_strokes and self.signals.get("glyph", 0) > 0

    def __hash__(self) -> int:
        plain = [getattr(self, part.name) for part in fields(self) if part.name != "signals"]
        return hash((*plain, frozenset(self.signals.items())))


@dataclass(frozen=True, slots=True, eq=False)
class EditRequest:
    """A picture, (h, w, 3) uint8, the regions to write in, and how."""

    image: Picture
    regions: tuple[Region, ...]
    options: Options = Options()


@dataclass(frozen=True, slots=True, eq=False)
class GenerateRequest:
    """Text on a scene made from noise: a canvas of 64 x `width` pixels, described by the options' caption.

    The options' `noise` must be 1, and `start` has no meaning: there is no picture to begin with.
    """

    text: str
    width: int = 256
    script: str | None = None
    options: Options = Options(noise=1.0)


@dataclass(frozen=True, slots=True)
class Written:
    """One line as it was written and read back. `read`: what the judge reads, None where no judge is there.

    `ned`: 1 - edit distance / length of `read` against `text`; `ceiling`, `floor`: the same of the clean glyph and of
    the unedited picture.
    """

    text: str
    script: str
    font: str
    read: str | None
    judge: str
    ned: float | None
    ceiling: float | None
    floor: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Steps of one line's denoising, for the filmstrip. `times`: of each frame. `frames`: predicted pictures."""

    times: tuple[float, ...]
    frames: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EditResult:
    """What came of an edit. `images`: one a variant; the report is that of the first.

    `outside`: largest difference outside the feathered regions (0 to 255). `glyphs`, `controls`: the canvases'
    control images. `seconds`: of the whole edit.
    """

    images: tuple[Picture, ...]
    lines: tuple[Written, ...]
    outside: int
    films: tuple[Film, ...]
    canvases: tuple[Picture, ...]
    glyphs: tuple[Picture, ...]
    seconds: float


def checked(options: Options) -> Options:
    """The options, if they can be used.

    Raises:
        InputError: for a value out of range, an unknown signal or control, a caption that is too long, or a timeline
            with gaps.
    """
    _within("steps", options.steps, 1, MOST_STEPS, whole=True)
    _within("noise", options.noise, 0.05, 1)
    _within("variants", options.variants, 1, MOST_VARIANTS, whole=True)
    _within("guidance", options.guidance, 1, 10)
    _within("seed", options.seed, 0, 2**63 - 1, whole=True)
    _within("masked levels", options.masked_levels, 0, 3, whole=True)
    if not isinstance(options.caption, str) or len(options.caption) > LONGEST_CAPTION:
        raise InputError(
            f"The caption is {quoted(options.caption)}. Give a text of at most {LONGEST_CAPTION} characters."
        )
    if not isinstance(options.engine, str):
        raise InputError(f"The engine is {quoted(options.engine)}. Give the id of one, such as {EMBEDDED}.")
    for name in ("keep_colours", "crisp_strokes", "fec"):
        switch = getattr(options, name)
        if not isinstance(switch, bool):
            raise InputError(f"The option {name} is {quoted(switch)}. Give true or false.")
    if options.start not in ("paper", "draft"):
        raise InputError(f"No start is called {quoted(options.start)}. Use paper or draft.")
    for signal, weight in options.signals.items():
        if signal not in SIGNALS:
            raise InputError(f"No signal is called {quoted(signal)}. Use some of: {', '.join(SIGNALS)}.")
        _within(f"the weight of {signal}", weight, 0, 2)
    if options.fourier is not None:
        for name, highest in (("alpha", 4), ("beta", 4), ("s", 4), ("radius", 32)):
            _within(name, getattr(options.fourier, name), 0, highest)
        if options.fourier.band not in BANDS:
            raise InputError(f"No band is called {quoted(options.fourier.band)}. Use one of: {', '.join(BANDS)}.")
    return replace(options, timeline=_timeline(options.timeline))


def _timeline(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    at = 1.0
    for segment in segments:
        if segment.control not in CONTROLS:
            raise InputError(f"No control is called {quoted(segment.control)}. Use one of: {', '.join(CONTROLS)}.")
        if abs(segment.start - at) > 1e-6 or not segment.start > segment.end >= 0:
            raise InputError("The timeline must run from 1 down to 0 without gaps, each segment where the last ended.")
        at = segment.end
    if abs(at) > 1e-6:
        raise InputError("The timeline must run from 1 down to 0 without gaps.")
    return segments


def _within(name: str, value: float, low: float, high: float, *, whole: bool = False) -> None:
    kind = Integral if whole else Real
    # A comparison with NaN is false, so NaN does not pass.
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        number = "a whole number" if whole else "a number"
        said = name[0].upper() + name[1:]
        raise InputError(f"{said} is {quoted(value)}; it must be {number} from {low} to {high}.")
