"""How fast rules are enumerated, found, asked for and explained, and what an extraction holds in memory.

Our pairs and the dense peer's run in this process on one thread, by turns, on one tiny model of GPT-2's shape with
random weights and random text: their times do not depend on what the weights say.
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from backends.attention_rules.features import HeadSample
from backends.attention_rules.gpt2 import Gpt2, Gpt2Config
from backends.attention_rules.index import RuleIndex, Search
from backends.attention_rules.paper_pairs import PaperPairs
from backends.attention_rules.playground import play, read
from backends.attention_rules.shelf import FIRST, INDEX, FeatureKey, rules_index, texts
from backends.attention_rules.tables import SCHEMAS
from backends.attention_rules.vocabulary import WordVocabulary
from tests.benchmarks.attention_rules_peer import DensePairs
from tests.benchmarks.figure import Figure, median_seconds, quantile

PAIRS = 256
KEYS, FEATURES, ROUNDS = 4_096, 32, 3
GROWTH = (1, 4, 16)
SPEED_GOAL, QUERY_GOAL_MS, EXPLAIN_GOAL_S, MEMORY_GOAL_MB = 20.0, 50.0, 1.0, 2_000.0
RULES, QUERIES, TOKENS = 1_000_000, 200, 200_000
SENTENCE = "The old captain said that what the crew had seen at night was nothing but the light of another ship. " * 4


def run() -> Iterator[Figure]:
    """Pairs beside the peer, their growth, the index, one sentence, one head's extraction."""
    yield from pairs_beside_the_peer()
    yield from growth()
    yield from queries()
    yield from one_sentence()
    yield from extraction()


def paper_pairs(keys: int) -> PaperPairs:
    """Our pairs of one head of a model with so many tokens, all of which occur."""
    torch.manual_seed(0)
    with torch.no_grad():
        words = WordVocabulary(["<first>", *(f"w{number}" for number in range(1, keys))])
        model = Gpt2(Gpt2Config(keys, 128, 2, 4, 64), words).eval()
        # Every token so often that it has a mean: rows of 64 tokens, four rounds of the whole vocabulary.
        ids = torch.cat([torch.randperm(keys) for _ in range(4)]).view(-1, 64)
        tables = PaperPairs.of(model, (1, 2), HeadSample.take(model, 1, 2, ids)).tables
        return PaperPairs(tables, torch.arange(keys))


def directions(count: int) -> torch.Tensor:
    """Directions (count, 32) of features."""
    return torch.nn.functional.normalize(torch.randn(count, 32, generator=torch.Generator().manual_seed(1)), dim=1)


def pairs_beside_the_peer() -> Iterator[Figure]:
    """Features a second on one core; both agree on the best pair wherever its key is among the 100 strongest."""
    torch.set_num_threads(1)
    ours = paper_pairs(KEYS)
    peer = DensePairs(ours.tables, ours.known)
    rates: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(ROUNDS):
        for name, side in (("ours", ours), ("peer", peer)):
            started = time.process_time()
            for direction in directions(FEATURES):
                side.of_direction(direction, PAIRS)
            rates[name].append(FEATURES / (time.process_time() - started))
    for name, values in rates.items():
        yield Figure(f"attention_rules.pairs.{name}.{KEYS}_tokens", median(values), "features/s a core")
    times = median(rates["ours"]) / median(rates["peer"])
    yield Figure("attention_rules.pairs.times_faster", times, "", SPEED_GOAL, lowest=True)
    same = [_first(ours, direction) == _first(peer, direction) for direction in directions(FEATURES)]
    yield Figure("attention_rules.pairs.same_best_pair", sum(same) / len(same), "")


def _first(side: PaperPairs | DensePairs, direction: torch.Tensor) -> tuple[int, int]:
    query, key = side.of_direction(direction, 1)
    return int(query[0]), int(key[0])


def growth() -> Iterator[Figure]:
    """Seconds at 1, 4 and 16 times as many features, and keys."""
    small = KEYS // 4
    for times in GROWTH:
        for name, keys, count in (("keys", small * times, FEATURES), ("features", small, FEATURES * times)):
            ours = paper_pairs(keys)
            started = time.process_time()
            for direction in directions(count):
                ours.of_direction(direction, PAIRS)
            yield Figure(f"attention_rules.pairs.{name}_x{times}", time.process_time() - started, "s")


def queries() -> Iterator[Figure]:
    """The 95th percentile of searches in an index of a million rules, made of copies of the one that ships."""
    with TemporaryDirectory() as folder:
        tokens = enlarged(Path(folder))
        index = RuleIndex(Path(folder))
        rng = random.Random(0)
        durations = []
        for _ in range(QUERIES):
            token, plain = rng.choice(tokens), Search(sort=rng.choice(("f1", "support")))
            search = rng.choice((replace(plain, key=token), replace(plain, query=token), replace(plain, token=token)))
            started = time.perf_counter()
            index.search(search)
            durations.append(1000 * (time.perf_counter() - started))
        yield Figure("attention_rules.search.p95", quantile(durations, 0.95), "ms", QUERY_GOAL_MS)


def enlarged(folder: Path) -> list[str]:
    """Writes an index of `RULES` rules to `folder`, the shipped rows under further seeds; tokens that it mentions."""
    copies = -(-RULES // pq.read_metadata(INDEX / "rules.parquet").num_rows)
    tokens: set[str] = set()
    for name, schema in SCHEMAS.items():
        table = pq.read_table(INDEX / f"{name}.parquet").select(schema.names)
        if name in ("rules", "features"):
            at = schema.names.index("seed")
            seeds = (pa.array([100 + copy] * len(table), pa.int16()) for copy in range(copies))
            table = pa.concat_tables([table.set_column(at, "seed", column) for column in seeds])
        if name == "rules":
            tokens.update(token for side in ("keys", "queries") for own in table[side].to_pylist() for token in own)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", row_group_size=32_768)
    return sorted(tokens)


def one_sentence() -> Iterator[Figure]:
    """`rules_explain` on 64 tokens, for the deepest head of the index."""
    ids = read(SENTENCE)[:64]
    deepest = max(rules_index().heads(), key=lambda row: row["layer"])
    where = deepest["layer"], deepest["head"], deepest["seed"]
    key = FeatureKey(*where, rules_index().features(*where)[0]["feature"])
    play(key, ids)
    seconds = median_seconds(lambda: play(key, ids))
    yield Figure(f"attention_rules.explain.{len(ids)}_tokens.layer_{where[0]}", seconds, "s", EXPLAIN_GOAL_S)


def extraction() -> Iterator[Figure]:
    """Memory and time of extracting one head from the text of the index's own examples, in a process of its own."""
    with TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        text.mkdir()
        examples = pq.read_table(INDEX / "examples.parquet", columns=["ids"])["ids"].to_pylist()
        words = ("".join(texts(ids)).replace(FIRST, "").replace("\n", " ") for ids in examples)
        (text / "brown.txt").write_text("\n".join(dict.fromkeys(words)), encoding="utf-8")
        command = [sys.executable, "-m", "backends.attention_rules.extract", str(text), "--corpora", "brown"]
        command += ["--heads", "L01H1", "--tokens", str(TOKENS), "--seeds", "0", "--workers", "1"]
        started = time.perf_counter()
        subprocess.run([*command, "--work", folder, "--out", f"{folder}/out"], check=True, capture_output=True)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Figure(f"attention_rules.extract.one_head_{TOKENS}_tokens.seconds", seconds, "s")
    yield Figure("attention_rules.extract.peak_memory", peak, "MB", MEMORY_GOAL_MB)
