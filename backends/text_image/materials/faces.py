"""One font face under the lens: what it is called, what it looks like, and which scripts it can really write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from backends.text_image.materials.kinds import kind_of
from backends.text_image.materials.reading import legible
from backends.text_image.materials.scripts import CORE_SHARE, SCRIPTS, Script

_EUROPEAN = ("latin", "latin_ext", "cyrillic", "greek")
_COLOUR = ("COLR", "CBDT", "sbix", "SVG ")
_NO_LETTERS = re.compile(
    r"emoji|symbol|klingon|futhark|ptolemy|keyboard|keyfont|or[qx]un|dingbat|icon|braille|\bmath|barcode"
    r"|stroke orders|last ?resort|tofu|blank",
    re.I,
)
_STYLES = re.compile(
    r"[\s-]+(thin|hairline|(extra|ultra|semi|demi)?[\s-]?(light|bold|black|condensed|expanded)|regular|roman|book|medium|heavy"
    r"|fat|italic|oblique|cond|demi|display|caption|text)$",
    re.I,
)
_SAME_DESIGN = [
    (re.compile(pattern, re.I), name)
    for pattern, name in (
        (r"takao|^ipa", "IPA"),
        (r"^yoz", "YOz"),
        (r"^(m ?\+|m ?plus|migmix|migu|vl ?p?gothic|ume ?plus|ricty)", "M+"),
        (r"^ume ", "Ume"),
        (r"^ar pl (u ?ming|mingti|sungti)", "AR PL Sung"),
        (r"^ar pl", "AR PL Kai"),
        (r"liberation|arimo|tinos|cousine", "Croscore"),
        (r"^(tex ?gyre|nimbus|urw|c059|p052|z003|d050000l|free ?(sans|serif|mono))", "URW base 35"),
        (r"^noto sans (mono )?cjk", "Noto Sans CJK"),
        (r"^(droid sans fallback|wenquanyi micro hei)", "Droid Sans Fallback"),
        (r"dejavu|bitstream vera", "DejaVu"),
    )
]
# Families of one design whose names go on after it, in lower case and without spaces.
_PREFIX = re.compile(
    r"""
    accanthisadf | arundinasans | averia | beteckna | bizud | bmhanna | charissil | courierprime | dustismo
    | eurofurence | gentium | gfsdidot | goudy | ikarius | induni | irianis | kacst | karla | kiloji |
    komatuna | konatu | linuxbiolinum | linuxlibertine | lohittamil | lxgwwenkai | monkey | nanumbarungothic
    | nanumgothic | nanummyeongjo | nanumsquare | notoserifcjk | ocra | opendyslexic | paktypenaskh | ptsans
    | roadgeek | romandeadf | routedgothic | stix | tiresias | tlwg | ukijchiwer | ukijdiwani | ukijelipbe |
    ukijesliye | ukijkufi | ukijqolyazma | ukijtuz | undotum | verana | wenquanyizenhei
    """,
    re.X,
)


@dataclass(frozen=True, slots=True)
class Face:
    """A face that can be used: its `family`, the `design` that several families may share, its kind and scripts."""

    family: str
    design: str
    full_name: str
    kind: str
    scripts: tuple[str, ...]


def inspect(path: Path) -> Face | None:
    """What the static face in `path` (TrueType or OpenType, one face) can write.

    None where it is a colour or symbol font, cannot be read or drawn, or holds no script of `SCRIPTS` whole.
    """
    try:
        with TTFont(path, lazy=True) as font:
            cmap = font.getBestCmap() or {}
            names = font["name"]
            family = str(names.getDebugName(16) or names.getDebugName(1) or path.stem)
            full_name = str(names.getDebugName(4) or path.stem)
            if any(tag in font for tag in _COLOUR) or not {"glyf", "CFF ", "CFF2"} & set(font.keys()):
                return None
            if _NO_LETTERS.search(full_name):
                return None
            rules = font["GSUB"].table.ScriptList if "GSUB" in font else None
            shaped = {record.ScriptTag for record in rules.ScriptRecord} if rules else set()
            kind = kind_of(family, font)
        drawn = ImageFont.truetype(path, 32)
        held = frozenset(map(chr, cmap))
        scripts = tuple(name for name, script in SCRIPTS.items() if _writes(script, held, shaped, drawn))
        scripts = _in_its_region(full_name, scripts)
        if "latin" in scripts and not legible(drawn):
            scripts = tuple(name for name in scripts if name not in _EUROPEAN)
    except Exception as error:  # fonts break in every imaginable way; a broken one is left out, whatever broke
        print(f"left out {path.name}: {type(error).__name__}: {error}")
        return None
    family = _without_styles(family)
    return Face(family, design(family), full_name, kind, scripts) if scripts else None


def _without_styles(family: str) -> str:
    shorter = _STYLES.sub("", family.strip())
    return family.strip() if shorter in ("", family.strip()) else _without_styles(shorter)


def design(family: str) -> str:
    """The design that `family` belongs to: families that share their outlines must not be parted by the split."""
    for pattern, name in _SAME_DESIGN:
        if pattern.search(family):
            return name
    plain = re.sub(r"[\s_-]+", "", _without_styles(family)).casefold()
    prefix = _PREFIX.match(plain)
    return prefix[0] if prefix else plain


def _in_its_region(full_name: str, scripts: tuple[str, ...]) -> tuple[str, ...]:
    """Noto CJK holds every region's characters in each face, drawn as one region does: only that region's are kept.

    Its monospaced and Hong Kong faces repeat the others' glyphs, and are left out.
    """
    if "CJK" not in full_name:
        return scripts
    own = {"JP": "japanese", "KR": "korean", "SC": "hans", "TC": "hant"}
    region = re.search(r"CJK (JP|KR|SC|TC)", full_name)
    if region is None or "Mono CJK" in full_name:
        return ()
    return tuple(name for name in scripts if name == own[region[1]] or not SCRIPTS[name].core)


def _writes(script: Script, held: Set[str], shaped: Set[str], font: ImageFont.FreeTypeFont) -> bool:
    if not set(script.sample) <= held or (script.tags and not shaped & set(script.tags)):
        return False
    if script.core and len(script.core & held) < CORE_SHARE * len(script.core):
        return False
    letters = [c for c in script.sample if unicodedata.category(c)[0] in "LN"]
    pictures = [picture(c, font) for c in letters]
    # A symbol font maps letters to a few dashes or boxes; one of capitals only still has every second picture its own.
    return all(pictures) and len(set(pictures)) >= 0.45 * len(letters)


def picture(character: str, font: ImageFont.FreeTypeFont) -> bytes:
    """The pixels of `character` in `font`, one byte each; empty where nothing is drawn."""
    left, top, right, bottom = font.getbbox(character)
    size = (int(right - left), int(bottom - top))
    if min(size) <= 0 or max(size) > 1024:
        return b""
    canvas = Image.new("L", size)
    ImageDraw.Draw(canvas).text((-left, -top), character, fill=255, font=font)
    pixels = canvas.tobytes()
    return f"{size}".encode() + pixels if max(pixels) > 64 else b""
