"""A bar of stages along denoising, from noise to picture, whose borders mouse, touch and arrow keys move.

Event: `edit` with `{"marks": [begins, split, ends]}`, times from 1 to 0, read by `events.marks_of`.
"""

from collections.abc import Sequence

from explorers.views.live import JsonValue, LiveView


class StageBar(LiveView):
    """The bar; give it `stage_bar_value(...)` as its value."""

    script_name = "stage_bar.js"


def stage_bar_value(marks: tuple[float, float, float], start: float, steps: Sequence[float]) -> JsonValue:
    """The view's value.

    Args:
        marks: times at which control begins, hands over from global to detail, and ends; 1 is noise, 0 the picture.
        start: the time at which denoising begins; what lies before it is faded.
        steps: the time of each step, marked below the bar.
    """
    begins, split, ends = marks
    return {"marks": [begins, min(max(split, ends), begins), ends], "start": start, "steps": list(steps)}
