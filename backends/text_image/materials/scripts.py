"""The fifteen scripts: which characters a font must hold to write one, and which characters a word of it may have."""

from __future__ import annotations

from dataclasses import dataclass

from backends.text_image.materials.charsets import CORE, characters

_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ACCENTED = "ÀÁÂÄÇÈÉÊËÍÎÏÑÓÔÖÙÚÛÜßàáâäåçèéêëíîïñóôöùúûüąćęłńśźżčďěňřšťůžğış"


@dataclass(frozen=True, slots=True)
class Script:
    """What makes a font fit to write a script, and a string a word of it.

    `sample`: characters that a font must hold and draw, one by one.
    `core`: everyday characters of a large script, of which a font must hold `CORE_SHARE`; empty where `sample` is all.
    `tags`: OpenType script tags, one of which the font's GSUB table needs for right shapes; empty where it needs none.
    `blocks`: inclusive ranges of the code points of which words are made.
    """

    sample: str
    blocks: tuple[tuple[int, int], ...]
    core: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()

    def spells(self, word: str) -> bool:
        """Whether every character of `word`, spaces aside, belongs to the script."""
        letters = word.replace(" ", "")
        return bool(letters) and all(any(low <= ord(c) <= high for low, high in self.blocks) for c in letters)


CORE_SHARE = 0.9
"""Share of a large script's everyday characters that a font must hold; a string still needs its own check."""

_BASIC = ((0x41, 0x5A), (0x61, 0x7A))
_HAN = (0x4E00, 0x9FFF)

SCRIPTS: dict[str, Script] = {
    "latin": Script(_LATIN, (*_BASIC, (0x26, 0x27), (0x2D, 0x2D))),
    "latin_ext": Script(_LATIN + _ACCENTED, (*_BASIC, (0xC0, 0x24F), (0x1E00, 0x1EFF))),
    "cyrillic": Script("".join(map(chr, range(0x410, 0x450))) + "ёЁ", ((0x400, 0x45F), (0x490, 0x491))),
    "greek": Script("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ", ((0x386, 0x3CE),)),
    "hans": Script(
        "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要出也得里后自以会家可下过天去能对小多学么发没样种开总从无现动头经长爱给间两亲进话与感",
        (_HAN,),
        CORE["hans"],
    ),
    "hant": Script(
        "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要出也得裡後自以會家可下過天去能對小多學麼發沒樣種開總從無現動頭經長愛給間兩親進話與感",
        (_HAN,),
        CORE["hant"],
    ),
    "japanese": Script(
        "あいうえおかがきくけこさしすせそたちつってとなにのはばぱひふへほまみむめもやゆょらりるれろわをん"
        "アイウエオカガキクケコサシスセソタチツッテトナニノハバパヒフヘホマミムメモヤユョラリルレロワヲンー"
        "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連対売渋谷駅東京",
        ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FC), (0x3005, 0x3005), _HAN),
        CORE["japanese"],
    ),
    "korean": Script(
        "가나다라마바사아자차카타파하한국어글서울부산대학교병원식당역입구출문화시장커피빵집",
        ((0xAC00, 0xD7A3),),
        CORE["korean"],
    ),
    "arabic": Script("ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءئأإآؤ", ((0x621, 0x63A), (0x641, 0x64A)), tags=("arab",)),
    "hebrew": Script("אבגדהוזחטיכךלמםנןסעפףצץקרשת", ((0x5D0, 0x5EA),)),
    "devanagari": Script("अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहािीुूेैोौंः्", ((0x900, 0x963),), tags=("deva", "dev2")),
    "bengali": Script("অআইঈউঊএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহািীুূেৈোৌং্য়ড়", ((0x980, 0x9E3),), tags=("beng", "bng2")),
    "tamil": Script("அஆஇஈஉஊஎஏஐஒஓகஙசஞடணதநபமயரலவழளறனாிீுூெேைொோௌ்ஜஷஸஹ", ((0xB82, 0xBCD),), tags=("taml", "tml2")),
    "telugu": Script("అఆఇఈఉఊఎఏఐఒఓఔకఖగఘచఛజఝటఠడఢణతథదధనపఫబభమయరలవశషసహళాిీుూెేైొోౌం్", ((0xC01, 0xC4D),), tags=("telu", "tel2")),
    "thai": Script(
        "".join(map(chr, [*range(0xE01, 0xE2F), *range(0xE30, 0xE3A), *range(0xE40, 0xE4D)])), ((0xE01, 0xE4E),)
    ),
}
"""Every script by its id; the ids are those of `materials.json` and of the fonts that ship."""

CODECS = {"hans": "gb2312", "hant": "big5", "japanese": "shift_jis", "korean": "euc_kr"}
"""The national character set that words of a large script keep to, so that most fonts can write them."""

WRITABLE: dict[str, frozenset[str]] = {name: characters(codec) for name, codec in CODECS.items()}
"""Every character of those character sets, by script."""
