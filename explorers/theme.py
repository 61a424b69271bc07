"""How the page looks: our theme on Gradio's own theming, and the style sheet for everything that is ours.

Colours come from `views.palette` alone. Type is one system family in four sizes, space a grid of 8 px; nothing is
fetched from elsewhere.
"""

from collections.abc import Mapping
from typing import Final

import gradio as gr
from gradio.themes.utils import colors, sizes

from explorers.views.assets import stylesheet
from explorers.views.palette import DARK, FONT, LIGHT

_TYPE: Final = {"small": "12px", "text": "14px", "lead": "18px", "title": "26px"}

_IRIS: Final = colors.Color(
    "#f6f3fe",
    "#eee9fb",
    "#dcd2f8",
    "#c2b1f2",
    "#ab9cff",
    "#7c5fe0",
    "#5a3bc2",
    "#4a2ea6",
    "#3c2687",
    "#2f2068",
    "#1e1545",
    name="iris",
)
_INK: Final = colors.Color(
    "#fbfaf7",
    "#f3f1eb",
    "#e5e1d8",
    "#cfcad0",
    "#aca8ba",
    "#8b8694",
    "#5c5868",
    "#454152",
    "#34323f",
    "#24232d",
    "#131218",
    name="ink",
)


def _declarations(values: Mapping[str, str]) -> str:
    return "".join(f"--atelier-{name}:{value};" for name, value in values.items())


CSS: Final = f":root{{{_declarations({**LIGHT, **_TYPE})}}}\n.dark{{{_declarations(DARK)}}}\n{stylesheet()}"


def theme() -> gr.themes.Base:
    """The theme, light and dark: paper and ink, one accent, hairlines where Gradio draws boxes."""
    base = gr.themes.Base(
        primary_hue=_IRIS,
        secondary_hue=_IRIS,
        neutral_hue=_INK,
        text_size=sizes.text_md,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        font=tuple(name.strip().strip('"') for name in FONT.split(",")),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono", "monospace"),
    )
    base.name = "atelier"
    return base.set(**_both(_SURFACES), **_both(_CONTROLS), **_SHAPES)


# Gradio variable -> palette token; each is set for light and dark alike.
_SURFACES: Final = {
    "body_background_fill": "paper",
    "body_text_color": "ink",
    "body_text_color_subdued": "muted",
    "background_fill_primary": "surface",
    "background_fill_secondary": "sunken",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "border_color_accent_subdued": "line",
    "color_accent_soft": "accent-soft",
    "link_text_color": "accent",
    "link_text_color_active": "accent",
    "link_text_color_hover": "ink",
    "link_text_color_visited": "accent",
    "code_background_fill": "sunken",
    "block_background_fill": "paper",
    "block_border_color": "line",
    "block_info_text_color": "muted",
    "block_label_background_fill": "paper",
    "block_label_text_color": "muted",
    "block_label_border_color": "paper",
    "block_title_text_color": "muted",
    "panel_background_fill": "paper",
    "panel_border_color": "line",
    "accordion_text_color": "ink",
    "table_text_color": "ink",
    "table_border_color": "line",
    "table_even_background_fill": "surface",
    "table_odd_background_fill": "surface",
    "table_row_focus": "accent-soft",
}

_CONTROLS: Final = {
    "input_background_fill": "surface",
    "input_background_fill_focus": "surface",
    "input_border_color": "edge",
    "input_border_color_focus": "accent",
    "input_placeholder_color": "muted",
    "checkbox_background_color": "surface",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "edge",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "surface",
    "checkbox_label_background_fill_hover": "accent-soft",
    "checkbox_label_background_fill_selected": "accent-soft",
    "checkbox_label_border_color": "line",
    "checkbox_label_border_color_selected": "accent",
    "checkbox_label_text_color": "ink",
    "checkbox_label_text_color_selected": "ink",
    "slider_color": "accent",
    "loader_color": "accent",
    "stat_background_fill": "accent",
    "button_primary_background_fill": "accent",
    "button_primary_background_fill_hover": "accent",
    "button_primary_border_color": "accent",
    "button_primary_text_color": "on-accent",
    "button_secondary_background_fill": "surface",
    "button_secondary_background_fill_hover": "accent-soft",
    "button_secondary_border_color": "edge",
    "button_secondary_text_color": "ink",
    "button_cancel_background_fill": "alert-soft",
    "button_cancel_background_fill_hover": "alert-soft",
    "button_cancel_border_color": "alert",
    "button_cancel_text_color": "alert",
    "error_background_fill": "alert-soft",
    "error_border_color": "alert",
    "error_text_color": "alert",
    "error_icon_color": "alert",
}

_SHAPES: Final = {
    "block_border_width": "0px",
    "block_label_border_width": "0px",
    "block_padding": "0px",
    "block_shadow": "none",
    "block_label_text_size": "12px",
    "block_title_text_size": "12px",
    "block_title_text_weight": "400",
    "block_title_padding": "0px",
    "body_text_size": "14px",
    "button_border_width": "1px",
    "button_large_text_size": "14px",
    "button_medium_text_size": "14px",
    "button_small_text_size": "12px",
    "button_transition": "background-color 0.1s ease",
    "checkbox_label_border_width": "1px",
    "input_border_width": "1px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_text_size": "14px",
    "layout_gap": "16px",
    "form_gap_width": "16px",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 4px 16px rgb(0 0 0 / 0.12)",
}


def _both(tokens: Mapping[str, str]) -> dict[str, str]:
    light = {variable: LIGHT[name] for variable, name in tokens.items()}
    dark = {f"{variable}_dark": DARK[name] for variable, name in tokens.items()}
    return {**light, **dark}
