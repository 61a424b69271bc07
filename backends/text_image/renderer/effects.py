"""From letters to painted letters: colour, outline, shadow, glow and relief, then what a camera adds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.renderer.style import Style, luminance

Float = NDArray[np.float32]


def _colour(colour: tuple[int, int, int]) -> Float:
    return np.asarray(colour, np.float32)


def _over(scene: Float, colour: Float, alpha: Float) -> Float:
    return scene + (colour - scene) * alpha[..., None]


def lit(scene: Float, style: Style) -> Float:
    """The scene in the light that the style's letters need: neon glows at dusk, with letters or without."""
    return scene * np.float32(0.6) if style.effect == "neon" else scene


def paint(scene: Float, letters: Float, style: Style) -> Float:
    """Paint `letters` (h, w; 0 to 1) onto `scene` (h, w, 3; 0 to 255) in the style."""
    main, second = _colour(style.colour), _colour(style.second)
    if style.effect == "outline":
        wide = cv2.dilate(letters, np.ones((5, 5), np.uint8)).astype(np.float32)
        contrast = COLOUR_BLACK if luminance(style.colour) > 128 else COLOUR_WHITE
        scene = _over(scene, contrast, wide)
    elif style.effect == "shadow":
        moved = cv2.GaussianBlur(np.roll(letters, (2, 2), (0, 1)), (0, 0), 1.5)
        scene = _over(scene, COLOUR_BLACK, 0.7 * moved.astype(np.float32))
    elif style.effect == "neon":
        glow = cv2.GaussianBlur(letters, (0, 0), 4).astype(np.float32)
        scene = np.minimum(255, scene + main * np.minimum(1, 1.5 * glow)[..., None])
        main = main + (255 - main) * 0.6
    elif style.effect == "gradient":
        down = np.linspace(0, 1, letters.shape[0], dtype=np.float32)[:, None, None]
        main = main + (second - main) * 0.8 * down
    elif style.effect == "emboss":
        soft = cv2.GaussianBlur(letters, (0, 0), 1.0)
        relief = cv2.filter2D(soft, -1, np.array([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], np.float32))
        return np.clip(_over(scene, main, 0.6 * letters) - 110 * relief[..., None], 0, 255).astype(np.float32)
    return _over(scene, main, style.opacity * letters)


COLOUR_BLACK = _colour((16, 16, 18))
COLOUR_WHITE = _colour((246, 246, 244))


def photographed(scene: Float, style: Style, grain: Float) -> NDArray[np.uint8]:
    """What a camera and a file format make of the scene: blur, the given noise (sigma 1), JPEG."""
    if style.blur > 0.2:
        scene = cv2.GaussianBlur(scene, (0, 0), style.blur).astype(np.float32)
    image = np.clip(scene + style.noise * grain, 0, 255).astype(np.uint8)
    if style.quality < 92:
        packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, style.quality])[1]
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return image
