"""Where a source stands to the query: the first half of every rule.

Each pair of query t and source i <= t has one relation, the most telling that holds:

- `at 0`: the query itself;
- `after same`: the token after an earlier copy of the query's token (what induction heads look at);
- `same`: an earlier copy of the query's token;
- `at 1` to `at 4`: so many tokens before;
- `before`: anywhere else before;
- `first`: the token that opens the sequence, which tells nothing: no rule has this relation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from backends.attention_rules.names import NEAR, RELATIONS

SAME, AFTER, BEFORE, FIRST = range(NEAR + 1, NEAR + 5)
NONE = -1
"""The code of a source that lies in the future."""


def relations(ids: Tensor) -> Tensor:
    """Codes (N, T, T) of the relation of source (last) to query in sequences (N, T)."""
    tokens = ids.shape[1]
    at = torch.arange(tokens)
    apart = at[:, None] - at
    near = torch.where(apart <= NEAR, apart, BEFORE).clamp_min(NONE).to(torch.int8)
    codes = near.expand(len(ids), -1, -1).clone()
    earlier = apart > 0
    codes[(ids[:, :, None] == ids[:, None, :]) & earlier] = SAME
    previous = torch.cat([torch.full_like(ids[:, :1], -1), ids[:, :-1]], dim=1)  # the token before each source
    codes[(ids[:, :, None] == previous[:, None, :]) & earlier] = AFTER
    codes[:, 1:, 0] = FIRST
    return codes


class Places:
    """Where on a text each (relation, source token) stands, found without looking at the whole text again.

    A place is the number row * T + position of its query in a text (N, T).
    """

    def __init__(self, ids: Tensor, size: int) -> None:
        """Sorts all pairs of query and source of `ids` (N, T), a vocabulary of `size`, by what they look like."""
        self.ids, self.size = ids, size
        self.relation = relations(ids)
        tokens = ids.shape[1]
        known = (self.relation >= 0) & (self.relation != FIRST)
        codes = (self.relation.int() * size + ids.int()[:, None, :])[known]
        self._codes, order = codes.sort()
        pairs = known.flatten().nonzero()[:, 0][order]  # the number (row * T + query) * T + source of each
        self._places = (pairs // tokens).int()
        self._sources = (pairs % tokens).short()

    def _span(self, relation: str, key: int) -> slice:
        code = RELATIONS.index(relation) * self.size + key
        start, end = torch.searchsorted(self._codes, torch.tensor([code, code + 1], dtype=torch.int32)).tolist()
        return slice(start, end)

    def count(self, relation: str, key: int) -> int:
        """How many pairs of query and source there are with this relation and source token."""
        span = self._span(relation, key)
        return int(span.stop - span.start)

    def of(self, relation: str, keys: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Places of the queries that have one of `keys` as a source of this relation, and those sources' positions.

        A place comes once for each such source.
        """
        spans = [self._span(relation, key) for key in keys]
        places = torch.cat([self._places[span] for span in spans]).long()
        return places, torch.cat([self._sources[span] for span in spans]).long()
