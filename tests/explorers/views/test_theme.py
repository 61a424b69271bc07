"""The theme: complete in light and dark, and nothing fetched from elsewhere."""

import re

import pytest

from explorers.theme import CSS, theme
from explorers.views.palette import DARK, LIGHT

pytestmark = pytest.mark.unit


def test_every_token_used_is_defined() -> None:
    used = set(re.findall(r"var\(--atelier-([a-z0-9-]+)", CSS))
    assert used <= {*LIGHT, "small", "text", "lead", "title"}


def test_both_themes_reach_the_page() -> None:
    assert f"--atelier-paper:{LIGHT['paper']}" in CSS
    assert f"--atelier-paper:{DARK['paper']}" in CSS


def test_nothing_is_fetched() -> None:
    built = theme()
    assert "url(" not in CSS
    assert not re.findall(r"""url\((?!["']data:)""", built._get_theme_css())
    assert built._stylesheets == []


def test_at_rules_are_nested() -> None:
    """Gradio's `css=` drops top-level at-rules, so each must stand inside an ordinary rule."""
    depth = 0
    for token in re.findall(r"[{}]|@[a-z]+", re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)):
        if token.startswith("@"):
            assert depth > 0
        depth += {"{": 1, "}": -1}.get(token, 0)
    assert depth == 0
