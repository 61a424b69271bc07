"""Links: which names a field may have (that the button copies a link is tested in the browser)."""

import gradio as gr
import pytest

from backends.settings import settings
from explorers.links import copy_link_button


@pytest.mark.parametrize("name", ["tab", "view", "__theme", "Model", "a b", "a-b", "", "x=1&y"])
def test_names_that_are_taken_or_not_plain_are_refused(name: str) -> None:
    with gr.Blocks(), pytest.raises(ValueError, match="cannot name a field"):
        copy_link_button("example", {name: gr.Textbox()})


def test_the_button_works_in_the_browser_alone_and_is_no_endpoint() -> None:
    with gr.Blocks() as page:
        copy_link_button("example", {"n": gr.Number()})
    events = page.get_config_file()["dependencies"]
    assert len(events) == 2
    assert all(not event["backend_fn"] and event["api_visibility"] == "private" for event in events)


def test_on_a_space_the_link_is_the_address_of_the_space(fresh_settings: pytest.MonkeyPatch) -> None:
    fresh_settings.setenv("SPACE_ID", "someone/atelier")
    settings.cache_clear()
    with gr.Blocks() as page:
        copy_link_button("example", {})
    assert '"someone/atelier"' in page.get_config_file()["dependencies"][0]["js"]
