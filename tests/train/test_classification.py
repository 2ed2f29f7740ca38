"""A classifier from a folder of images to a segmentation backbone: checked, trained, scored, exported, predicted."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli import runner

COLOURS = {"blue": 2, "green": 1, "red": 0}  # the channel that is brighter, in the order of the labels
SIZE = 16
STEP = "{conv_bn: {filters: 8, stride: 2}}"
BACKBONE = f"backbone: [{STEP}, {STEP}, {STEP}]"
CLASSIFIER = f"""
name: tiny
input: {{size: [{SIZE}, {SIZE}]}}
classes: 3
output_stride: 8
{BACKBONE}
head: {{pooled_classifier: {{dropout: 0.1}}}}
classifier: none
"""
SEGMENTER = f"""
name: tiny_maps
input: {{size: [32, 32]}}
classes: 4
output_stride: 8
{BACKBONE}
decoder: bilinear
weights: {{file: RUN/weights.npz, only: [backbone]}}
"""
RECIPE = f"""
augmentation: {{crop: [{SIZE}, {SIZE}], area_from: 0.5}}
batch_size: 12
steps: 25
optimizer: adamw
weight_decay: {{decoupled: 0.01}}
learning_rate: 1.0e-2
loss: {{cross_entropy: {{label_smoothing: 0.1}}}}
batch_norm: {{momentum: 0.8}}
"""


def run(*words: object, cwd: Path) -> runner.Result:
    """A command in a folder, in this process."""
    with contextlib.chdir(cwd):
        return runner.run(*map(str, words))


def make_data(root: Path) -> None:
    """Noise whose one channel is brighter; some images so little that they are mistaken."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 16), ("val", 8)):
        for name, channel in COLOURS.items():
            for number in range(count):
                pixels = generator.integers(0, 160, (20, 24, 3))
                pixels[..., channel] += 4 if number % 4 == 3 else 80
                file = root / split / name / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels.astype(np.uint8)).save(file)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    make_data(folder / "data")
    (folder / "tiny.yaml").write_text(CLASSIFIER)
    (folder / "recipe.yaml").write_text(RECIPE)
    words = ("train", "tiny.yaml", "--recipe", "recipe.yaml", "--data", "image_folder:data")
    found = run(*words, cwd=folder)
    assert found.code == 0, found.err
    assert "top-1" in found.out
    (folder / "run.txt").write_text(str(next((folder / "runs").glob("tiny-*"))))
    return folder


def run_of(folder: Path) -> Path:
    return Path((folder / "run.txt").read_text())


def test_data_check(trained: Path) -> None:
    rows = json.loads(run("data", "check", "image_folder:data", "--format", "json", cwd=trained).out)["rows"]
    assert [(row["split"], row["class"], row["images"]) for row in rows[:3]] == [
        ("train", "blue", 16), ("train", "green", 16), ("train", "red", 16),
    ]  # fmt: skip


def shown(folder: Path) -> tuple[list[Path], np.ndarray[Any, Any]]:
    """The validation images and what a classifier of 16 × 16 is shown of them, by the formula: 20 × 24 pixels become
    round(16 · 8/7) rows and columns in proportion, bilinearly between the centres, of which the middle is cut."""
    files = sorted((folder / "data" / "val").glob("*/*.png"))
    scale = max(SIZE / 20, SIZE / 24) / (7 / 8)
    views = []
    for file in files:
        pixels = np.asarray(Image.open(file), np.float64)
        for axis, side in ((0, 20), (1, 24)):
            scaled = round(side * scale)
            first = (scaled - SIZE) // 2
            where = np.clip((np.arange(first, first + SIZE) + 0.5) * side / scaled - 0.5, 0, side - 1)
            low = np.floor(where).astype(int)
            share = (where - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
            high = np.minimum(low + 1, side - 1)
            pixels = pixels.take(low, axis) * (1 - share) + pixels.take(high, axis) * share
        views.append(pixels)
    return files, np.stack(views)


def test_evaluation_equals_numpy(trained: Path) -> None:
    from archspec.api.networks import load
    from archspec.export import run as run_file

    found = json.loads(
        run(
            "evaluate",
            run_of(trained),
            "--data",
            "image_folder:data",
            "--output",
            "scores",
            "--format",
            "json",
            cwd=trained,
        ).out
    )
    files, views = shown(trained)
    logits = load(str(run_of(trained)), {"output": "none"}).to_tflite().data
    scores = np.concatenate(run_file(logits, [view[None].astype(np.float32) for view in views]))
    truth = np.array([list(COLOURS).index(file.parent.name) for file in files])
    right = scores.argmax(-1) == truth
    assert 0.5 < right.mean() < 1
    assert found["top1"] == pytest.approx(right.mean(), abs=1e-9)
    assert found["top5"] == 1.0
    for number, name in enumerate(COLOURS):
        assert found["per_class"][name]["accuracy"] == pytest.approx(right[truth == number].mean())
    about = json.loads((run_of(trained) / "run.json").read_text())
    assert about["metrics"]["val_top1"] == found["top1"]
    records = json.loads((trained / "scores" / "record.json").read_text())["records"]
    assert {record["metric"] for record in records} == {"top1", "top5", "mean_class_accuracy"}


def test_export_and_predict(trained: Path) -> None:
    exported = run("export", run_of(trained), "--output", "exported", cwd=trained)
    assert exported.code == 0, exported.err
    assert (trained / "exported" / "labels.txt").read_text().split() == list(COLOURS)
    card = (trained / "exported" / "MODEL_CARD.md").read_text()
    assert card.splitlines()[2].startswith("Classification of one 16 × 16 RGB image into 3 classes")
    assert "the class of the image" in card
    of_file = json.loads(
        run("evaluate", "exported/model.tflite", "--data", "image_folder:data", "--format", "json", cwd=trained).out
    )
    assert of_file["top1"] == json.loads((run_of(trained) / "run.json").read_text())["metrics"]["val_top1"]
    found = run("predict", "exported/model.tflite", "data/val/red/0.png", "--output", "out", cwd=trained)
    assert found.code == 0, found.err
    (one,) = json.loads((trained / "out" / "classes.json").read_text())
    shares = [row["score"] for row in one["classes"]]
    assert one["classes"][0]["class"] == "red"
    assert sum(shares) == pytest.approx(1) and shares == sorted(shares, reverse=True)
    assert len((trained / "out" / "classes.csv").read_text().splitlines()) == 1 + 3


def test_a_segmentation_network_begins_with_its_backbone(trained: Path) -> None:
    from archspec.api.networks import load

    text = SEGMENTER.replace("RUN", str(run_of(trained)))
    net = load(text)
    weights = np.load(run_of(trained) / "weights.npz")
    carried = [key for key in net.weights if key.startswith("backbone")]
    assert carried and all(np.array_equal(net.weights[key], weights[key]) for key in carried)
    (trained / "maps.yaml").write_text(text)
    recipe = "augmentation: {crop: [32, 32]}\nbatch_size: 2\nsteps: 2\nlearning_rate: 0.001\nvalidation: {images: 1}\n"
    (trained / "maps_recipe.yaml").write_text(recipe)
    words = ("train", "maps.yaml", "--recipe", "maps_recipe.yaml", "--data", "synthetic_streets")
    found = run(*words, cwd=trained)
    assert found.code == 0, found.err
    assert "weights: " in found.err and "of" in found.err


# --- refused before TensorFlow ----------------------------------------------------------------------------------------
def test_what_is_of_label_maps_is_refused(trained: Path) -> None:
    data = ("--data", "image_folder:data")
    of_one = "gives one class for each image, and"
    cases = {
        ("explain", run_of(trained), "data/val/red/0.png"): f"{of_one} explaining (archspec explain, report --data)",
        ("evaluate", run_of(trained), "--data", "synthetic_streets"): f"{of_one} scoring label maps is for networks",
        ("evaluate", run_of(trained), *data, "--boundary"): "--boundary is of label maps",
        ("evaluate", "--predictions", "data", *data): "label maps are scored against label maps",
        ("data", "pack", "image_folder:data", "--output", "packed"): "its labels are one class an image",
        ("train", "shufflenetv2_basic", "--recipe", "recipe.yaml", *data): "the network gives a class for each pixel,",
        ("train", "tiny.yaml", "--recipe", "synthetic_quick", "--data", "synthetic_streets"):
            "the network gives one class for each image, and synthetic_streets has a class for each pixel",
        ("train", "tiny.yaml", "--recipe", "recipe.yaml", *data, "--set-recipe", "loss=dice"):
            "the loss dice is of label maps",
    }  # fmt: skip
    for words, said in cases.items():
        found = run(*words, cwd=trained)
        assert found.code == 2, words
        assert said in found.err, found.err


def test_the_loss_of_one_label_an_image(trained: Path) -> None:
    """By the formula, of 300 classes: number 255, which is ignored in label maps, counts like the others."""
    from archspec.lower import tf
    from archspec.train._losses import total_loss
    from archspec.train._recipe import LossTerm

    generator = np.random.default_rng(2)
    logits, labels = generator.normal(size=(4, 300)), np.array([0, 255, 299, 7])
    shares = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
    expected = -(0.9 * shares[np.arange(4), labels] + 0.1 * shares.mean(-1)).mean()
    loss = total_loss((LossTerm("cross_entropy", {"label_smoothing": 0.1}),), None)
    found = loss(tf.constant(logits, tf.float32), tf.constant(labels, tf.int32))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_accuracy_is_a_measure(trained: Path) -> None:
    from archspec.api.networks import load
    from archspec.errors import UserError
    from archspec.measures import measure_named
    from archspec.measures._case import Case
    from archspec.measures._settings import Settings

    reference, recipe = f"image_folder:{trained / 'data'}", str(trained / "recipe.yaml")
    settings = Settings(
        ("top1", "top5"), data=(reference,), recipes={"top1": recipe, "miou": recipe}, output=str(trained / "runs")
    )
    case = Case(load(str(trained / "tiny.yaml")), settings)
    about = json.loads((run_of(trained) / "run.json").read_text())["metrics"]
    for metric in ("top1", "top5"):
        measure = measure_named(metric)
        assert (measure.unit, measure.better) == ("", "more")
        before = measure.conditions(case)
        assert measure.take(case).value == about[f"val_{metric}"]  # the run that is there: it is not trained again
        assert measure.conditions(Case(case.network, settings)) == before
        assert measure.conditions(Case(case.network, replace(settings, seed=1))) != before
    with pytest.raises(
        UserError, match="'miou' is of data with a class for each pixel, and image_folder has one class"
    ):
        measure_named("miou").take(case)
