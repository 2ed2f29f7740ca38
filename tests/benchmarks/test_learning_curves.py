"""The table of learning curves: a score in it is that of `archspec train`, and a table survives whatever stops it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from archspec.spec import parse
from archspec.train import Order, Training, parse_recipe, scaled

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SPACE = """
name: tiny
input: {size: [48, 64]}
classes: 11
output_stride: 8
backbone:
- conv_bn: {filters: {choose: [4, 6]}, stride: 2}
- conv_bn: {filters: 8, stride: 4}
head: {basic: {filters: {choose: [4, 8]}}}
decoder: bilinear
"""
RECIPE = """
augmentation: {crop: [16, 24], scale_from: 0.8, scale_to: 1.2, scale_step: 0}
batch_size: 2
steps: 24
optimizer: adamw
weight_decay: {decoupled: 0.02, on: kernels}
learning_rate: 0.05
warm_up: {steps: 1}
schedule: {trunk: {decay: 0.34}}
class_weights: {inverse_log: 1.1}
batch_norm: {momentum: 0.5}
"""


@pytest.fixture(autouse=True)
def _beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.fixture(scope="module")
def camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six images of stripes whose colours say their class, 32 x 48."""
    from PIL import Image

    root = tmp_path_factory.mktemp("camvid")
    generator = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        (root / split).mkdir()
        (root / f"{split}annot").mkdir()
        for number in range(count):
            label = np.repeat(np.arange(12, dtype=np.uint8), 4)[None].repeat(32, 0)
            image = np.stack([label * 20, 255 - label * 20, label * 0], -1) + generator.integers(0, 9, (32, 48, 3))
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(root / split / f"{number}.png")
            Image.fromarray(np.roll(label, 4 * number, 1)).save(root / f"{split}annot" / f"{number}.png")
    return root


def test_a_row_is_what_archspec_train_gives(camvid: Path, tmp_path: Path) -> None:
    """Every rung and seed, from one traced step, as from a training of its own."""
    from harness.learning_curve import LearningCurve

    from archspec.datasets import open_dataset
    from archspec.search.fidelity import Fidelity

    spec = parse(SPACE.replace("{choose: [4, 6]}", "6").replace("{choose: [4, 8]}", "8").replace("48, 64", "16, 24"))
    recipe = parse_recipe(RECIPE, "test")
    datasets = {"camvid": open_dataset(f"camvid:{camvid}")}
    found = LearningCurve(spec, recipe, datasets, Fidelity((6, 24), decay=0.34), (0, 5)).scores()
    assert list(found) == [(0, 0), (1, 0), (0, 5), (1, 5)]
    for (rung, seed), score in found.items():
        if seed == 5:
            order = Order(spec, scaled(recipe, (6, 24)[rung], 0.34), datasets, seed)
            assert Training(order, tmp_path).train().miou == pytest.approx(score, abs=1e-6)
    assert len(set(found.values())) == 4


def command(camvid: Path, folder: Path, networks: int) -> list[str]:
    (folder / "space.yaml").write_text(SPACE)
    (folder / "recipe.yaml").write_text(RECIPE)
    return [
        sys.executable, str(FOLDER / "learning_curves.py"), "--data", f"camvid:{camvid}", "--weights", str(folder),
        "--space", str(folder / "space.yaml"), "--recipe", str(folder / "recipe.yaml"), "--rungs", "6,24",
        "--decay", "0.34", "--table", str(folder / "table.csv"), "--images", str(folder / "images"),
        "--processes", "1", "--networks", str(networks), "--format", "json",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_killed_table_goes_on(camvid: Path, tmp_path: Path) -> None:
    """Killed after its first row and with half a row behind it, it ends as if it had not been."""
    process = subprocess.Popen(command(camvid, tmp_path, 4), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    first = next(line for line in process.stderr if "mIoU" in line)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert first.startswith("1/4")
    table = tmp_path / "table.csv"
    rows = table.read_text().splitlines()
    table.write_text("\n".join(rows) + "\n3,abc")
    done = subprocess.run(command(camvid, tmp_path, 4), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "goes on: 1 of 4 networks are there" in done.stderr
    lines = table.read_text().splitlines()
    assert lines[: len(rows)] == rows and len(lines) == 5
    genomes = [json.dumps(row["genome"]) for row in _rows(table)]
    assert len(set(genomes)) == 4
    assert [row["networks"] for row in json.loads(done.stdout)["rows"]] == [4, 4]


def _rows(file: Path) -> Iterator[dict[str, str]]:
    import csv

    with file.open() as stream:
        yield from csv.DictReader(stream)
