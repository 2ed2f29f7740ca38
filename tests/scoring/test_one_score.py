"""One network has one score: of a training's validation, of `archspec evaluate`, and of the exported file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.catalog import Catalog
from archspec.datasets import Dataset, open_dataset
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, load, override
from archspec.train import Order, Training
from archspec.train._recipe import Validation
from archspec.train._validation import Validator
from archspec.weights import save_weights
from archspec.weights.archspec_npz import read
from tests.cli.runner import run
from tests.scoring.segmenters import write_run, write_tflite
from tests.train.tiny import recipe, spec

SIZE = (40, 56)  # the network's own input is 24 x 32
CLASSES = 11


def write_data(folder: Path, sizes: list[tuple[int, int]], classes: int = CLASSES) -> Path:
    """Images of noise on blocks, and labels of blocks: training and validation images of these sizes."""
    generator = np.random.default_rng(0)
    for split in ("train", "val"):
        for number, size in enumerate(sizes):
            label = generator.integers(0, classes, (-(-size[0] // 8), -(-size[1] // 8)))
            label = label.repeat(8, 0).repeat(8, 1)[: size[0], : size[1]]
            image = np.stack([label * 20, 255 - label * 20, label * 0 + 60], -1) + generator.integers(
                -9, 10, (*size, 3)
            )
            for kind, array in (("images", image.clip(0, 255)), ("labels", label)):
                (folder / kind / split).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array.astype(np.uint8)).save(folder / kind / split / f"{number}.png")
    (folder / "classes.txt").write_text("".join(f"class{number}\n" for number in range(classes)))
    return folder


def evaluated(data: Path, *arguments: object) -> float:
    found = run("evaluate", *map(str, arguments), "--data", f"folder:{data}", "--format", "json")
    assert found.code == 0, found.err
    return float(found.json()["miou"])


def validated(folder: Path, data: Dataset) -> float:
    """As training does it."""
    found = load(str(folder / "spec.yaml"), catalog=Catalog())
    return Validator(found, data, Validation()).score(read(str(folder / "weights.npz"))).miou


DECODERS = ["decoder=none", "decoder=bilinear", "decoder={bilinear: {align_corners: false}}"]


@pytest.mark.parametrize("decoder", DECODERS)
def test_validation_evaluation_and_exported_files_agree(decoder: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", [SIZE] * 3)
    folder = write_run(tmp_path / "run", 0, decoder)
    miou = validated(folder, open_dataset(f"folder:{data}"))
    assert 0 < miou < 1
    assert evaluated(data, folder) == pytest.approx(miou, abs=1e-9)
    old = evaluated(data, folder, "--resized", "probabilities", "--no-align-corners")
    assert (old == pytest.approx(miou, abs=1e-9)) == (decoder != "decoder=none")  # the others resize all by themselves
    at_size = "input.size=[40,56]"
    for number, output in enumerate(("output=logits", "output=argmax")):
        file = write_tflite(tmp_path / f"{number}.tflite", 0, "float32", decoder, output, at_size)
        assert evaluated(data, file) == pytest.approx(miou, abs=1e-6)
        small = write_tflite(tmp_path / f"small{number}.tflite", 0, "float32", decoder, output)
        shown_small = evaluated(data, folder, "--size", "24,32")
        assert evaluated(data, small) == pytest.approx(shown_small, abs=1e-6)
        assert shown_small != pytest.approx(miou, abs=1e-3)


def test_images_of_many_sizes_are_padded_alike(tmp_path: Path) -> None:
    """Five sizes: sides go up to the next multiple of 128, of `--fit whole` each image is predicted at its own."""
    sizes = [(40, 56), (24, 32), (56, 40), (30, 33), (130, 50)]
    data = write_data(tmp_path / "data", sizes)
    folder = write_run(tmp_path / "run", 0)
    miou = validated(folder, open_dataset(f"folder:{data}"))
    assert evaluated(data, folder) == pytest.approx(miou, abs=1e-9)
    assert evaluated(data, folder, "--fit", "whole") != pytest.approx(miou, abs=1e-4)


def test_a_run_has_the_score_of_its_training(tmp_path: Path) -> None:
    """Scores are taken at a stride of 8: what the training writes down, and what `evaluate` finds."""
    data = write_data(tmp_path / "data", [SIZE] * 2, 3)
    started = spec("decoder=none")
    graph = trace(expand(started), Catalog())
    save_weights(tmp_path / "start.npz", initialise(graph, 0, "random"), graph)
    order = Order(
        override(started, {"weights": str(tmp_path / "start.npz")}),
        recipe("", "test", "steps=2", "learning_rate=1e-6"),
        {f"folder:{data}": open_dataset(f"folder:{data}")},
    )
    outcome = Training(order, tmp_path / "runs").train()
    miou = outcome.about["metrics"]["val_miou"]
    assert evaluated(data, outcome.run.folder) == pytest.approx(miou, abs=1e-9)
    done = run("export", str(outcome.run.folder), "--set", "input.size=[40,56]", "--output", str(tmp_path / "out"))
    assert done.code == 0, done.err
    (file,) = (tmp_path / "out").rglob("*.tflite")
    assert evaluated(data, file) == pytest.approx(miou, abs=1e-6)
