"""Images of 1, 3, 4 and 6 channels through every command: checked, trained on, scored, exported, predicted, packed."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archspec.datasets import open_dataset
from archspec.export import TfliteSegmenter, read_metadata
from tests.cli.runner import run
from tests.datasets.pictures import save

Array = np.ndarray[Any, Any]
SIZE = (24, 32)
SPEC = """
input: {{size: [24, 32], channels: {channels}, preprocess: unit{more}}}
output_stride: 8
backbone:
- conv_bn: {{filters: 6, stride: 2}}
- depthwise_bn: {{stride: 2}}
- conv_bn: {{filters: 8, stride: 2}}
decoder: bilinear
"""
RECIPE = """
augmentation: {crop: [16, 24], scale_from: 0.75, scale_to: 1.25, brightness: 0.1, contrast: 0.1}
batch_size: 2
steps: 2
learning_rate: 0.01
"""


def planes(number: int, channels: int) -> Array:
    """`(H, W, channels)` uint8: the last channel is bright where the label is 1, all others are noise."""
    found = np.random.default_rng(number).integers(0, 256, (*SIZE, channels), np.uint8)
    found[..., -1] = 40 + 160 * label(number)
    return found


def label(number: int) -> Array:
    found = np.zeros(SIZE, np.uint8)
    found[number : number + 12, 8:20] = 1
    return found


def tree(root: Path, channels: int) -> Path:
    """Grey, RGB and RGBA pictures; of 6 channels an RGB picture, an array of 2 channels and a grey TIFF."""
    for number in range(3):
        split, pixels = "val" if number == 2 else "train", planes(number, channels)
        save(root / "labels" / split / f"{number}.png", label(number))
        if channels == 6:
            save(root / "images" / split / f"{number}.png", pixels[..., :3])
            further = root / "images_2" / split / f"{number}.npy"
            further.parent.mkdir(parents=True, exist_ok=True)
            np.save(further, pixels[..., 3:5])
            save(root / "images_3" / split / f"{number}.tif", pixels[..., 5])
        else:
            save(root / "images" / split / f"{number}.png", pixels[..., 0] if channels == 1 else pixels)
    (root / "classes.txt").write_text("ground\nthing\n")
    return root


def files(root: Path, channels: int, more: str = "") -> tuple[str, str]:
    (root / "net.yaml").write_text(SPEC.format(channels=channels, more=more))
    (root / "recipe.yaml").write_text(RECIPE)
    return str(root / "net.yaml"), str(root / "recipe.yaml")


def told(*words: str) -> Any:
    """What a command says as JSON; it must succeed."""
    found = run(*words, "--format", "json")
    assert found.code == 0, found.err
    return found.json()


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_every_command_reads_such_images(tmp_path: Path, channels: int) -> None:
    data = tree(tmp_path / "data", channels)
    spec, recipe = files(tmp_path, channels)
    notes = told("data", "check", f"folder:{data}")["meta"]["notes"]
    assert channels in (1, 3) or f"{channels} channels" in notes[0]  # grey is read as RGB where nobody asks
    assert run("data", "show", f"folder:{data}", "--output", str(tmp_path / "sheet.png")).code == 0
    trained = run("train", spec, "--recipe", recipe, "--data", f"folder:{data}", "--output", str(tmp_path / "runs"))
    assert trained.code == 0, trained.err
    folder = next(path for path in (tmp_path / "runs").iterdir() if (path / "run.json").is_file())
    score = json.loads((folder / "run.json").read_text())["metrics"]["val_miou"]
    found = told("evaluate", str(folder), "--data", f"folder:{data}")
    assert found["miou"] == pytest.approx(score, abs=1e-6)

    built = run("build", str(folder / "spec.yaml"), "--latency", "none", "--precision", "int8", "--representative",
                str(data / "images"), "--output", str(tmp_path / "int8"))  # fmt: skip
    assert built.code == 0, built.err
    built = run("build", str(folder / "spec.yaml"), "--latency", "none", "--output", str(tmp_path / "built"))
    assert built.code == 0, built.err
    (model,) = (tmp_path / "built").glob("*/model.tflite")
    own = read_metadata(model.read_bytes()).own
    assert own["input"]["shape"] == [1, *SIZE, channels]
    exported = told("evaluate", str(model), "--data", f"folder:{data}")
    assert exported["pixel_accuracy"] == pytest.approx(found["pixel_accuracy"], abs=0.01)

    predicted = tmp_path / "predicted"
    told("predict", str(model), str(data / "images" / "val"), "--output", str(predicted))
    with Image.open(predicted / "2_labels.png") as image:
        labels = np.asarray(image)
    segmenter = TfliteSegmenter(model.read_bytes(), channels=(channels,))
    assert np.array_equal(labels, segmenter.labels(planes(2, channels)))


@pytest.mark.parametrize(
    ("channels", "wanted", "have"), [(1, 4, "1 (grey) or 3 (RGB)"), (6, 3, "6"), (4, 1, "4 (RGBA) or 3 (RGB)")]
)
def test_other_channels_are_one_fault_with_the_line(tmp_path: Path, channels: int, wanted: int, have: str) -> None:
    data = tree(tmp_path / "data", channels)
    spec, recipe = files(tmp_path, wanted)
    found = run("train", spec, "--recipe", recipe, "--data", f"folder:{data}", "--output", str(tmp_path / "runs"))
    (line,) = found.err.splitlines()
    assert found.code == 2
    if wanted != 3:
        assert line.startswith(f"{spec}:2:") and "input.channels: " in line
    assert f"the network reads images of {wanted} channel" in line and f"the images have {have}." in line
    assert not (tmp_path / "runs").exists()


def test_saturation_and_imagenet_means_are_of_three_channels(tmp_path: Path) -> None:
    data = tree(tmp_path / "data", 1)
    spec, recipe = files(tmp_path, 1)
    Path(recipe).write_text(RECIPE.replace("contrast: 0.1", "saturation: 0.1"))
    found = run("train", spec, "--recipe", recipe, "--data", f"folder:{data}", "--output", str(tmp_path / "runs"))
    assert found.code == 2 and "augmentation: a change of saturation of images of 1 channel" in found.err
    found = run("cost", spec, "--set", "input.preprocess=imagenet")
    assert found.code == 2 and "imagenet are of 3 channels (RGB), and the image has 1. Write preprocess" in found.err


def test_sixteen_bits_are_kept_where_the_spec_says_so(tmp_path: Path) -> None:
    """Of 16 bits the upper 8 are read, or all by `deep_range`; arrays with fractions need it."""
    from archspec.datasets import ImageForm

    deep = np.arange(24 * 32, dtype=np.uint16).reshape(SIZE) * 85
    for name, pixels in (("png", deep), ("npy", deep[..., None]), ("float", deep.astype(np.float32) / 65535)):
        root = tmp_path / name
        (root / "images" / "val").mkdir(parents=True)
        save(root / "labels" / "val" / "x.png", label(0))
        (root / "classes.txt").write_text("ground\nthing\n")
        if name == "png":
            save(root / "images" / "val" / "x.png", pixels)
        else:
            np.save(root / "images" / "val" / "x.npy", pixels)
        data = open_dataset(f"folder:{root}")
        (example,) = data.examples("val")
        end = 1.0 if name == "float" else 65535.0
        exact = data.in_form(ImageForm(1, (0.0, end))).read_image(example)
        assert exact.dtype == np.float32 and np.allclose(exact[..., 0], deep / 257, atol=1e-4)
        if name == "float":
            found = run("data", "check", f"folder:{root}")
            assert found.code == 2 and "has 32-bit float numbers, whose black and white are not known" in found.err
        else:
            assert np.array_equal(data.in_form(ImageForm(1)).read_image(example)[..., 0], deep >> 8)


@pytest.mark.parametrize("channels", [1, 4, 6])
def test_shards_hold_the_same_images(tmp_path: Path, channels: int) -> None:
    from archspec.datasets import ImageForm

    data = tree(tmp_path / "data", channels)
    assert run("data", "pack", f"folder:{data}", "--output", str(tmp_path / "packed"), "--shards", "1").code == 0
    packed = open_dataset(f"tfrecord:{tmp_path / 'packed'}").in_form(ImageForm(channels))
    assert channels in packed.channels
    for example in packed.examples("train"):
        assert np.array_equal(packed.read_image(example), planes(int(example.name), channels))


def test_pages_of_a_tiff_are_channels(tmp_path: Path) -> None:
    from archspec.datasets import ImageForm, read_stack, stack_channels

    pages = [Image.fromarray(planes(number, 1)[..., 0]) for number in range(5)]
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    assert stack_channels([tmp_path / "x.tif"]) == (5,)
    found = read_stack([tmp_path / "x.tif"], ImageForm(5))
    assert np.array_equal(found, np.concatenate([planes(number, 1) for number in range(5)], -1))


def test_threads_that_ask_at_once_read_images_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an RGBA picture can be read as RGB is only known once one was read."""
    data = open_dataset(f"folder:{tree(tmp_path, 4)}")
    read = type(data).read_image

    def slowly(*given: Any) -> Any:
        time.sleep(0.05)
        return read(*given)

    def form(number: int) -> int:
        time.sleep(0.02 * number)
        return data.form.channels

    monkeypatch.setattr(type(data), "read_image", slowly)
    assert data.channels == (4, 3)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(form, range(4))) == {4}
