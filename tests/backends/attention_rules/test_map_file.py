"""The head map comes back from its file as it was; a damaged one says so."""

from pathlib import Path

import pytest
import torch

from backends.attention_rules import map_file
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.heads import HeadMeasures, head_map
from backends.attention_rules.map_file import NAME, HeadMap
from backends.errors import MissingFileError, WeightsError


@pytest.mark.unit
def test_round_trip(small: Decoder, sentences: torch.Tensor, tmp_path: Path) -> None:
    heads = tuple(head for head in head_map(small, sentences) if isinstance(head, HeadMeasures))
    map_file.save(HeadMap("small", ("words",), sentences.numel(), heads), tmp_path)
    found = map_file.load(tmp_path)
    assert (found.model, found.text, found.tokens) == ("small", ("words",), 240)
    assert [(head.layer, head.head) for head in found.heads] == [(head.layer, head.head) for head in heads]
    for one, other in zip(found.heads, heads, strict=True):
        assert one.entropy == pytest.approx(other.entropy, abs=1e-5)
        assert one.profile == pytest.approx(other.profile, abs=1e-5)


@pytest.mark.unit
@pytest.mark.parametrize("content", ["", "[]", '{"heads": []}', '{"heads": [{"layer": 0}], "model": "m"}'])
def test_a_damaged_map(content: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(content)
    with pytest.raises(WeightsError, match=r"map\.json is damaged"):
        map_file.load(tmp_path)


@pytest.mark.unit
def test_no_map(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="restore it from git"):
        map_file.load(tmp_path)


@pytest.mark.unit
def test_the_map_that_ships() -> None:
    found = map_file.load()
    assert [(head.layer, head.head) for head in found.heads] == [(n, h) for n in range(30) for h in range(9)]
    by_place = {(head.layer, head.head): head for head in found.heads}
    assert by_place[18, 6].induction > 0.8  # what the literature on such models would lead one to look for
    assert by_place[5, 6].same > 0.5
    assert by_place[16, 0].previous > 0.5
    assert all(0.95 < sum(head.profile) < 1.001 for head in found.heads)
