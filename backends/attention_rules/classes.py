"""Classes of tokens: which are alike, and what to call them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sklearn.cluster import AgglomerativeClustering
from torch import Tensor
from torch.nn.functional import normalize

from backends.attention_rules.vocabulary import visible

ALIKE = 0.3
"""Tokens are put together while their mean distance, 1 - cosine, stays below this.

Wider classes read better and foretell worse: at 0.6 the rules of SmolLM2's layer 1, head 1 lose over half of their F1.
"""

TAG_NAMES = {
    "MD": "modal verbs",
    "AT": "articles",
    "DT": "determiners",
    "IN": "prepositions",
    "CC": "conjunctions",
    "CS": "subordinating words",
    "CD": "numbers",
    "JJ": "adjectives",
    "NN": "nouns",
    "NNS": "plural nouns",
    "NP": "names",
    "PPS": "pronouns, third person",
    "PPSS": "pronouns",
    "PP$": "possessives",
    "PPO": "object pronouns",
    "QL": "degree words",
    "RB": "adverbs",
    "VB": "verbs",
    "VBD": "verbs, past",
    "VBG": "verbs in -ing",
    "VBN": "participles",
    "VBZ": "verbs, third person",
    "WDT": "wh-words",
    "WPS": "wh-words",
    "WRB": "wh-words",
    "BE": "forms of be",
    "BED": "forms of be",
    "BEDZ": "forms of be",
    "BER": "forms of be",
    "BEZ": "forms of be",
    "HV": "forms of have",
    "HVD": "forms of have",
    "HVZ": "forms of have",
    ".": "ends of sentences",
    ",": "commas",
}
"""Plain names of the commonest tags of the Brown corpus."""


def alike(vectors: Tensor) -> list[int]:
    """A label for each row (N, W), N >= 2: rows with one label lie together by their directions.

    Take the vocabulary's mean off first: it is what all tokens have in common.
    """
    rows = normalize(vectors.float() + 1e-9, dim=1).numpy()  # a row of zeros has no direction, and is given one
    grouping = AgglomerativeClustering(n_clusters=None, distance_threshold=ALIKE, metric="cosine", linkage="average")
    labels: list[int] = grouping.fit_predict(rows).tolist()
    return labels


def name_of(tokens: Sequence[str], tags: Mapping[str, str]) -> str:
    """What to call a class: its first three tokens, and their kind where two thirds of all have the same tag.

    `tags` gives the tag of a word in lower case, without blanks.
    """
    shown = " · ".join(visible(token.strip(" ") or token) for token in tokens[:3])
    if len(tokens) > 3:
        shown += f" · +{len(tokens) - 3}"
    if len(tokens) < 2:
        return shown
    known = Counter(TAG_NAMES.get(tags.get(token.strip().lower(), ""), "") for token in tokens)
    name, times = known.most_common(1)[0]
    return f"{name}: {shown}" if name and times >= 2 / 3 * len(tokens) else shown
