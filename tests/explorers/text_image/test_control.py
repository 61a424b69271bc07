"""The control panel: what it shows is what it asks for, for every named timeline and every example."""

from typing import Any

import gradio as gr
import pytest

from backends.errors import InputError
from backends.text_image.examples import EXAMPLES
from backends.text_image.requests import BANDS, PAPER_TIMELINE, Fourier, Options, Segment, checked
from backends.text_image.signals import SIGNALS
from backends.text_image.timelines import NAMES, named, timeline
from explorers.text_image.control import (
    BAND_LABELS,
    OWN,
    SIGNAL_LABELS,
    ControlPanel,
    _choose,
    _dragged,
    _moved,
    _started,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def panel() -> ControlPanel:
    """The panel with the usual options in it."""
    with gr.Blocks():
        return ControlPanel(Options())


def asked(panel: ControlPanel, options: Options) -> Options:
    """What the panel asks for once the options are filled in."""
    shown = panel.fill(options)
    return panel.options(Options(), *(shown[component] for component in panel.values))


@pytest.mark.parametrize("noise", [0.05, 0.4, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_named_timeline_is_shown_by_its_name_and_asked_for(panel: ControlPanel, name: str, noise: float) -> None:
    options = Options(noise=noise, timeline=timeline(*named(name, noise)))
    assert panel.fill(options)[panel.preset] == name
    assert asked(panel, options) == checked(options) == options


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.id)
def test_an_example_is_asked_for_as_it_is(panel: ControlPanel, one: Any) -> None:
    usual = Options(caption=one.options.caption, seed=one.options.seed, steps=one.options.steps)
    shown = panel.fill(one.options)
    assert panel.options(usual, *(shown[component] for component in panel.values)) == one.options


@pytest.mark.parametrize(
    "options",
    [
        Options(fourier=Fourier()),
        Options(fourier=Fourier(0, 4, 0.35, 31.5, "low")),
        Options(signals={}, fec=False, masked_levels=0),
        Options(signals={"glyph_canny": 0.05, "depth": 2.0}, masked_levels=3),
        Options(start="draft", noise=0.05, guidance=10.0),
        Options(timeline=timeline(0.37, 0.21, 0.11)),
        Options(timeline=timeline(0.3, 0.3, 0.3)),
    ],
)
def test_whatever_the_panel_can_show_it_asks_for(panel: ControlPanel, options: Options) -> None:
    assert asked(panel, options) == options


def test_a_panel_is_laid_out_with_its_options() -> None:
    options = Options(noise=0.6, fourier=Fourier(band="high"), signals={"depth": 0.5}, timeline=timeline(0.9, 0.4, 0.1))
    with gr.Blocks():
        panel = ControlPanel(options)
    assert panel.options(Options(), *(component.value for component in panel.values)) == options
    assert panel.preset.value == OWN


def test_a_timeline_of_another_order_is_shown_as_the_papers(panel: ControlPanel) -> None:
    turned = Options(timeline=(Segment(1, 0.5, "detail"), Segment(0.5, 0, "global")))
    assert asked(panel, turned).timeline == PAPER_TIMELINE


def test_a_missing_number_is_asked_for(panel: ControlPanel) -> None:
    shown = panel.fill(Options())
    for missing in panel.values:
        values = [None if component is missing else shown[component] for component in panel.values]
        with pytest.raises(InputError, match="A number is missing"):
            panel.options(Options(), *values)


def test_a_name_moves_the_marks_and_a_mark_drops_the_name() -> None:
    *marks, bar = _choose("drop last 50 %", 0.8, 5)
    assert marks == [1.0, 0.5, 0.4]
    assert bar["marks"] == [1.0, 0.5, 0.4]
    assert bar["steps"] == pytest.approx([0.8, 0.64, 0.48, 0.32, 0.16])
    moved, name = _moved(0.9, 0.5, 0.1, 0.8, 5)
    assert name == OWN
    assert (moved["marks"], moved["start"]) == ([0.9, 0.5, 0.1], 0.8)
    with pytest.raises(InputError, match="before it begins"):
        _moved(0.2, 0.5, 0.4, 0.8, 5)


def test_a_dragged_border_moves_the_sliders() -> None:
    *marks, bar, name = _dragged(0.8, 3, gr.EventData(None, {"marks": [0.7, 0.4, 0.2]}))
    assert (marks, bar["marks"], name) == ([0.7, 0.4, 0.2], [0.7, 0.4, 0.2], OWN)
    with pytest.raises(InputError, match="go from 1 down to 0"):
        _dragged(0.8, 3, gr.EventData(None, {"marks": [0.2, 0.4, 0.7]}))


def test_another_noise_moves_a_named_timeline_alone() -> None:
    assert _started("drop last 50 %", 1.0, 0.5, 0.4, 0.6, 5)[:3] == (1.0, 0.5, 0.3)
    assert _started(OWN, 1.0, 0.5, 0.4, 0.6, 5)[:3] == (1.0, 0.5, 0.4)
    assert len(_choose(OWN, 0.8, 5)) == 4


def test_every_signal_can_be_set(panel: ControlPanel) -> None:
    assert all(slider.interactive for slider in panel.weights)


def test_everything_has_words() -> None:
    assert SIGNAL_LABELS.keys() == set(SIGNALS)
    assert BAND_LABELS.keys() == set(BANDS)
