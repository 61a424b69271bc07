"""Draws the pictures that the examples edit: `python -m backends.text_image.example_pictures`.

Three stand on photographs that came with scikit-image and scikit-learn (those packages are needed to make the pictures
again); the others are drawn from nothing. All lettering is set in the fonts that ship. Where it stands is written
beside the pictures, so that the examples' regions point at it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.text_image.lettering import FACES, fitted
from backends.text_image.materials.subset import FONTS
from backends.text_image.requests import Picture

FOLDER = Path(__file__).parents[2] / "assets" / "images" / "text_image"
PLACES = FOLDER / "places.json"

Float = NDArray[np.float32]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

_BOLD, _SERIF = FONTS / "latin-bold.ttf", FONTS / "latin-serif.ttf"
_QUALITY = 88


class Scene:
    """A picture in the making, and where its texts stand: name -> four corners, clockwise from the top left."""

    def __init__(self, ground: NDArray[np.generic], seed: int) -> None:
        """`ground`: (h, w, 3), 0 to 255."""
        self.pixels: Float = np.array(ground, np.float32)
        self.places: dict[str, list[list[float]]] = {}
        self._random = np.random.default_rng(seed)

    def blend(self, mask: Float, colour: Colour | Float) -> None:
        """Lay a colour, or a picture, over the scene where `mask` (h, w), 0 to 1, says so."""
        self.pixels += mask[..., None] * (np.asarray(colour, np.float32) - self.pixels)

    def plate(self, box: Box, colour: Colour, edge: Colour | None = None, radius: int = 8) -> None:
        """A board with round corners, a soft shadow and light from above."""
        x, y, w, h = box
        shape = self._rounded(box, radius)
        shadow = cv2.GaussianBlur(np.roll(shape, (6, 4), (0, 1)), (0, 0), 7)
        self.blend(np.asarray(shadow * 0.55, np.float32), (0, 0, 0))
        light = np.ones(self.pixels.shape[:2], np.float32)
        light[y : y + h] = np.linspace(1.1, 0.9, h, dtype=np.float32)[:, None]
        self.blend(shape, np.clip(np.asarray(colour, np.float32) * light[..., None], 0, 255))
        if edge is not None:
            self.blend(shape - self._rounded((x + 5, y + 5, w - 10, h - 10), max(1, radius - 4)), edge)

    def _rounded(self, box: Box, radius: int) -> Float:
        x, y, w, h = box
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.rectangle(mask, (x + radius, y), (x + w - radius, y + h), 255, -1)
        cv2.rectangle(mask, (x, y + radius), (x + w, y + h - radius), 255, -1)
        for across, down in ((x + radius, y + radius), (x + w - radius, y + radius)):
            cv2.circle(mask, (across, down), radius, 255, -1, cv2.LINE_AA)
            cv2.circle(mask, (across, y + h - radius), radius, 255, -1, cv2.LINE_AA)
        return np.asarray(mask / 255, np.float32)

    def write(
        self,
        name: str,
        box: Box,
        text: str,
        face: Path,
        colour: Colour,
        *,
        vertical: bool = False,
        glow: float = 0,
        shadow: float = 0,
        chalk: bool = False,
    ) -> None:
        """Letters that fill a box; `glow` and `shadow` are radii in pixels, `chalk` lets the ground through."""
        x, y, w, h = box
        mask = np.zeros(self.pixels.shape[:2], np.float32)
        mask[y : y + h, x : x + w] = fitted(text, face, w, h, vertical=vertical) / 255
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.6), np.float32)
        if shadow:
            cast = np.roll(cv2.GaussianBlur(mask, (0, 0), shadow), (3, 2), (0, 1))
            self.blend(np.asarray(cast * 0.6, np.float32), (0, 0, 0))
        if glow:
            halo = (
                cv2.GaussianBlur(mask, (0, 0), glow)[..., None]
                + 0.5 * cv2.GaussianBlur(mask, (0, 0), 3 * glow)[..., None]
            )
            self.pixels += 1.1 * halo * np.asarray(colour, np.float32)
        if chalk:
            mask *= np.clip(self._random.normal(0.9, 0.25, mask.shape), 0.3, 1).astype(np.float32)
        self.blend(mask, (255, 250, 240) if glow else colour)
        self.places[name] = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]

    def grain(self, amount: float = 3.0) -> None:
        """A camera's noise, and corners a little darker than the middle."""
        height, width = self.pixels.shape[:2]
        down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        self.pixels *= (1 - 0.16 * (down**2 + across**2))[..., None].astype(np.float32)
        self.pixels += self._random.normal(0, amount, self.pixels.shape).astype(np.float32)

    def turned(self, corners: list[list[float]]) -> None:
        """See the whole scene so that its own corners come to lie at `corners`; the edges fill what is left."""
        height, width = self.pixels.shape[:2]
        square = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(square, np.array(corners, np.float32))
        seen = cv2.warpPerspective(
            self.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        self.pixels = np.asarray(seen, np.float32)
        for name, quad in self.places.items():
            moved = cv2.perspectiveTransform(np.array([quad], np.float64), matrix)[0]
            self.places[name] = [[round(float(value), 1) for value in point] for point in moved]


def _photo(path: Path, width: int) -> Picture:
    image = Image.open(path).convert("RGB")
    return np.array(image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS))


def _skimage(name: str, width: int) -> Picture:
    import skimage

    return _photo(Path(skimage.__file__).parent / "data" / name, width)


def _sklearn(name: str, width: int) -> Picture:
    import sklearn.datasets

    return _photo(Path(sklearn.datasets.__file__).parent / "images" / name, width)


def _wall(colour: Colour, seed: int, width: int = 960, height: int = 640, rough: float = 7) -> Float:
    """A plastered wall under light from the upper left."""
    rng = np.random.default_rng(seed)
    stains = cv2.resize(rng.normal(0, rough, (height // 40, width // 40)).astype(np.float32), (width, height))
    pores = cv2.GaussianBlur(rng.normal(0, 3 * rough, (height, width)).astype(np.float32), (0, 0), 1.2)
    light = np.add.outer(np.linspace(22, -30, height), np.linspace(14, -24, width))
    return np.asarray(np.asarray(colour, np.float32) + (stains + pores + light)[..., None], np.float32)


def _cafe() -> Scene:
    scene = Scene(_skimage("coffee.png", 900), 1)
    scene.plate((36, 36, 356, 92), (244, 236, 220), (120, 82, 52))
    scene.write("label", (52, 50, 324, 64), "FRESH COFFEE", _BOLD, (74, 44, 26))
    return scene


def _temple() -> Scene:
    scene = Scene(_sklearn("china.jpg", 960), 2)
    scene.plate((60, 60, 118, 392), (150, 24, 22), (222, 176, 84))
    scene.write("banner", (74, 78, 90, 356), "颐和园", FACES["hans"], (240, 200, 110), vertical=True, shadow=2)
    scene.plate((620, 548, 300, 68), (20, 22, 28))
    scene.write("caption", (634, 556, 272, 52), "Summer Palace", _SERIF, (240, 236, 228))
    return scene


def _bricks() -> Scene:
    brick = np.rot90(_skimage("brick.png", 1000))[:620, :940].astype(np.float32) / 150
    scene = Scene(np.clip(brick * (176, 98, 74), 0, 255), 3)
    scene.plate((80, 90, 520, 150), (24, 66, 58), (214, 186, 120), 10)
    scene.write("board", (112, 114, 456, 100), "BAKERY", _SERIF, (240, 218, 160), shadow=3)
    scene.plate((650, 200, 210, 130), (250, 244, 232), (188, 60, 84))
    scene.write("flowers", (672, 224, 166, 82), "꽃집", FACES["korean"], (188, 40, 74))
    scene.plate((210, 360, 330, 110), (236, 190, 64), (60, 44, 20))
    scene.write("open", (232, 382, 286, 66), "Gemüse & Obst", _BOLD, (52, 36, 16))
    scene.grain()
    return scene


def _launch() -> Scene:
    scene = Scene(_skimage("rocket.jpg", 960), 4)
    scene.plate((48, 500, 520, 84), (178, 26, 34), None, 4)
    scene.write("headline", (68, 510, 480, 64), "СТАРТ РАКЕТЫ", _BOLD, (255, 255, 255))
    scene.write("clock", (640, 40, 270, 60), "T-00:03", _BOLD, (255, 236, 170), shadow=3)
    return scene


def _books() -> Scene:
    planks = _wall((132, 96, 66), 5, rough=10)
    planks *= (1 - 0.12 * (np.arange(640) % 128 < 3))[:, None, None]
    scene = Scene(planks, 5)
    for x, colour, name, text, face in (
        (70, (32, 58, 96), "greek", "ΟΔΥΣΣΕΙΑ", _SERIF),
        (520, (150, 44, 40), "english", "The Quiet Sea", _SERIF),
    ):
        scene.plate((x, 50, 370, 540), colour, None, 6)
        scene.blend(scene._rounded((x + 14, 50, 4, 540), 1) * 0.4, (0, 0, 0))
        scene.blend(scene._rounded((x + 50, 300, 270, 3), 1), (226, 200, 140))
        scene.write(name, (x + 36, 150, 308, 84), text, face, (238, 216, 160))
        scene.write(
            f"{name} author", (x + 90, 500, 200, 36), "A. Lindqvist" if x > 300 else "Όμηρος", _SERIF, (226, 208, 170)
        )
    scene.grain()
    return scene


def _market() -> Scene:
    scene = Scene(_wall((196, 160, 112), 6), 6)
    scene.plate((60, 60, 400, 510), (40, 48, 46), (128, 88, 52), 6)
    scene.plate((510, 60, 390, 510), (40, 48, 46), (128, 88, 52), 6)
    white, yellow = (238, 238, 228), (248, 222, 120)
    for row, (text, name) in enumerate((("आम ६०", "hindi 1"), ("केला ४०", "hindi 2"), ("प्याज़ ३०", "hindi 3"))):
        colour = yellow if row == 0 else white
        scene.write(name, (100, 100 + 150 * row, 320, 104), text, FACES["devanagari"], colour, chalk=True)
    for row, (text, name) in enumerate((("มะม่วง ๔๐", "thai 1"), ("กล้วย ๒๕", "thai 2"), ("ส้ม ๓๐", "thai 3"))):
        colour = yellow if row == 0 else white
        scene.write(name, (550, 100 + 150 * row, 310, 104), text, FACES["thai"], colour, chalk=True)
    scene.grain()
    return scene


def _street() -> Scene:
    scene = Scene(_wall((214, 204, 186), 7, rough=11), 7)
    scene.plate((150, 110, 640, 360), (24, 74, 150), (245, 245, 240), 16)
    white = (248, 248, 244)
    scene.write("hebrew", (250, 130, 440, 96), "רחוב הנביאים", FACES["hebrew"], white)
    scene.write("arabic", (250, 238, 440, 110), "شارع الأنبياء", FACES["arabic"], white)
    scene.write("latin", (250, 366, 440, 78), "HANEVI'IM ST.", _BOLD, white)
    scene.turned([[40, 10], [930, 60], [950, 590], [20, 630]])
    scene.grain()
    return scene


def _night() -> Scene:
    scene = Scene(_wall((34, 26, 44), 8, rough=9), 8)
    scene.plate((90, 90, 560, 170), (20, 16, 26), (52, 44, 64), 12)
    scene.write("shop", (120, 112, 500, 126), "ラーメン", FACES["japanese"], (255, 60, 110), glow=7)
    scene.plate((740, 70, 130, 480), (20, 16, 26), (52, 44, 64), 12)
    scene.write("column", (762, 96, 86, 428), "営業中", FACES["japanese"], (60, 200, 255), vertical=True, glow=6)
    scene.write("hours", (150, 360, 400, 72), "11:00 – 23:00", _BOLD, (255, 190, 90), glow=4)
    scene.grain(4)
    return scene


def _stops() -> Scene:
    scene = Scene(_wall((92, 102, 110), 9), 9)
    amber = (255, 170, 40)
    for row, (name, text, script) in enumerate(
        (("tamil", "சென்னை", "tamil"), ("telugu", "హైదరాబాద్", "telugu"), ("bengali", "কলকাতা", "bengali"))
    ):
        top = 60 + 180 * row
        scene.plate((140, top, 680, 140), (14, 14, 16), (70, 72, 76), 6)
        scene.write(f"{name} line", (164, top + 22, 130, 96), str(21 + 7 * row), _BOLD, amber)
        scene.write(name, (320, top + 16, 470, 108), text, FACES[script], amber)
    scene.grain()
    return scene


def _flower() -> Scene:
    scene = Scene(_sklearn("flower.jpg", 900), 10)
    scene.plate((500, 60, 340, 150), (250, 247, 238), (110, 140, 90), 10)
    scene.write("name", (522, 78, 296, 70), "Crème brûlée", _SERIF, (60, 84, 52))
    scene.write("price", (590, 154, 160, 40), "4,50 €", _BOLD, (150, 70, 60))
    return scene


SCENES: dict[str, Callable[[], Scene]] = {
    "cafe": _cafe,
    "temple": _temple,
    "bricks": _bricks,
    "launch": _launch,
    "books": _books,
    "market": _market,
    "street": _street,
    "night": _night,
    "stops": _stops,
    "flower": _flower,
}
"""Name of the file, without `.jpg` -> what draws it."""


def main() -> None:
    """Write all pictures, and where their texts stand."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    places = {}
    for name, draw in SCENES.items():
        scene = draw()
        pixels = np.clip(np.rint(scene.pixels), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(FOLDER / f"{name}.jpg", quality=_QUALITY, optimize=True)
        places[name] = scene.places
    PLACES.write_text(json.dumps(places, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
