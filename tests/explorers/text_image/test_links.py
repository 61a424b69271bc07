"""What a link may ask for: what is valid is shown, and nothing else raises or changes anything."""

import json
from dataclasses import replace
from typing import Any

import pytest

from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.opening import OPENING
from backends.text_image.regions import box_region
from backends.text_image.requests import Fourier, Options
from backends.text_image.timelines import named, timeline
from backends.text_image.wire import Recipe, changed_options, regions_json
from explorers.text_image import TextImageExplorer, recipe_of_link
from tests.explorers.views.reading import HOSTILE

pytestmark = pytest.mark.unit

USUAL = Recipe(example(OPENING).regions, example(OPENING).options, OPENING)
BOX = box_region(10, 20, 100, 30, HOSTILE)


def test_a_link_that_asks_for_nothing_shows_the_opening() -> None:
    assert recipe_of_link({}) == USUAL
    assert recipe_of_link({"example": "", "other": "x"}) == USUAL


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.id)
def test_an_example_is_shown(one: Example) -> None:
    assert recipe_of_link({"example": one.id}) == Recipe(one.regions, one.options, one.id)


def test_what_the_page_copies_into_a_link_comes_back() -> None:
    shown = example("cafe")
    options = Options(
        caption=shown.options.caption,
        steps=10,
        seed=shown.options.seed,
        noise=0.6,
        fourier=Fourier(band="low"),
        timeline=timeline(*named("drop last 50 %", 0.6)),
        signals={"depth": 1.0},
        variants=2,
    )
    query = {
        "example": "cafe",
        "seed": "77",
        "options": json.dumps(changed_options(options, shown.options)),
        "regions": json.dumps(regions_json((BOX,))),
    }
    assert recipe_of_link(query) == Recipe((BOX,), replace(options, seed=77), "cafe")


def test_a_list_without_regions_keeps_the_examples() -> None:
    assert recipe_of_link({"regions": "[]"}) == USUAL


@pytest.mark.parametrize(
    "wrong",
    [
        {"example": "nothing"},
        {"example": HOSTILE},
        {"example": "../../etc/passwd"},
        {"example": "x" * 100_000},
        *({"seed": seed} for seed in ("", "x", "-1", "1.5", "9" * 30, "9" * 5000, "nan", "0x10")),
        *(
            {"options": options}
            for options in (
                *("", "{", "[]", "[1]", "5", "null", '"x"', "NaN", '{"noise": NaN}', '{"noise": 1e999}'),
                *('{"steps": "5"}', '{"steps": true}', '{"zoom": 1}', '{"fourier": 1}', '{"timeline": []}'),
                '{"seed": ' + "9" * 5000 + "}",
                '{"caption": "' + "x" * 100_000 + '"}',
                '{"caption": "\\ud800"}',
                '{"signals": ' + "[" * 900 + "]" * 900 + "}",
                "[" * 100_000,
            )
        ),
        *(
            {"regions": regions}
            for regions in (
                *("", "{}", "null", "5", "[5]", "[[1, 2]]", '[["a", 2, 3, 4]]', "[[1, 2, 3, 4]" + ", [1, 2, 3, 4]" * 8),
                *('[{"box": [null, null, null, null]}]', '[{"box": [1, 2, 3, 1e999]}]', '[{"corners": "abcd"}]'),
                '[[1, 2, 30, 40, "\\ud800"]]',
                "[[" + "9" * 400 + ", 2, 3, 4]]",
                "[" * 900 + "]" * 900,
                "[" * 100_000,
            )
        ),
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_anything_else_changes_nothing(wrong: dict[str, str]) -> None:
    assert recipe_of_link(wrong) == USUAL
    assert recipe_of_link({"example": "cafe", "seed": "3", **wrong}) == USUAL


@pytest.mark.parametrize("query", [{"options": {}}, {"seed": None}, {"regions": [1]}, {"example": ["cafe"]}])
def test_what_is_no_text_changes_nothing(query: dict[str, Any]) -> None:
    assert recipe_of_link(query) == USUAL


def test_the_showcase_is_a_link_that_works() -> None:
    assert recipe_of_link(TextImageExplorer.showcase) == USUAL
