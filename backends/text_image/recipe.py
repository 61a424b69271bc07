"""The settings of an edit, inside the PNG that it made: drop the picture on the page and they are back.

The same file says that it was made with AI, in the way that IPTC asks for and that search engines and platforms read:
the property Digital Source Type in an XMP packet. It is a label for honest use, not a watermark: anyone can remove it.
https://iptc.org/std/photometadata/documentation/userguide/#_guidance_for_using_digital_source_type
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from backends.errors import InputError, quoted

KEY = "feature-atelier:recipe"
"""Keyword of the PNG text chunk that holds the recipe, as JSON."""

MOST_CHARACTERS = 64 * 1024
"""Longest recipe, as JSON."""

DEEPEST = 16
"""How far objects and lists of a recipe may be nested."""

EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a picture of which a part was made by generative AI, as in inpainting."""

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for a picture that generative AI made from nothing."""

_SOFTWARE = "Feature Atelier"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    Iptc4xmpExt:DigitalSourceType="{source_type}"
    xmp:CreatorTool="{software}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def save_png(
    image: NDArray[np.uint8], recipe: Mapping[str, Any], target: Path | BinaryIO, *, generated: bool = False
) -> None:
    """Write an (H, W, 3) uint8 picture as PNG with its recipe, marked as edited with AI, or as `generated` by it.

    Raises:
        InputError: the picture has another form, or the recipe is no JSON object that `read_recipe` would read.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"A picture must be uint8 (height, width, 3), got {image.dtype} {image.shape}.")
    try:
        text = json.dumps(dict(recipe), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"The recipe cannot be written as JSON: {error}.") from error
    _parsed(text)
    made = "was made" if generated else "was edited"
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(source_type=GENERATED if generated else EDITED, software=_SOFTWARE))
    info.add_itxt("Software", _SOFTWARE)
    info.add_itxt("Comment", f"This picture {made} with AI.")
    info.add_itxt(KEY, text)
    Image.fromarray(image).save(target, "PNG", pnginfo=info)


def read_recipe(source: bytes | Path) -> dict[str, Any] | None:
    """The recipe in a picture, or None where there is none: another format, or a PNG that was not made here.

    The picture itself is not decoded. What the recipe asks for is not checked here: it is as trustworthy as a request.

    Raises:
        InputError: a file that cannot be read, a damaged PNG, or a recipe that is too long, too deep or no JSON object.
    """
    try:
        with Image.open(source if isinstance(source, Path) else io.BytesIO(source), formats=("PNG",)) as image:
            # Text that stands before the pixels, as ours does: Pillow bounds it, and decodes no pixel for it.
            text = image.info.get(KEY)
    except UnidentifiedImageError:
        return None
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # a decoder stumbles over a hostile header in whatever way it happens to
        raise InputError(f"The PNG is damaged ({quoted(str(error), 80)}). Save it again.") from error
    return _parsed(text) if isinstance(text, str) else None


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"The recipe is longer than {MOST_CHARACTERS:,} characters. It was not made here.")
    try:
        recipe = json.loads(text)
        nested = depth(recipe)
        if nested <= DEEPEST:
            # What can be read and not written again: NaN, infinities, halves of surrogate pairs.
            json.dumps(recipe, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InputError(f"The recipe is no JSON ({quoted(str(error), 80)}). It was not made here.") from error
    if not isinstance(recipe, dict):
        raise InputError("The recipe is no JSON object. It was not made here.")
    if nested > DEEPEST:
        raise InputError(f"The recipe is nested more than {DEEPEST} deep. It was not made here.")
    return recipe


def depth(value: object) -> int:
    """How deep objects and lists are nested, by levels: deep input must not exhaust Python's stack."""
    found, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        found += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return found
