"""The desk: the network to look at, and the view in which its patterns emerge."""

from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.visual_patterns import shelf
from explorers.guard import guarded
from explorers.views.emergence import Emergence, PickedPicture, Place, emergence_value, picked_value
from explorers.visual_patterns.place import opening, place_of_event

HINT = (
    "Press play and watch an untrained network become a trained one. Every point is a region of some picture; each ray "
    "is a class. Regions that come to speak for their picture's own class gather along its ray: **knowledge points**."
)


class DeskPanel:
    """The network, the view and the hidden state beside it. Other panels read `network` and `at`."""

    def __init__(self, name: str, place: Place) -> None:
        """Lays out the desk with the build `name` at `place`; imports no torch."""
        with gr.Row(elem_classes="atelier-lead"):
            self.network = gr.Dropdown(self.choices(), value=name, label="Network", interactive=True, min_width=280)
            gr.Markdown(HINT, elem_classes="atelier-hint")
        self.view = Emergence(emergence_value(shelf.page(name), place, shelf.seeds(name)), label="Patterns")
        self.picked = PickedPicture(picked_value(name, shelf.picture(name, place.image)), label="Regions of a picture")
        self.at = gr.JSON(asdict(place), visible="hidden", label="Where this is")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
        self.network.input(guarded(self.opened), self.network, [self.view, self.picked, self.at], **quick)
        self.view.image(guarded(self._pick), self.network, self.picked, **quick)
        self.view.rest(guarded(self._rest), self.network, self.at, **quick)

    @property
    def fields(self) -> dict[str, Component]:
        """What a link to this desk carries."""
        return {"network": self.network, "at": self.at}

    @staticmethod
    def choices() -> list[tuple[str, str]]:
        """The networks to choose from: titles and names."""
        return [(title_of(one), one) for one in shelf.names()]

    @staticmethod
    def opened(name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The values of `view`, `picked` and `at` with another network on the desk."""
        place = opening(name)
        return (
            emergence_value(shelf.page(name), place, shelf.seeds(name)),
            picked_value(name, shelf.picture(name, place.image)),
            asdict(place),
        )

    def _pick(self, name: str, event: gr.EventData) -> dict[str, Any]:
        return picked_value(name, shelf.picture(name, place_of_event(name, event).image))

    def _rest(self, name: str, event: gr.EventData) -> dict[str, Any]:
        return asdict(place_of_event(name, event))


def title_of(name: str) -> str:
    """A build's title; several may differ in the pictures that are watched alone, and say so."""
    title: str = shelf.index(name)["title"]
    return f"{title}, unseen sprites" if name.endswith("-unseen") else title
