"""A direct, dense implementation of the paper's pair rules, as a peer: every query with every key, feature by feature.

exp(A) over the whole vocabulary is a matrix that is made once; each feature then multiplies it by S over the keys and
takes the best pairs of all. Ours asks for the queries of a feature's 100 strongest keys alone.
"""

from torch import Tensor

from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.rankings import DISTANCES


class DensePairs:
    """All pairs of one head's tables."""

    def __init__(self, tables: TokenTables, known: Tensor) -> None:
        """`known`: the tokens that have means."""
        self._tables, self._known = tables, known
        self._exp = tables.mean_scores(known, known, DISTANCES).exp()  # (queries, keys)

    def of_direction(self, direction: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The best `count` pairs (queries, keys) along `direction` (D), best first."""
        scores = self._exp * (self._tables.values[self._known] @ direction)
        best = scores.flatten().topk(min(count, scores.numel())).indices
        return self._known[best // len(self._known)], self._known[best % len(self._known)]
