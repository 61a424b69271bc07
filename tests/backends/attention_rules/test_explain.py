"""What a visitor sees of a sentence: exact sums, edits that do what they say, and clear refusals."""

import pytest

from backends.attention_rules.decoder import Decoder
from backends.attention_rules.explain import Edit, EditKind, edited, explain, moved
from backends.attention_rules.vocabulary import MOST_TOKENS
from backends.errors import InputError
from tests.backends.attention_rules.wired import ASK, KEY, KEY_FEATURE, WORDS, outdone, wired_model

pytestmark = pytest.mark.method


@pytest.fixture(scope="module")
def model() -> Decoder:
    return wired_model()


SENTENCE = [0, 7, KEY, 8, 9, ASK]


def test_sums_are_the_models_value(model: Decoder) -> None:
    found = explain(model, KEY_FEATURE, SENTENCE, 5)
    assert found.tokens == tuple(WORDS[i] for i in SENTENCE)
    assert [source.position for source in found.sources] == [0, 1, 2, 3, 4, 5]
    assert sum(source.attention for source in found.sources) == pytest.approx(1)
    total = sum(source.contribution for source in found.sources)
    assert total == pytest.approx(found.values[5]) == pytest.approx(found.sources[-1].running)
    best = max(found.sources, key=lambda source: source.contribution)
    assert (best.token, best.promotion) == ("key", 1)
    assert best.attention == pytest.approx(54.598 / (54.598 + 5), rel=1e-3)  # e^4 against five others


def test_the_highest_position_is_explained_unless_one_is_named(model: Decoder) -> None:
    assert explain(model, KEY_FEATURE, SENTENCE).query == 5
    assert explain(model, KEY_FEATURE, [0]).query == 0


def test_a_sum_is_silent_where_another_feature_is_larger(model: Decoder) -> None:
    alone, beside = (explain(model, feature, SENTENCE, 5) for feature in (KEY_FEATURE, outdone(KEY_FEATURE)))
    assert alone.active[5] == pytest.approx(alone.values[5])
    assert beside.values[5] == alone.values[5] > 0
    assert set(beside.active) == {0.0}
    assert explain(model, outdone(KEY_FEATURE), SENTENCE).query == 5  # where it is silent, the highest sum


def test_edits_by_hand() -> None:
    assert edited([0, 5, 6, 7], Edit("delete", 2)) == [0, 5, 7]
    assert edited([0, 5, 6, 7], Edit("move", 1, to=3)) == [0, 6, 7, 5]
    assert edited([0, 5, 6, 7], Edit("repeat", 1, to=4)) == [0, 5, 6, 7, 5]
    assert edited([0, 5, 6, 7], Edit("replace", 3, token=9)) == [0, 5, 6, 9]
    assert edited([0, 5, 6, 7], Edit("insert", 1, token=9)) == [0, 9, 5, 6, 7]
    for wrong in (Edit("delete", 0), Edit("delete", 4), Edit("move", 1, to=0), Edit("repeat", 1, to=6)):
        with pytest.raises(InputError, match="no position"):
            edited([0, 5, 6, 7], wrong)
    with pytest.raises(InputError, match="no edit"):
        Edit("swap", 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("to", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["delete", "move", "repeat", "replace", "insert"])
def test_the_query_is_found_again_after_an_edit(kind: EditKind, position: int, to: int) -> None:
    ids, query = [0, 11, 12, 13, 14], 3
    edit = Edit(kind, position, to, token=9)
    if position == query and kind in ("delete", "move", "replace"):
        return  # then it is gone, or elsewhere
    after = edited(ids, edit)
    places = [at for at, one in enumerate(after) if one == ids[query]]
    assert moved(query, edit) in places


@pytest.mark.parametrize("ids", [[], [0, 99], [0] * (MOST_TOKENS + 1), [0] * 10_000])
def test_ids_that_cannot_be_explained(ids: list[int], model: Decoder) -> None:
    with pytest.raises(InputError):
        explain(model, KEY_FEATURE, ids)
    with pytest.raises(InputError, match="no position 6"):
        explain(model, KEY_FEATURE, SENTENCE, 6)
