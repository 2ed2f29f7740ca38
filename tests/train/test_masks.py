"""Binary and multi-label masks: `output: sigmoid` trained, scored, exported and predicted; masks of 0 and 255."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import open_dataset
from archspec.export import read_metadata
from archspec.scoring.metrics import Counts, Labels, scores
from tests.cli.runner import run
from tests.datasets.pictures import load, save

Array = np.ndarray[Any, Any]
SIZE = (24, 32)
SPEC = """
input: {size: [24, 32], preprocess: unit}
classes: 1
output_stride: 8
backbone:
- conv_bn: {filters: 6, stride: 2}
- depthwise_bn: {stride: 2}
- conv_bn: {filters: 8, stride: 2}
decoder: bilinear
output: sigmoid
"""
RECIPE = """
augmentation: {crop: [16, 24], scale_from: 0.75, scale_to: 1.25}
batch_size: 2
steps: 40
optimizer: adam
learning_rate: 0.02
batch_norm: {momentum: 0.8}
loss: [binary_cross_entropy, binary_dice]
"""


def portrait(number: int) -> tuple[Array, Array]:
    """A bright oval before a dark ground `(H, W, 3)`, and where it is, 0 and 1."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    person = ((rows - 13) / 9) ** 2 + ((columns - 10 - 3 * number) / 6) ** 2 < 1
    noise = np.random.default_rng(number).integers(0, 60, (*SIZE, 3))
    return (noise + 150 * person[..., None]).astype(np.uint8), person.astype(np.uint8)


def portraits(root: Path, foreground: int) -> Path:
    for number in range(4):
        split, (image, person) = "val" if number == 3 else "train", portrait(number)
        save(root / "images" / split / f"{number}.png", image)
        save(root / "labels" / split / f"{number}.png", person * np.uint8(foreground))
    (root / "classes.txt").write_text("background\nperson\n" if foreground == 1 else "background\nperson = 255\n")
    return root


def told(*words: str) -> Any:
    found = run(*words, "--format", "json")
    assert found.code == 0, found.err
    return found.json()


def trained(root: Path, data: Path, *more: str) -> Path:
    (root / "net.yaml").write_text(SPEC)
    (root / "recipe.yaml").write_text(RECIPE)
    found = run("train", str(root / "net.yaml"), "--recipe", str(root / "recipe.yaml"), "--data", f"folder:{data}",
                "--output", str(data / "runs"), *more)  # fmt: skip
    assert found.code == 0, found.err
    return next(path for path in (data / "runs").iterdir() if (path / "run.json").is_file())


def test_masks_of_0_and_1_and_of_0_and_255_are_the_same_to_the_last_bit(tmp_path: Path) -> None:
    found = []
    for foreground in (1, 255):
        data = portraits(tmp_path / str(foreground), foreground)
        folder = trained(tmp_path, data)
        metrics = json.loads((folder / "run.json").read_text())["metrics"]
        scored = told("evaluate", str(folder), "--data", f"folder:{data}")
        scored = {key: value for key, value in scored.items() if isinstance(value, float)}
        with np.load(folder / "weights.npz") as arrays:
            weights = {key: arrays[key].tobytes() for key in arrays.files if arrays[key].dtype.kind == "f"}
        found.append((metrics, scored, weights))
    assert found[0] == found[1]
    metrics, scored, _ = found[0]
    assert scored["miou"] == pytest.approx(metrics["val_miou"], abs=1e-9)
    assert scored["binary_iou"] > 0.1  # it learns

    predicted = tmp_path / "predicted"
    told("predict", str(folder), str(data / "images" / "val"), "--output", str(predicted))
    mask, person = load(predicted / "3_labels.png"), portrait(3)[1]
    assert set(np.unique(mask)) <= {0, 255}
    said = mask == 255
    iou = (said & (person == 1)).sum() / (said | (person == 1)).sum()
    assert scored["binary_iou"] == pytest.approx(iou, abs=1e-12)
    assert metrics["val_iou"]["person"] == pytest.approx(iou, abs=1e-12)

    for precision in ("float32", "int8"):
        built = run("build", str(folder / "spec.yaml"), "--latency", "none", "--precision", precision,
                    "--representative" if precision == "int8" else "--seed",
                    str(data / "images") if precision == "int8" else "0",
                    "--output", str(tmp_path / precision))  # fmt: skip
        assert built.code == 0, built.err
        (model,) = (tmp_path / precision).glob("*/model.tflite")
        assert read_metadata(model.read_bytes()).own["outputs"][0]["name"] == "probabilities"
        again = told("evaluate", str(model), "--data", f"folder:{data}")
        assert again["binary_iou"] == pytest.approx(iou, abs=0.002 if precision == "float32" else 0.1)
    exported = run("export", str(folder), "--output", str(tmp_path / "handed"), "--latency", "none")
    assert exported.code == 0, exported.err
    card = (tmp_path / "handed" / "MODEL_CARD.md").read_text()
    assert "RGB image into 1 mask." in card and "masks = probabilities > 0.5" in card
    assert (tmp_path / "handed" / "labels.txt").read_text() == "person\n"
    told("predict", str(tmp_path / "handed" / "model.tflite"), str(data / "images" / "val"), "--output", str(tmp_path))
    assert np.array_equal(load(tmp_path / "3_labels.png"), mask)
    strict = told("evaluate", str(folder), "--data", f"folder:{data}", "--threshold", "0.99")
    assert strict["binary_iou"] != scored["binary_iou"]


def test_a_network_of_several_masks(tmp_path: Path) -> None:
    """Hats are parts of persons: both hold at their pixels. Masks are files of each class, or one array."""
    root = tmp_path / "files"
    arrays = tmp_path / "arrays"
    for number in range(4):
        split, (image, person) = "val" if number == 3 else "train", portrait(number)
        hat = person * (np.arange(SIZE[0]) < 12)[:, None].astype(np.uint8)
        for folder in (root, arrays):
            save(folder / "images" / split / f"{number}.png", image)
        save(root / "masks" / split / "person" / f"{number}.png", person * np.uint8(255))
        if number != 1:  # nobody wears one
            save(root / "masks" / split / "hat" / f"{number}.png", hat)
        (arrays / "masks" / split).mkdir(parents=True, exist_ok=True)
        np.save(arrays / "masks" / split / f"{number}.npy", np.stack([person, hat * (number != 1)], -1))
    for folder in (root, arrays):
        (folder / "classes.txt").write_text("person\nhat\n")
    data, same = open_dataset(f"folder:{root}"), open_dataset(f"folder:{arrays}")
    assert data.multi_label and same.multi_label
    for one, other in zip(data.examples("train"), same.examples("train"), strict=True):
        assert np.array_equal(data.read_label(one), same.read_label(other))
    rows = told("data", "check", f"folder:{root}")["rows"]
    assert {row["class"]: row["images"] for row in rows if row["split"] == "train"} == {"person": 3, "hat": 2}

    folder = trained(tmp_path, root, "--set", "classes=2")
    scored = told("evaluate", str(folder), "--data", f"folder:{root}")
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    assert "miou" not in scored
    assert scored["binary_iou"] == pytest.approx(metrics["val_miou"], abs=1e-9)
    told("predict", str(folder), str(root / "images" / "val"), "--output", str(tmp_path / "predicted"))
    (example,) = data.examples("val")
    truth = data.read_label(example) == 1
    for number, name in enumerate(("person", "hat")):
        said = load(tmp_path / "predicted" / f"3_{name}.png") == 255
        union = (said | truth[..., number]).sum()
        iou = (said & truth[..., number]).sum() / union if union else None
        assert scored["per_class"][name]["binary_iou"] == pytest.approx(iou, abs=1e-12)


def faults(tmp_path: Path, data: Path, recipe: str, *more: str) -> str:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "recipe.yaml").write_text(recipe)
    found = run("train", str(tmp_path / "net.yaml"), "--recipe", str(tmp_path / "recipe.yaml"), "--data",
                f"folder:{data}", "--output", str(tmp_path / "runs"), *more)  # fmt: skip
    assert found.code == 2 and not (tmp_path / "runs").exists()
    return found.err


def test_what_does_not_go_together_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    data = portraits(tmp_path / "data", 1)
    said = faults(tmp_path, data, RECIPE.replace("binary_cross_entropy, binary_dice", "cross_entropy, dice"))
    assert "the loss 'cross_entropy' is of softmax scores, and the network gives masks" in said
    assert "the loss 'dice' is of softmax scores" in said
    said = faults(tmp_path, data, RECIPE, "--set", "output=argmax", "--set", "classes=2")
    assert "the loss 'binary_dice' is of sigmoid scores, and the network gives one class a pixel" in said
    (data / "classes.txt").write_text("background\nperson\ncat\n")
    assert "classes: 1 tells one class from the rest, and folder has 3 classes" in faults(tmp_path, data, RECIPE)
    (data / "classes.txt").write_text("background = 255\nperson = 255\n")
    assert "classes.txt:2:1: label 255 is of 'background' already" in faults(tmp_path, data, RECIPE)
    found = run("cost", str(tmp_path / "net.yaml"), "--set", "output=argmax")
    assert found.code == 2 and "Write output: sigmoid" in found.err


def test_masks_without_a_number_in_the_list_stay_what_they_were(tmp_path: Path) -> None:
    data = portraits(tmp_path / "data", 255)
    (data / "classes.txt").write_text("background\nperson\n")
    notes = told("data", "check", f"folder:{data}")["meta"]["notes"]
    assert any("no pixel of class 'person'" in note for note in notes)


def test_counts_of_masks_by_the_definition() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, (3, 6, 7, 2)).astype(np.uint8)
    truth[generator.random(truth.shape) < 0.2] = 255
    predicted = generator.integers(0, 2, truth.shape).astype(np.uint8)
    counts = sum((Counts.none(Labels(("a", "b")), masks=2).plus(*pair) for pair in zip(truth, predicted, strict=True)),
                 Counts.none(Labels(("a", "b")), masks=2))  # fmt: skip
    expected = []
    for label in range(2):
        pairs = [
            (t, p) for t, p in zip(truth[..., label].ravel(), predicted[..., label].ravel(), strict=True) if t != 255
        ]
        both = sum(t == 1 and p == 1 for t, p in pairs)
        either = sum(t == 1 or p == 1 for t, p in pairs)
        expected.append(both / either)
    assert scores(counts) == {"binary_iou": pytest.approx(np.mean(expected), abs=1e-12)}
    assert counts.images == 3
