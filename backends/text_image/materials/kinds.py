"""Tells apart sans, serif, monospaced, script and display faces."""

from __future__ import annotations

import re

from fontTools.ttLib import TTFont

# By family name, in this order; a font's own classification comes only after, since many leave it blank.
_KINDS = {
    kind: re.compile("|".join(names.split()), re.I)
    for kind, names in {
        "script": r"""
            script$ script\b ma.shan liu.jian long.cang zhi.mang hand(writ|$) brush dancing kaushan lobster
            pacifico caveat kristi satisfy great.vibes yellowtail zeyada shadows indie.flower marker breip femke
            joscelyn blankenburg klaudia isabella johnsmith aoyagi kouzan mouhitsu ^yoz seto kiloji yusei klee
            wenkai \bkai kai\b ^cwtexkai ukai purisa kalam delius comic dkg ecolier humor tomson rufscript gazis
            solomos chancery chorus z003 \bpen\b barunpen unpen unpilgi gungseo leckerli oleo dorian tlwg.typo
            domestic
        """,
        "mono": r"\bmono\b mono$ \bcode courier typewriter typist consol thabit ^ocr cursor freemono",
        "display": r"""
            bebas bajaderka zcool.kuaile qingke coiny apropal poster fat.?face alfa.slab black.ops bungee
            orbitron press.start rampart reggae rocknroll stick dotgothic cherry.?bomb lilita luckiest titan
            fredoka rowdies righteous russo unbounded gravitas abril solide radis staypuft summersby sixtyfour
            cabin.?sketch engadget dustin gotico fette triod campania compagnon le.murmure millimetre lemonada
            smiley okolaks eurofurence beteckna havana anton\b yanone oldania mekanus stencil jua dohyeon hanna
            yeonsung kirang decorative kacstart kacsttitle titr 3d
        """,
        "sans": r"sans gothic gulim dotum \bhei\b texhei kufi helvet arimo heros biolinum grotesk",
        "serif": r"""
            serif roman times xiaowei mincho myungjo myeongjo batang \bming texming uming mingti sungti song\b
            garamond didot bodoni baskerv caslon slab naskh kinnari norasi amiri scheherazade frank palladio
            schola bookman termes pagella bonum libertin caladea cardo junicode century fanwood goudy linden
            essays fell p052 c059 stix charis lora merriweather spectral playfair vollkorn cinzel prociono
            quattrocento gentium elstob berenis arapey david taamey ezra zilla artemisia complutum olga porson
            bitter kacstbook kacstqurn tinos zainer jessen
        """,
    }.items()
}


def kind_of(family: str, font: TTFont) -> str:
    """`sans`, `serif`, `mono`, `script` or `display`: by the family's name, else by what the font says of itself."""
    for kind, names in _KINDS.items():
        if names.search(family):
            return kind
    panose = getattr(font["OS/2"], "panose", None) if "OS/2" in font else None
    if panose is not None and panose.bFamilyType in (3, 4):
        return "script" if panose.bFamilyType == 3 else "display"
    if getattr(font["post"], "isFixedPitch", 0):
        return "mono"
    return "serif" if panose is not None and panose.bFamilyType == 2 and 2 <= panose.bSerifStyle <= 10 else "sans"
