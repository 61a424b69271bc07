"""What is not a request is refused, with a short message that helps."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from backends.concepts.requests import CurveRequest, ModelRequest, PredictRequest, resolve_edits
from backends.concepts.service import find_samples
from backends.concepts.tasks import find_task
from backends.errors import InputError

pytestmark = pytest.mark.unit

LONG = "x" * 10_000_000
HUGE = 10**400


def _model(**changed: Any) -> ModelRequest:
    return ModelRequest(**{"task": "digits-addition", "model": "crm", **changed})


def _predict(edits: Any = None, **changed: Any) -> PredictRequest:
    return PredictRequest(**{"model": _model(), "sample": 0, "edits": edits or {}, **changed})


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "task": (lambda: _model(task="digits"), "no task 'digits'; choose from digits-addition, "),
    "long task": (lambda: _model(task=LONG), "no task 'x+…; choose from"),
    "task of another type": (lambda: _model(task=["xor"]), "no task"),
    "model": (lambda: _model(model="CRM"), "no model 'CRM'; choose from cbm-independent, "),
    "model of another type": (lambda: _model(model={}), "no model"),
    "regulariser": (lambda: _model(regulariser="l2"), "no regulariser 'l2'; choose from kl, tv, dropout"),
    "beta nan": (lambda: _model(beta=math.nan), "beta must be a number from 0 to 100, got nan"),
    "beta infinite": (lambda: _model(beta=math.inf), "beta must be a number from 0 to 100, got inf"),
    "beta below": (lambda: _model(beta=-0.1), r"beta must be a number from 0 to 100, got -0\.1"),
    "beta above": (lambda: _model(beta=101), "beta must be a number from 0 to 100, got 101"),
    "beta huge": (lambda: _model(beta=HUGE), "beta must be a number from 0 to 100, got 10+…"),
    "beta text": (lambda: _model(beta="0.1"), "beta must be a number from 0 to 100, got '0.1'"),
    "beta truth": (lambda: _model(beta=True), "beta must be a number from 0 to 100, got True"),
    "dropout rate": (lambda: _model(beta=1.5, regulariser="dropout"), "beta must be a number from 0 to 1, got 1.5"),
    "beta of a CBM": (lambda: _model(model="cbm-joint", beta=1.0), "CBM, joint trains without a regulariser"),
    "seed below": (lambda: _model(seed=-1), "seed must be a whole number from 0 to 2147483647, got -1"),
    "seed half": (lambda: _model(seed=1.5), "seed must be a whole number .* got 1.5"),
    "seed text": (lambda: _model(seed="1"), "seed must be a whole number"),
    "epochs 0": (lambda: _model(epochs=0), "epochs must be a whole number from 1 to 500, got 0"),
    "epochs many": (lambda: _model(epochs=501), "epochs must be a whole number from 1 to 500, got 501"),
    "epochs half": (lambda: _model(epochs=2.5), "epochs must be a whole number"),
    "sample": (lambda: _predict(sample=2000), "no sample 2000; choose a whole number from 0 to 1999"),
    "sample below": (lambda: _predict(sample=-1), "no sample -1"),
    "sample half": (lambda: _predict(sample=1.5), "no sample 1.5"),
    "sample text": (lambda: _predict(sample=LONG), "no sample 'x+…"),
    "sample truth": (lambda: _predict(sample=True), "no sample True"),
    "prior": (lambda: _predict(prior="median"), "no prior 'median'; choose from mean, shuffled, learned"),
    "concept": (lambda: _predict({"left is 10": 1}), "no concept 'left is 10'; choose from left digit, right digit"),
    "long concept": (lambda: _predict({LONG: 1}), "no concept 'x+…; choose from"),
    "concept of another type": (lambda: _predict({3: 1}), "no concept 3; choose from"),
    "member": (lambda: _predict({"left digit": "left is 10"}), "'left is 10' is no member of left digit; choose from"),
    "member of the other": (lambda: _predict({"left digit": "right is 1"}), "'right is 1' is no member of left digit"),
    "member by number": (lambda: _predict({"left digit": 3}), "3 is no member of left digit; choose from left is 0"),
    "long member": (lambda: _predict({"left digit": LONG}), "'x+… is no member"),
    "edit above": (lambda: _predict({"left is 1": 1.5}), "value of left is 1 must be a number from 0 to 1, got 1.5"),
    "edit below": (lambda: _predict({"left is 1": -0.01}), "must be a number from 0 to 1, got -0.01"),
    "edit nan": (lambda: _predict({"left is 1": math.nan}), "must be a number from 0 to 1, got nan"),
    "edit huge": (lambda: _predict({"left is 1": HUGE}), "must be a number from 0 to 1, got 10+…"),
    "edit text": (lambda: _predict({"left is 1": "1"}), "must be a number from 0 to 1, got '1'"),
    "edit long": (lambda: _predict({"left is 1": LONG}), "must be a number from 0 to 1, got 'x+…"),
    "edit truth": (lambda: _predict({"left is 1": True}), "must be a number from 0 to 1, got True"),
    "edit nothing": (lambda: _predict({"left is 1": None}), "must be a number from 0 to 1, got None"),
    "edit list": (lambda: _predict({"left is 1": [1]}), "must be a number from 0 to 1, got \\[1\\]"),
    "edits": (lambda: _predict([("left is 1", 1)]), "Edits must be an object"),
    "many edits": (lambda: _predict({f"e{i}": 1 for i in range(23)}), "23 edits are too many; .* at most 22"),
    "policy": (lambda: CurveRequest(policy="best"), "'best' is unknown; choose from random, uncertainty, coop, greedy"),  # type: ignore[arg-type]
    "unit": (lambda: CurveRequest(unit="pixel"), "'pixel' is unknown; choose from group, concept"),  # type: ignore[arg-type]
    "wrong rate": (lambda: CurveRequest(wrong_rate=1.1), "wrong_rate must be a number from 0 to 1, got 1.1"),
    "wrong rate nan": (lambda: CurveRequest(wrong_rate=math.nan), "wrong_rate must be a number from 0 to 1, got nan"),
    "order seed": (lambda: CurveRequest(seed=-1), "seed must be a whole number"),
    "filter": (lambda: find_samples(_model(), "wrong"), "no filter 'wrong'; choose from all, mispredicted"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_refused_in_words(case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert len(str(caught.value)) < 600


def test_a_member_sets_its_whole_group() -> None:
    values = resolve_edits(find_task("digits-addition"), {"right digit": "right is 4"})
    assert values == {10 + d: float(d == 4) for d in range(10)}


def test_a_concept_sets_itself() -> None:
    assert resolve_edits(find_task("xor"), {"second is high": 0.25}) == {1: 0.25}
    assert resolve_edits(find_task("scenes"), {"large": 1, "shape": "star"}) == {0: 0, 1: 0, 2: 0, 3: 1, 8: 1}


def test_keys_are_unique_to_the_request() -> None:
    requests = [
        _model(),
        _model(beta=0.1),
        _model(beta=0.1, seed=2),
        _model(beta=0.1, regulariser="tv"),
        _model(beta=0.1, regulariser="dropout"),
        _model(beta=0.1, epochs=3),
        _model(model="lrm"),
    ]
    assert _model(beta=0.1, seed=2).key == "crm-b0.1-s2"
    assert len({request.key for request in requests}) == len(requests)


def test_models_with_different_betas_have_different_names() -> None:
    assert ModelRequest("xor", "crm", 0.1).key == "crm-b0.1-s1"
    assert ModelRequest("xor", "crm", 1.0).key == "crm-b1-s1"
    assert ModelRequest("xor", "crm", 0.1).key != ModelRequest("xor", "crm", 0.1 + 1e-12).key
