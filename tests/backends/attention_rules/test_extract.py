"""A whole extraction of a tiny model: resumable, complete, and readable by the index."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch

from backends.attention_rules import catalog, collect, shelf, shipped, stand_in, twolayer
from backends.attention_rules.collect import blocks, sample_of, training_rows
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.extract import extract, parse_head, prepare
from backends.attention_rules.features import HeadSample
from backends.attention_rules.index import RuleIndex, Search
from backends.attention_rules.models import losses
from backends.attention_rules.relations import Places
from backends.attention_rules.rules import Rule
from backends.attention_rules.sae_training import SaeRequest
from backends.attention_rules.text import sequences
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.errors import InputError, WeightsError
from backends.progress import finish

pytestmark = pytest.mark.method

HEADS = [(0, 1), (1, 2)]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    rng = random.Random(0)
    words = ["the", "cat", "dog", "can", "could", "may", "see", "run", "not", "a", "if", "then", "they", "says"]
    lines = [" ".join(rng.choices(words, k=14)) for _ in range(1500)]
    (folder / "brown.txt").write_text("\n".join(lines))
    (folder / "tags.json").write_text('{"can": "MD", "could": "MD", "may": "MD"}')
    return folder


@pytest.fixture(scope="module")
def model(text: Path) -> Iterator[Decoder]:
    vocabulary = twolayer.learn_tokens((text / "brown.txt").read_text().splitlines(), text / "tokenizer.json", 300)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        built = twolayer.build(vocabulary).eval().requires_grad_(False)
    for parameter in built.parameters():
        parameter.mul_(1.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalog._MODELS, "two-layer", lambda: built)
        patch.setattr(collect, "BLOCK", 16)
        patch.setattr(collect, "SAMPLE", 6)
        catalog._loaded.cache_clear()
        yield built
    catalog._loaded.cache_clear()


def test_from_text_to_index_and_again(text: Path, model: Decoder, tmp_path: Path) -> None:
    folder = prepare("two-layer", text, HEADS, 9_000, tmp_path, ["brown"])
    assert folder == prepare("two-layer", text, HEADS, 9_000, tmp_path, ["brown"])
    request = SaeRequest(features=12, k=2, steps=40, batch=256)
    out = tmp_path / "index"
    assert extract("two-layer", HEADS, folder, out, [request]) == []
    index = RuleIndex(out)
    heads = index.heads()
    assert [(row["layer"], row["head"]) for row in heads] == HEADS
    assert all(row["explained"] > 0.1 and row["tokens"] > 5_000 for row in heads)
    rules = index.search(Search(limit=200))
    assert rules
    assert all(rule["keys"] and rule["relation"] != "first" for rule in rules)
    one = index.feature(*(rules[0][name] for name in ("layer", "head", "seed", "feature")))
    assert one["rules"][0]["rank"] == 0
    assert one["verdict"] in ("verified", "refuted", "undecided")
    assert len(one["curve"]) == 11
    assert {example["kind"] for example in one["examples"]} >= {"top", "random"}
    assert all(0 <= one[name] <= 1 for name in ("f1", "f1_unigram", "f1_pairs", "f1_exact", "f1_single", "f1_always"))
    assert index.search(Search(token=rules[0]["keys"][0]))
    about = shipped.manifest(out)
    assert (about["model"], about["seeds"], about["training"]["k"]) == ("two-layer", [0], 2)
    assert [(row["layer"], row["head"]) for row in about["heads"]] == HEADS
    feature = shipped.load_feature(1, 2, 0, 3, out)
    stored = safetensors.torch.load_file(folder / "saes" / "L01H2-s0.safetensors")
    torch.testing.assert_close(feature.direction, stored["encoder"][:, 3].float())
    with pytest.raises(InputError, match="no autoencoder of layer 0, head 0"):
        shipped.load_feature(0, 0, 0, 3, out)
    _check_stand_in(model, folder, index, out)
    shipped.load_sae.cache_clear()
    (out / "saes" / "L00H1-s0.safetensors").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"L00H1-s0\.safetensors is damaged"):
        shipped.load_sae(0, 1, 0, out)

    # A run that is repeated finds all done; one that lost a part makes that part alone, and the same.
    parts = folder / "parts"
    stamps = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    lost = parts / "L01H2-s0"
    for file in lost.iterdir():
        file.unlink()
    lost.rmdir()
    block = folder / "blocks" / "00001.npz"
    block.unlink()
    assert extract("two-layer", HEADS, folder, out, [request]) == []
    assert block.is_file()
    again = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert again[parts / "L00H1-s0"] == stamps[parts / "L00H1-s0"]
    assert again[lost] != stamps[lost]
    timeless = [{k: v for k, v in row.items() if k != "seconds"} for row in RuleIndex(out).search(Search(limit=200))]
    assert timeless == rules


def _check_stand_in(model: Decoder, folder: Path, index: RuleIndex, out: Path) -> None:
    """What rules keep of a head: less than the autoencoder that they tell of, and what is stored is read back."""
    ids = stand_in.ids_of_tokens(model.vocabulary)
    rows = [stand_in.stand_in(model, folder, head, index, ids, out) for head in index.heads()]
    for row in rows:
        assert row["ablated"] > 0
        assert row["rules"] < row["autoencoder"] <= 1
        assert row["explained"] < 1
        assert all(0 < loss < 20 for loss in row["loss"].values())
        assert len(row["features"]) <= stand_in.FEATURES
    (out / shelf.STAND_IN).write_text(stand_in.stored(rows))
    assert [row["head"] for row in shelf.stand_in(out)["heads"]] == [1, 2]


def test_rules_foretell_the_mean_where_they_are_the_first_to_hold() -> None:
    ids = torch.tensor([[0, 5, 6, 1, 2, 3, 7], [0, 1, 5, 9, 2, 3, 4]])
    places = Places(ids, 10)
    rules = [Rule(relation, (5,), (), 1.0, (), 1, 1.0) for relation in ("at 1", "before")]
    active = torch.tensor([[0.0, 0.6, 4.0, 0, 0, 0, 5.0], [0.0, 0.5, 0, 2.0, 0, 0, 0]])
    found = stand_in.foretold(rules, places, active, places)
    rest = 1.1 / 11
    expected = torch.full_like(active, rest)
    expected[0, 2] = expected[1, 3] = 3.0
    expected[0, 6] = 5.0
    torch.testing.assert_close(found, expected)


def test_rules_are_read_back_from_their_rows() -> None:
    row = {
        "relation": "before", "keys": [" a"], "queries": ["b"], "unless": [], "more_than": 2, "weight": 0.5,
        "profile": [1.0], "support": 3, "precision": 0.4,
    }  # fmt: skip
    told = stand_in.rule_of(row, {" a": [4, 9], "b": [1]})
    assert told == Rule("before", (4, 9), (1,), 0.5, (1.0,), 3, 0.4, (), 2)


def test_blocks_hold_what_the_model_does(text: Path, model: Decoder, tmp_path: Path) -> None:
    folder = prepare("two-layer", text, HEADS, 9_000, tmp_path, ["brown"])
    jobs = blocks("two-layer", HEADS, folder)
    for job in jobs:
        collect.collect_block(job)
    held_out = sample_of(folder, (1, 2), len(jobs), held_out=True)
    expected = HeadSample.take(model, 1, 2, held_out.ids)
    torch.testing.assert_close(held_out.z, expected.z, atol=5e-3, rtol=5e-3)  # kept in half precision
    found_on = sample_of(folder, (1, 2), len(jobs), held_out=False)
    assert not bool((held_out.ids[:, None] == found_on.ids[None]).all(-1).any())
    rows = training_rows(folder, (1, 2), len(jobs))
    assert len(rows) == (len(jobs) - 3) * 16 * 63


def test_a_job_that_fails_is_reported_and_the_rest_goes_on(text: Path, model: Decoder, tmp_path: Path) -> None:
    folder = prepare("two-layer", text, HEADS, 9_000, tmp_path, ["brown"])
    request = SaeRequest(features=12, k=2, steps=5, batch=64)
    for job in blocks("two-layer", HEADS, folder):
        collect.collect_block(job)
    (folder / "saes").write_text("in the way")
    failures = extract("two-layer", HEADS, folder, tmp_path / "index", [request])
    assert len(failures) == 2
    assert RuleIndex(tmp_path / "index").heads() == []


def test_what_cannot_be_extracted_is_refused(text: Path, model: Decoder, tmp_path: Path) -> None:
    for name in ("L1", "H1", "L1H", "layer 1", "L1H2; x"):
        with pytest.raises(InputError, match="names no head"):
            parse_head(name)
    assert parse_head("L05H6") == (5, 6)
    with pytest.raises(InputError, match="no layer"):
        prepare("two-layer", text, [(2, 0)], 9_000, tmp_path, ["brown"])
    with pytest.raises(InputError, match="too few"):
        prepare("two-layer", text, HEADS, 100, tmp_path, ["brown"])
    with pytest.raises(InputError, match="no model"):
        prepare("three-layer", text, HEADS, 100, tmp_path, ["brown"])


def test_training_on_text_lowers_the_loss(text: Path, model: Decoder) -> None:
    vocabulary = model.vocabulary
    assert isinstance(vocabulary, BpeVocabulary)
    ids = sequences((text / "brown.txt").read_text().splitlines(), vocabulary, 32)
    trained = finish(twolayer.train(ids, vocabulary, seed=1, steps=25))
    with torch.no_grad():
        before = float(losses(twolayer.build(vocabulary), ids[:20]).mean())
        after = float(losses(trained, ids[:20]).mean())
    assert after < before - 1
    assert abs(twolayer.copying(twolayer.build(vocabulary))) < 0.5  # who has learned nothing, copies nothing


def test_passages_are_said_again_where_nothing_else_tells_so() -> None:
    ids = torch.arange(1, 6 * 40 + 1).view(6, 40)
    rng = torch.Generator().manual_seed(3)
    again, said = twolayer.say_again(ids, 0.5, rng)
    assert torch.equal(again[3:], ids[3:])
    assert not said[3:].any()
    distances = set()
    for row in range(3):
        changed = (again[row] != ids[row]).nonzero().flatten()
        assert torch.equal(changed, torch.arange(int(changed[0]), int(changed[-1]) + 1))  # one passage
        assert 10 <= len(changed) <= 19
        assert said[row].nonzero().flatten().tolist() == changed[1:].tolist()  # nothing foretells its first token
        back = set((ids[row][changed] - again[row][changed]).tolist())
        assert len(back) == 1
        distances |= back
        assert min(back) >= len(changed)
    assert len(distances) > 1
    assert torch.equal(ids, torch.arange(1, 6 * 40 + 1).view(6, 40))


def test_fewer_passages_are_said_again_towards_the_end() -> None:
    assert [twolayer.share(done) for done in (0, 0.4, 1)] == pytest.approx([1, 1, twolayer.AGAIN_AT_LAST])
    assert twolayer.share(0.7) == pytest.approx(0.6)
