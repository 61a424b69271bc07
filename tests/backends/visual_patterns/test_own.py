"""An operator's own builds, end to end: pictures in folders, tiny classifiers of transformers, a student."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from transformers import ResNetConfig, ResNetForImageClassification, ViTConfig, ViTForImageClassification

from backends.errors import InputError
from backends.progress import finish
from backends.visual_patterns import build, own, shelf, subjects
from backends.visual_patterns.build import View
from backends.visual_patterns.results import Results
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Checkpoint, Request

pytestmark = pytest.mark.method

QUICK = View(Settings(steps=20), compare=("pca", "aligned-umap"))
COLOURS = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty noisy pictures each of three colours, a subfolder a class."""
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for at in range(30):
            noise = rng.integers(0, 80, (40, 48, 3))
            cv2.imwrite(str(folder / name / f"{at}.png"), np.clip(noise + np.array(colour) // 2, 0, 255))
    return folder


def _classifier(folder: Path, kind: str, names: tuple[str, ...]) -> Path:
    """A tiny classifier of transformers with random weights, as it is saved."""
    labels = {"id2label": dict(enumerate(names)), "label2id": {one: at for at, one in enumerate(names)}}
    torch.manual_seed(0)
    if kind == "resnet":
        sizes = {"embedding_size": 8, "hidden_sizes": [8, 12, 16, 20], "depths": [1] * 4, "layer_type": "basic"}
        model = ResNetForImageClassification(ResNetConfig(**sizes, **labels))
    else:
        size = {"hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 48}
        model = ViTForImageClassification(ViTConfig(**size, image_size=64, patch_size=8, **labels))
    model.save_pretrained(folder)
    numbers = {"size": {"height": 64, "width": 64}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(numbers))
    return folder


@pytest.mark.parametrize("kind", ["resnet", "vit"])
def test_a_classifier_of_transformers_is_built_and_packed(kind: str, pictures: Path, tmp_path: Path) -> None:
    folder = _classifier(tmp_path / "Some Model", kind, ("Red, scarlet", "yellow", "blue", "GREEN"))
    subject = subjects.of_transformers(folder, pictures, 30)
    assert subject.name == f"classifier-some-model-{pictures.name}"
    assert subject.classes == ("blue", "green", "red")  # in the order of the subfolders
    out = finish(build.build_subject(subject, QUICK, tmp_path / "out"))
    found = Results(out)
    assert (found.index.steps, len(found.index.layers)) == ((0,), 4)
    assert found.array("logits").shape == (1, 30, 3)
    assert set(found.projections.method) == {"ours", "pca"}  # one checkpoint cannot be aligned
    page = shelf.read_page(out)
    assert np.array(page["total"]).shape == (1, 4, 101)
    right = (found.array("logits")[0].argmax(1) == found.array("labels")).float().mean()
    assert found.index.accuracy["watched"] == pytest.approx(float(right))


def test_answers_are_those_of_the_classifier_for_these_classes(pictures: Path, tmp_path: Path) -> None:
    folder = _classifier(tmp_path / "model", "resnet", ("red", "yellow", "blue", "green"))
    subject = subjects.of_transformers(folder, pictures, 12)
    model = subject.networks[0]().model
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        whole = ResNetForImageClassification.from_pretrained(folder)(x).logits
        torch.testing.assert_close(model(x), whole[:, [2, 3, 0]])


def test_a_folder_that_is_no_class_is_named(pictures: Path, tmp_path: Path) -> None:
    folder = _classifier(tmp_path / "model", "resnet", ("red", "yellow", "blue", "violet"))
    with pytest.raises(InputError, match="no class 'green'"):
        subjects.of_transformers(folder, pictures, 30)


def test_a_network_learns_an_operators_pictures(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "FEWEST_STEPS", 50)
    options = own.parse(["folder", str(pictures), "--network", "vgg", "--epochs", "12", "--out", str(tmp_path)])
    subject = finish(own.subject(options))
    assert subject.accuracy["test"] > 0.9
    assert len(subject.split) == 18  # every fifth
    assert len(subject.networks) > 2
    out = finish(build.build_subject(subject, View(Settings(steps=20), compare=()), tmp_path))
    found = Results(out)
    assert found.index.title.endswith("vgg, seed 1")
    last = found.array("logits")[-1]
    assert float((last.argmax(1) == found.array("labels")).float().mean()) == subject.accuracy["test"]


def test_too_few_pictures_to_learn_from(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for at in range(3):
            cv2.imwrite(str(tmp_path / name / f"{at}.png"), np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="64 are needed"):
        finish(subjects.on_folder(tmp_path, "vgg", epochs=1, seed=0, images=10))


def test_a_student_comes_near_its_teacher() -> None:
    seen = []
    work = subjects.student("digits", "vgg", "outputs", epochs=6, seed=4, images=80)
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            subject: subjects.Subject = stop.value
            break
        seen.append(step.preview)
    assert any(isinstance(one, Checkpoint) for one in seen)
    assert subject.name == "digits-vgg-s4-student-outputs-e6"
    assert subject.accuracy["test"] > 0.9
    assert np.array_equal(subject.split.pictures, shelf.pictures("digits-vgg-s1"))  # so they can be compared
    assert subjects.teacher_of("digits") == Request("digits", "vgg")


def test_names_are_plain() -> None:
    assert subjects.plain("../Äh Öl_1") == "h-l-1"
    assert subjects.plain("//") == "x"
