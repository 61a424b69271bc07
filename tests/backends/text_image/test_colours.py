"""Old text's colours are found and given back to a pale prediction; new text gets colours that can be read."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends.text_image.colours import Colours, colours_of, painted, recoloured, settled

pytestmark = pytest.mark.unit

Picture = NDArray[np.uint8]
RED, CREAM = (200, 36, 40), (240, 226, 196)
SHAPE = (64, 160)


def _position() -> Picture:
    position = np.zeros(SHAPE, np.uint8)
    position[10:54, 10:150] = 255
    return position


def _letters(word: str) -> Picture:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.putText(mask, word, (18, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 4)
    return mask


def _sign(word: str, letters: tuple[int, ...] = RED) -> Picture:
    alpha = _letters(word)[..., None] / 255
    return (np.array(CREAM) * (1 - alpha) + np.array(letters) * alpha).astype(np.uint8)


def _tensor(picture: Picture) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float() / 127.5 - 1


def _mask(mask: Picture) -> Tensor:
    return torch.from_numpy(mask)[None, None].float() / 255


def _under(picture: Tensor, mask: Tensor) -> Tensor:
    return (picture * mask).sum(dim=(0, 2, 3)) / mask.sum()


def _pale(wanted: Tensor, contrast: float) -> Tensor:
    """The picture with all its colours nearer to their mean, by `contrast`."""
    middle = wanted.mean(dim=(2, 3), keepdim=True)
    return middle + contrast * (wanted - middle)


@pytest.fixture
def known() -> Colours:
    return colours_of([_sign("MWMW")], [_position()])


def test_letters_and_ground_are_found(known: Colours) -> None:
    assert known.known.tolist() == [True]
    assert ((known.letters + 1) * 127.5 - torch.tensor([RED])).abs().max() < 12
    assert ((known.ground + 1) * 127.5 - torch.tensor([CREAM])).abs().max() < 3


def test_a_pale_prediction_gets_both_colours_back(known: Colours) -> None:
    wanted, glyph, position = _tensor(_sign("Open")), _mask(_letters("Open")), _mask(_position())
    found = recoloured(_pale(wanted, 0.6), known, glyph, position)
    core = (glyph == 1).float()
    ground = ((torch.nn.functional.max_pool2d(glyph, 9, 1, 4) == 0) & (position == 1)).float()
    assert torch.allclose(_under(found, core), _under(wanted, core), atol=0.12)
    assert torch.allclose(_under(found, ground), _under(wanted, ground), atol=0.02)


def test_what_is_hardly_there_is_not_blown_up(known: Colours) -> None:
    wanted, glyph, position = _tensor(_sign("Open")), _mask(_letters("Open")), _mask(_position())
    core = (glyph == 1).float()
    ground = ((torch.nn.functional.max_pool2d(glyph, 9, 1, 4) == 0) & (position == 1)).float()

    def contrast(picture: Tensor) -> float:
        return float((_under(picture, core) - _under(picture, ground)).norm())

    pale = _pale(wanted, 0.1)
    assert contrast(recoloured(pale, known, glyph, position)) == pytest.approx(2 * contrast(pale), rel=0.1)


def test_only_the_region_changes_and_without_a_colour_nothing(known: Colours) -> None:
    pale, glyph, position = _pale(_tensor(_sign("Open")), 0.5), _mask(_letters("Open")), _mask(_position())
    far = torch.nn.functional.max_pool2d(position, 3, 1, 1) == 0
    found = recoloured(pale, known, glyph, position)
    assert torch.equal(found[far.expand_as(found)], pale[far.expand_as(pale)])
    blank = colours_of([np.full((*SHAPE, 3), CREAM, np.uint8)], [_position()])
    assert blank.known.tolist() == [False]
    assert torch.equal(recoloured(pale, blank, glyph, position), pale)


def test_where_text_is_removed_the_ground_is_coloured(known: Colours) -> None:
    grey = torch.zeros((1, 3, *SHAPE))
    found = recoloured(grey, known, torch.zeros((1, 1, *SHAPE)), _mask(_position()))
    assert torch.allclose(found[0, :, 32, 80], known.ground[0], atol=1e-5)


def test_each_of_a_batch_has_its_own_colours() -> None:
    signs = [_sign("MWMW"), _sign("MWMW", (22, 34, 90))]
    both = colours_of(signs, [_position()] * 2)
    pale = torch.cat([_pale(_tensor(_sign("Open", colour)), 0.6) for colour in (RED, (22, 34, 90))])
    glyph, position = (_mask(m).expand(2, -1, -1, -1) for m in (_letters("Open"), _position()))
    together = recoloured(pale, both, glyph, position)
    for index, sign in enumerate(signs):
        alone = recoloured(pale[index : index + 1], colours_of([sign], [_position()]), glyph[:1], position[:1])
        assert torch.allclose(together[index : index + 1], alone, atol=1e-6)


def _light(colour: Tensor) -> float:
    return float(colour @ torch.tensor((0.299, 0.587, 0.114)))


@pytest.mark.parametrize(
    ("ground", "letters", "lighter"),
    [
        ((90, 90, 90), (100, 96, 96), True),
        ((110, 90, 90), (100, 80, 84), False),
        ((240, 236, 230), (250, 246, 240), False),  # there is no room above
        ((12, 12, 20), (8, 8, 8), True),  # nor below
    ],
)
def test_hardly_seen_letters_become_lighter_or_darker(
    ground: tuple[int, ...], letters: tuple[int, ...], lighter: bool
) -> None:
    alpha, glyph, position = _letters("Open")[..., None] / 255, _mask(_letters("Open")), _mask(_position())
    pale = _tensor((np.array(ground) * (1 - alpha) + np.array(letters) * alpha).astype(np.uint8))
    found = settled(pale, glyph, position)
    assert found.known.tolist() == [True]
    apart = _light(found.letters[0] - found.ground[0])
    assert apart >= 0.55 if lighter else apart <= -0.55
    assert found.letters.abs().max() <= 1
    draft = painted(pale, found, glyph)
    assert torch.allclose(_under(draft, (glyph == 1).float()), found.letters[0], atol=1e-4)
    assert torch.equal(draft[:, :, :4], pale[:, :, :4])


def test_letters_that_stand_out_keep_their_colours() -> None:
    glyph, position = _mask(_letters("Open")), _mask(_position())
    for sign in (_sign("Open"), _sign("Open", (20, 20, 20))):
        found = settled(_tensor(sign), glyph, position)
        assert found.known.tolist() == [False]
        assert torch.equal(painted(_tensor(sign), found, glyph), _tensor(sign))
    nothing = settled(_tensor(_sign("")), torch.zeros_like(glyph), position)
    assert nothing.known.tolist() == [False]
