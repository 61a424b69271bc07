"""National character sets of the CJK scripts, read from Python's codecs: what everyday text is written with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_DOUBLE = [bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF)]


def _decoded(pairs: Iterable[bytes], codec: str) -> Iterator[str]:
    for pair in pairs:
        text = pair.decode(codec, errors="ignore")
        if len(text) == 1 and text.encode(codec, errors="ignore") == pair:
            yield text


def characters(codec: str, first: int = 0x8140, last: int = 0xFEFE) -> frozenset[str]:
    """The two-byte characters of `codec` whose codes, high byte first, lie from `first` to `last`."""
    return frozenset(_decoded((p for p in _DOUBLE if first <= int.from_bytes(p, "big") <= last), codec))


CORE: dict[str, frozenset[str]] = {
    "hans": characters("gb2312", 0xB0A1, 0xD7F9),  # level 1: 3,755
    "hant": characters("big5", 0xA440, 0xC67E),  # level 1: 5,401
    "japanese": characters("euc_jp", 0xB0A1, 0xCFD3),  # JIS level 1: 2,965
    "korean": characters("euc_kr", 0xB0A1, 0xC8FE),  # KS X 1001: 2,350 syllables
}
"""The everyday characters of each large script."""
