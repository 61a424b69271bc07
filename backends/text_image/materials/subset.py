"""`python -m backends.text_image.materials.subset DOWNLOADS` makes the fonts that ship, in `assets/fonts/`.

Each is a Noto family cut down to the characters of one group of scripts, frozen at one weight. Features that shape and
place glyphs stay, and so do the vertical forms of CJK; hints go, since the pages draw at any size.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from backends.downloads import MaterialError, archive, fetch, opened
from backends.text_image.materials.charsets import CORE, characters
from backends.text_image.materials.scripts import WRITABLE

FONTS = Path(__file__).parents[3] / "assets" / "fonts"
"""Where the fonts that ship lie."""

MEDIUM, BOLD = 500, 700


def _range(*bounds: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for low, high in bounds for code in range(low, high + 1))


_COMMON = _range((0x20, 0x7E), (0xA0, 0xFF), (0x200C, 0x200F), (0x2010, 0x2027), (0x2030, 0x203A), (0x25CC, 0x25CC)) | {
    *"€™"
}
_EUROPEAN = _range((0x100, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x1E00, 0x1FFF), (0x20A0, 0x20BF), (0x2116, 0x2122))
_FULL_WIDTH = _range((0x3000, 0x303F), (0x3041, 0x30FF), (0xFE30, 0xFE4F), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6))


@dataclass(frozen=True, slots=True)
class Shipped:
    """One font that ships: where it comes from, and what it keeps of it.

    `package`: Python package with the variable font. `file`: start of its file name. `weight`: 100 to 900.
    `characters`: what it can write, beside punctuation, digits and Latin letters.
    """

    package: str
    file: str
    characters: frozenset[str]
    weight: int = MEDIUM


_CJK, _RTL, _INDIC = "justmytype-intl-cjk", "justmytype-intl-rtl", "justmytype-intl-south-asia"

SHIPPED: dict[str, Shipped] = {
    "latin": Shipped("fontpkg-noto-sans", "NotoSans[", _EUROPEAN),
    "latin-bold": Shipped("fontpkg-noto-sans", "NotoSans[", _EUROPEAN, BOLD),
    "latin-serif": Shipped("fontpkg-noto-serif", "NotoSerif[", _EUROPEAN),
    "hans": Shipped(_CJK, "NotoSansSC", WRITABLE["hans"] | _FULL_WIDTH),
    "hant": Shipped(_CJK, "NotoSansTC", WRITABLE["hant"] | _FULL_WIDTH),
    "japanese": Shipped(_CJK, "NotoSansJP", WRITABLE["japanese"] | _FULL_WIDTH),
    "korean": Shipped(_CJK, "NotoSansKR", CORE["korean"] | characters("euc_kr", 0xA1A1, 0xA4FE) | _FULL_WIDTH),
    "arabic": Shipped(
        _RTL, "NotoSansArabic", _range((0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))
    ),
    "hebrew": Shipped(_RTL, "NotoSansHebrew", _range((0x591, 0x5F4), (0xFB1D, 0xFB4F))),
    "devanagari": Shipped(_INDIC, "NotoSansDevanagari", _range((0x900, 0x97F))),
    "bengali": Shipped(_INDIC, "NotoSansBengali", _range((0x964, 0x965), (0x980, 0x9FE))),
    "tamil": Shipped(_INDIC, "NotoSansTamil", _range((0x964, 0x965), (0xB82, 0xBFA))),
    "telugu": Shipped(_INDIC, "NotoSansTelugu", _range((0x964, 0x965), (0xC00, 0xC7F))),
    "thai": Shipped("justmytype-intl-sea", "NotoSansThai[", _range((0xE01, 0xE5B))),
}
"""The fonts that ship, by file name without `.ttf`; `latin` also writes Latin with diacritics, Cyrillic and Greek."""


def cut(source: Path, wanted: Iterable[str], weight: float) -> TTFont:
    """The variable font in `source` with the glyphs of `wanted` alone, frozen at `weight` and its other defaults."""
    font = TTFont(source)
    options = Options(hinting=False, glyph_names=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    options.layout_features = [*Options().layout_features, "vert", "vrt2"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(c) for c in (*_COMMON, *wanted)])
    subsetter.subset(font)
    axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes} | {"wght": weight}
    font = instancer.instantiateVariableFont(font, axes)
    style = {MEDIUM: "Medium", BOLD: "Bold"}.get(int(weight), "Regular")
    family = font["name"].getDebugName(1).removesuffix(" Thin")
    for number, text in ((1, family), (2, style), (4, f"{family} {style}"), (6, f"{family.replace(' ', '')}-{style}")):
        font["name"].setName(text, number, 3, 1, 0x409)
    return font


def _sole(paths: Iterable[Path], what: str) -> Path:
    found = sorted(paths)
    if not found:
        raise MaterialError(f"{what} is not in its package; has the package changed?")
    return found[0]


def build(downloads: Path) -> None:
    """Writes every font of `SHIPPED`, its licence and `README.md` to `FONTS`; downloads the packages it lacks."""
    packages = sorted({shipped.package for shipped in SHIPPED.values()})
    fetch([], packages, [], downloads)
    FONTS.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, shipped in SHIPPED.items():
        with opened(shipped.package, downloads) as inside:
            files = (p for p in inside.rglob("*.ttf") if p.name.startswith(shipped.file) and "Italic" not in p.name)
            source = _sole(files, shipped.file)
            font = cut(source, shipped.characters, shipped.weight)
            font.save(FONTS / f"{name}.ttf")
            near = [source.parent / "OFL.txt", source.parent.parent / "LICENSE"]
            licence = _sole((p for p in near if p.is_file()), f"the licence of {shipped.file}")
            (FONTS / f"{name}.OFL.txt").write_bytes(licence.read_bytes())
        family, version = font["name"].getDebugName(4), font["name"].getDebugName(5).split(";")[0]
        package = archive(shipped.package, downloads).name.split("-")[1]
        size = (FONTS / f"{name}.ttf").stat().st_size / 1e6
        origin, held = f"`{shipped.package}` {package}", len(font.getBestCmap())
        rows.append(f"| `{name}.ttf` | {family} | {version} | {origin} | {held:,} | {size:.2f} MB |")
        print(rows[-1], flush=True)
    (FONTS / "README.md").write_text(_README.format(rows="\n".join(rows)), encoding="utf-8")


_README = """# Fonts that ship

Used for glyph images, previews and examples of the text-in-images explorer. `latin.ttf` also writes Latin with
diacritics (Vietnamese too), Cyrillic and Greek. Each file is a Noto family frozen at one weight and cut down to the
characters of its script and to the basics (digits, punctuation, basic Latin where the family has it); shaping
features and the vertical forms of CJK are kept, hints are not. `hans` holds GB 2312, `hant` Big5,
`japanese` JIS X 0208, `korean` the 2,350 syllables of KS X 1001.

Made by `python -m backends.text_image.materials.subset DOWNLOADS`, which takes the originals from the Python
packages named.

Licence: SIL Open Font License 1.1, with each family's copyright line, in `NAME.OFL.txt` beside `NAME.ttf`.

| File | Font | Version | Package | Characters | Size |
|---|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m backends.text_image.materials.subset", description=__doc__)
    parser.add_argument("downloads", type=Path, help="folder for the packages; kept for the next run")
    build(parser.parse_args().downloads.resolve())
