"""One control over a grid of values, all else as it is: which value writes what."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backends.errors import InputError, quoted
from backends.progress import Progress, part_of
from backends.text_image.canvas import feather_mask
from backends.text_image.edit import canvases_of, edit
from backends.text_image.requests import NEUTRAL, Control, EditRequest, Fourier, Options, Picture, Segment, checked

CONTROLS: dict[str, Sequence[float]] = {
    "alpha": (0.6, 1.0, 1.4, 1.8),
    "beta": (0.8, 1.0, 1.2, 1.4),
    "s": (0.0, 0.2, 0.6, 1.0),
    "radius": (0.0, 1.0, 2.0, 4.0),
    "noise": (0.4, 0.6, 0.8, 1.0),
    "split": (0.2, 0.35, 0.5, 0.65, 0.8),
    "drop late": (0.0, 0.2, 0.5, 0.8),
    "drop early": (0.0, 0.1, 0.2),
    "guidance": (1.0, 2.0, 4.0),
    "glyph weight": (0.0, 0.5, 1.0, 1.5),
    "steps": (3, 5, 10, 25),
}
"""What can be swept, and the values that it is swept over if none are given."""

MOST_VALUES = 12

_SCALED = replace(NEUTRAL, s=Fourier().s)  # without a scale the radius would change nothing


@dataclass(frozen=True, slots=True, eq=False)
class SweepRow:
    """One value. `ned`: mean over the lines that a judge could read; `read`: what it read. `changed`: mean absolute
    change inside the regions, in grey levels."""

    value: float
    ned: float | None
    read: str | None
    changed: float
    image: Picture


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """All values of one control, in the order asked for."""

    control: str
    rows: tuple[SweepRow, ...]


def with_control(options: Options, control: str, value: float) -> Options:
    """The options with one control set.

    "split": the time at which the global stage hands over; "drop late", "drop early": the share at the end, or at the
    beginning, of the denoising that has no control; an edit's denoising begins at its noise.

    Raises:
        InputError: for an unknown control or a value out of its range.
    """
    if control not in CONTROLS:
        raise InputError(f"Nothing called {quoted(control)} can be swept. Use one of: {', '.join(CONTROLS)}.")
    if control in ("split", "drop late", "drop early") and not 0 <= value <= 1:
        raise InputError(f"{quoted(value)} cannot be used for {control}. Use a number from 0 to 1.")
    if control == "steps" and not float(value).is_integer():
        raise InputError(f"{quoted(value)} cannot be used for steps. Use a whole number.")
    fourier = options.fourier or NEUTRAL
    changed: dict[str, Callable[[], Options]] = {
        "alpha": lambda: replace(options, fourier=replace(fourier, alpha=value)),
        "beta": lambda: replace(options, fourier=replace(fourier, beta=value)),
        "s": lambda: replace(options, fourier=replace(fourier, s=value)),
        "radius": lambda: replace(options, fourier=replace(options.fourier or _SCALED, radius=value)),
        "noise": lambda: replace(options, noise=value),
        "split": lambda: replace(options, timeline=split_at(value)),
        "drop late": lambda: replace(options, timeline=drop_late(value, options.noise)),
        "drop early": lambda: replace(options, timeline=drop_early(value, options.noise)),
        "guidance": lambda: replace(options, guidance=value),
        "glyph weight": lambda: replace(options, signals={**options.signals, "glyph": value}),
        "steps": lambda: replace(options, steps=round(value)),
    }
    return checked(changed[control]())


def split_at(value: float) -> tuple[Segment, ...]:
    """Global control down to time `value`, detail control below."""
    return _pieces((1.0, value, "global"), (value, 0.0, "detail"))


def drop_late(share: float, noise: float = 1.0) -> tuple[Segment, ...]:
    """Both stages, with the last `share` of the denoising, which begins at time `noise`, left without control."""
    off = share * noise
    return _pieces((1.0, max(0.5, off), "global"), (max(0.5, off), off, "detail"), (off, 0.0, "off"))


def drop_early(share: float, noise: float = 1.0) -> tuple[Segment, ...]:
    """Both stages, with the first `share` of the denoising, which begins at time `noise`, left without control."""
    top = (1.0 - share) * noise if share else 1.0
    return _pieces((1.0, top, "off"), (top, min(0.5, top), "global"), (min(0.5, top), 0.0, "detail"))


def _pieces(*pieces: tuple[float, float, Control]) -> tuple[Segment, ...]:
    return tuple(Segment(start, end, control) for start, end, control in pieces if start > end)


def sweep(request: EditRequest, control: str, values: Sequence[float] = ()) -> Generator[Progress, None, SweepResult]:
    """Edit once for each value, with the same seed; without values, over the control's own grid.

    Raises:
        InputError: for a request, a control or a value that cannot be used, before anything is computed.
    """
    chosen = tuple(values) or tuple(CONTROLS.get(control, ()))
    if len(chosen) > MOST_VALUES:
        raise InputError(f"{len(chosen)} values are too many. Sweep over at most {MOST_VALUES}.")
    settings = [with_control(replace(request.options, variants=1), control, value) for value in chosen]
    if not settings:
        with_control(request.options, control, 0)  # says what can be swept
    inside = np.zeros(request.image.shape[:2], bool)
    for canvas in canvases_of(request):
        inside |= feather_mask(request.image.shape, canvas) > 0
    rows = []
    for index, (value, options) in enumerate(zip(chosen, settings, strict=True)):
        result = yield from part_of(edit(replace(request, options=options)), index, len(chosen), f"{control} {value:g}")
        scores = [line.ned for line in result.lines if line.ned is not None]
        rows.append(
            SweepRow(
                value=value,
                ned=float(np.mean(scores)) if scores else None,
                read=" / ".join(line.read or "" for line in result.lines) if scores else None,
                changed=float(np.abs(result.images[0][inside].astype(np.int16) - request.image[inside]).mean()),
                image=result.images[0],
            )
        )
    return SweepResult(control, tuple(rows))
