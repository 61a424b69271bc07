"""One picture in a build's frames: the watched pictures again, attacks, two builds in one frame, and bad input."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backends import store
from backends.errors import InputError, MissingFileError
from backends.progress import finish
from backends.visual_patterns import attacked, build, classify, compare, samples, train
from backends.visual_patterns.attack import Attack, Thresholds
from backends.visual_patterns.build import Plan
from backends.visual_patterns.data import balanced, find
from backends.visual_patterns.results import Results
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Request, Trained

pytestmark = pytest.mark.method

REQUEST = Request("digits", "vgg", seed=4, epochs=3)
PLAN = Plan(REQUEST, images=30, settings=Settings(steps=60), compare=())


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A network after 66 steps, with its checkpoints."""
    return finish(train.train(REQUEST))


@pytest.fixture(scope="module")
def found(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A small build whose weights ship, in a folder of their own."""
    folder = tmp_path_factory.mktemp("assets")
    patch = pytest.MonkeyPatch()
    patch.setattr(store, "WEIGHTS", folder / "weights")
    train.ship(REQUEST.key, trained, command="none", seed=4, data="digits")
    built = Results(finish(build.build(PLAN, out=folder, states=_states(trained))))
    classify.watched(built)  # kept from here on, so that the folder of weights may change back
    patch.undo()
    return built


def test_watched_pictures_lie_where_they_were(found: Results) -> None:
    pictures = balanced(find("digits").split("test"), 30, 0).pictures
    placed = classify.place(found, pictures)
    assert placed.steps == tuple(range(len(found.index.steps)))
    for step in placed.steps:
        torch.testing.assert_close(placed.g[step], found.array("g", step), atol=0.05, rtol=0.02)
        torch.testing.assert_close(placed.h[step], found.array("h", step), atol=0.05, rtol=0.02)
        torch.testing.assert_close(placed.layer_g[step], found.array("layer_g", step), atol=0.05, rtol=0.02)
    torch.testing.assert_close(placed.logits, found.array("logits"), atol=0.05, rtol=0.02)
    frame = found.frame(placed.steps[-1], 3)
    same = placed.log_p[-1, 3].argmax(2) == frame.verdict.category
    assert same.float().mean() > 0.98
    # What no picture beside it can change: one alone lies where it lies among thirty.
    alone = classify.place(found, pictures[4:5])
    torch.testing.assert_close(alone.h[:, :, 0], placed.h[:, :, 4], atol=1e-4, rtol=1e-3)


def test_an_attack_leads_away_within_its_radius(found: Results) -> None:
    pictures = balanced(find("digits").split("test"), 30, 0).pictures[:6]
    how = Attack(radius=0.2, step=0.04, iterations=12, keep=3)
    paths = attacked.paths(found, pictures, how)
    assert paths.pictures.shape == (5, 6, 32, 32, 3)
    assert torch.equal(paths.pictures[0], torch.from_numpy(pictures))
    changed = (paths.pictures[-1].int() - paths.pictures[0].int()).abs().max()
    assert 0 < int(changed) <= 0.2 * 255 + 1
    p = samples.log_target(paths.logits, 1.0).gather(2, paths.before[None, :, None].expand(5, 6, 1))[..., 0]
    assert (p[-1] < p[0]).all()
    assert (paths.after != paths.before).any()
    torch.testing.assert_close(paths.h[0], classify.place(found, pictures).h[-1], atol=1e-4, rtol=1e-3)
    kinds = attacked.types(found, paths, Thresholds())
    assert kinds.shape == (4, 6, 64)
    assert set(kinds.unique().tolist()) <= {0, 1, 2, 3, 4}
    target = (paths.before + 1) % 10
    led = attacked.paths(found, pictures, how, target=target)
    own = samples.log_target(led.logits, 1.0).gather(2, target[None, :, None].expand(5, 6, 1))[..., 0]
    assert (own[-1] > own[0]).all()


def test_two_builds_of_the_same_pictures_share_a_frame(found: Results, trained: Trained, tmp_path: Path) -> None:
    whole = compare.pair(found, found)
    torch.testing.assert_close(whole.first, whole.second, atol=1e-3, rtol=0)
    assert whole.residual < 1e-5
    plan = Plan(REQUEST, images=30, settings=Settings(steps=60, seed=9), compare=())
    other = Results(finish(build.build(plan, out=tmp_path, states=_states(trained))))
    both = compare.pair(found, other)
    own, before = found.array("g")[-1], other.array("g")[-1]
    assert (own * both.second).sum(1).mean() >= (own * before).sum(1).mean()
    torch.testing.assert_close(both.second.norm(dim=1), before.norm(dim=1))  # turned, not stretched
    fewer = Plan(REQUEST, images=20, settings=Settings(steps=60), compare=())
    smaller = Results(finish(build.build(fewer, out=tmp_path / "fewer", states=_states(trained))))
    both = compare.pair(found, smaller)  # the first 20 of both are the same
    torch.testing.assert_close(both.first, own[:20])
    own_shares = smaller.figures.loc[len(trained.checkpoints) - 1]["share"].tolist()
    assert both.shares[1] == pytest.approx(own_shares, nan_ok=True)
    strange = Plan(REQUEST, images=20, settings=Settings(steps=60), seed=3, compare=())
    with pytest.raises(InputError, match="different pictures"):
        compare.pair(found, Results(finish(build.build(strange, out=tmp_path / "other", states=_states(trained)))))


def _states(trained: Trained) -> dict[int, dict[str, torch.Tensor]]:
    return {c.step: dict(c.state) for c in trained.checkpoints}


def _png(width: int, height: int) -> bytes:
    """A PNG that only says how large it is, as a bomb would."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    part = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + part


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"no picture",
        _png(20_000, 20),
        _saved(Image.new("RGB", (64, 64), "red"), "PNG")[:60],
        _saved(Image.new("RGB", (8, 8)), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")], loop=0),
    ],
    ids=["empty", "text", "20,000 px wide", "cut off", "animated"],
)
def test_what_is_no_picture_is_refused(found: Results, source: bytes) -> None:
    with pytest.raises(InputError):
        classify.opened(found, source)


def test_pictures_of_other_kinds_are_read(found: Results) -> None:
    red = (200, 30, 30)
    cmyk = _saved(Image.new("RGB", (50, 40), red).convert("CMYK"), "JPEG")
    palette = Image.new("RGBA", (40, 40), (*red, 255)).quantize(4)
    clear = _saved(palette, "PNG", transparency=1)
    for source in (cmyk, clear):
        picture = classify.opened(found, source)
        assert picture.shape == (32, 32, 3)
        placed = classify.place(found, picture[None])
        assert placed.logits.isfinite().all()
        assert placed.log_p.exp().sum(-1).sub(1).abs().max() < 1e-4
    black = classify.place(found, np.zeros((1, 32, 32, 3), np.uint8))
    assert black.h.isfinite().all()


def test_what_does_not_fit_is_told(found: Results, trained: Trained, tmp_path: Path) -> None:
    none = np.zeros((0, 32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="no pictures"):
        classify.place(found, none)
    with pytest.raises(InputError, match="From 1 to 64"):
        attacked.paths(found, none, Attack())
    one = np.zeros((1, 32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="one class for each"):
        attacked.paths(found, one, Attack(), target=torch.tensor([10]))
    with pytest.raises(InputError, match="names no network"):
        train.request_of("visual_patterns/digits/../x")
    with pytest.raises(InputError, match="no data set"):
        train.request_of("visual_patterns/x/vgg-s1")
    plan = Plan(Request("digits", "vgg", seed=5), images=20, settings=Settings(steps=20), compare=())
    built = Results(finish(build.build(plan, out=tmp_path, states={0: _states(trained)[0]})))
    with pytest.raises(MissingFileError, match="No weights ship"):
        classify.watched(built)


def test_requests_are_read_from_names() -> None:
    assert train.request_of(REQUEST.key) == REQUEST
    assert train.request_of("visual_patterns/emoji/resnet-s1") == Request("emoji", "resnet")
