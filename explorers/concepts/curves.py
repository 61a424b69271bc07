"""Intervention curves: does accuracy rise as concepts are corrected, and in which order should one ask?"""

from typing import Any

import gradio as gr

from backends.concepts.answers import Curve
from backends.concepts.opening import Opening
from backends.concepts.requests import CurveRequest, Policy, Unit
from explorers.concepts.desk import DeskPanel, Models
from explorers.guard import guarded
from explorers.views.line_curve import Role, Series, line_curve
from explorers.views.picture import Picture

POLICIES: list[tuple[str, Policy]] = [
    ("random order", "random"),
    ("least certain first", "uncertainty"),
    ("least certain × most influential (CooP)", "coop"),
    ("oracle", "greedy"),
]
UNITS: list[tuple[str, Unit]] = [("one concept at a time", "concept"), ("a group at a time", "group")]


class CurvesPanel:
    """Accuracy of both models, in both modes, after more and more interventions."""

    def __init__(self, opening: Opening, desk: DeskPanel, tab: gr.Tab) -> None:
        """Lays out the panel; the opening's curves travel when `tab` is opened."""
        request = opening.curves[0].request
        self._opening, self._first = opening, desk.models.value
        with gr.Row():
            self.policy = gr.Dropdown(POLICIES, value=request.policy, label="Which concept next", min_width=160)
            self.unit = gr.Dropdown(UNITS, value=request.unit, label="How much at once", min_width=160)
            self.wrong = gr.Slider(0, 1, request.wrong_rate, step=0.05, label="Wrong corrections", min_width=160)
        self.picture = gr.HTML("")
        inputs = [desk.models, self.policy, self.unit, self.wrong]
        tab.select(guarded(self._open), inputs, self.picture, api_visibility="private", show_progress="hidden")
        gr.on(
            [desk.models.change, self.policy.input, self.unit.input, self.wrong.release],
            guarded(self._draw),
            inputs,
            self.picture,
            api_visibility="private",
            show_progress="minimal",
            trigger_mode="always_last",
        )

    def _open(self, models: Models, policy: Policy, unit: Unit, wrong_rate: float) -> Any:
        """The stored curves; any change since the opening has drawn its own."""
        stored = self._opening.curves
        asked = (models, CurveRequest(policy, unit, wrong_rate))
        return curves_picture(*stored).html if asked == (self._first, stored[0].request) else gr.skip()

    def _draw(self, models: Models, policy: Policy, unit: Unit, wrong_rate: float) -> str:
        from backends.concepts.comparison import compare_curves

        return curves_picture(*compare_curves(*models, CurveRequest(policy, unit, wrong_rate))).html


def curves_picture(left: Curve, right: Curve) -> Picture:
    """Both models' curves: A in the accent, B in a colour of its own, concepts alone dashed."""
    many = f"mean and ±1 s.d. over {left.orders} orders, " if left.orders > 1 else ""
    sides: list[tuple[str, Curve, Role]] = [("A", left, "ours"), ("B", right, "other")]
    series = [
        Series(f"{letter}, {word}", range(len(mean)), mean, *band, role, dashed=word == "concepts alone")
        for letter, curve, role in sides
        for word, mean, band in (
            ("with sidechannel", curve.default, curve.default_band),
            ("concepts alone", curve.bottleneck, curve.bottleneck_band),
        )
    ]
    return line_curve(
        series,
        title=f"Accuracy after interventions ({many}n = {left.n} test samples)",
        x_title="interventions",
        y_title="accuracy",
        y_limits=(0, 1),
        whole_x=True,
    )
