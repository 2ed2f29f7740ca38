"""`archspec weights`: what it prints and writes, and how it fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.network import import_weights
from archspec.weights import formats
from tests.cli.runner import run
from tests.weights import pytorch_shufflenet as pytorch
from tests.weights.networks import graph_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    state = pytorch.as_keras(pytorch.random_state(pytorch.TORCHVISION))
    np.savez(tmp_path / "nanodet.npz", **state)
    return tmp_path / "nanodet.npz"


def test_import_lists_and_writes(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "out.npz"
    found = run("weights", "import", str(file), "--as", "nanodet_npz", "--output", str(out))
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert any(line.split()[:4] == ["loaded", "backbone.stage2", "70", "7,608"] for line in lines)
    assert any(line.startswith("fresh") and "not in the file, which holds the backbone" in line for line in lines)
    assert any(line.startswith("network: shufflenetv2_basic --set width_multiplier=0.5") for line in lines)
    assert any(line.startswith("loaded 275 of 292 arrays") for line in lines)
    assert any(line.startswith(f"skipped 0 tensors of the file; written to {out}") for line in lines)
    settings = ("width_multiplier=0.5", "backbone.padding=symmetric", "backbone.layout=torchvision",
                "backbone.activation=leaky_relu", "input.preprocess=imagenet")  # fmt: skip
    again = import_weights(out, "archspec_npz", graph_of("shufflenetv2_dpc", *settings))
    assert len(again.arrays) == 275


def test_import_into_a_spec_of_ones_own(tmp_path: Path, file: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "extends: shufflenetv2_basic\nclasses: 5\nwidth_multiplier: 0.5\ninput: {preprocess: imagenet}\n"
        "backbone: {shufflenet_v2: {padding: symmetric, activation: leaky_relu, layout: torchvision}}\n"
    )
    arguments = ("weights", "import", str(file), str(tmp_path / "mine.yaml"), "--as", "nanodet_npz")
    found = run(*arguments, "--output", str(tmp_path / "o.npz"), "--only", "backbone.stem", "--every")
    assert found.code == 0, found.err
    rows = [line.split() for line in found.out.splitlines()]
    assert ["loaded", "backbone.stem.conv/kernel", "1", "648", "conv1.0.weight"] in rows
    assert ["skipped", "stage2.0.branch2.0.weight"] in [row[:2] for row in rows]
    failed = run(*arguments, "--output", str(tmp_path / "p.npz"), "--set", "backbone.activation=relu")
    assert failed.code == 2
    assert "by activation" in failed.err
    assert "Traceback" not in failed.err
    assert not (tmp_path / "p.npz").exists()


def test_show(tmp_path: Path, file: Path) -> None:
    found = run("weights", "show", str(file), "--as", "nanodet_npz", "--format", "csv")
    assert "conv1.0.weight,3 x 3 x 3 x 24,float32" in found.out
    listed = run("weights", "show").out
    assert all(name in listed for name in formats())
    assert run("weights", "show", str(tmp_path / "none.npz")).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("weights", "import", "x.npz", "--output", "y.npz"), "x.npz: no such file"),
        (("weights", "import", "model.ckpt", "--output", "y.npz"), "model.ckpt: no such file. Name its format"),
        (("weights", "import", "x.npz", "--as", "nandet", "--output", "y"), "Did you mean 'nanodet_npz'?"),
        (("weights", "import", "x.npz", "--as", "nanodet_npz", "--output", "y"), "x.npz: no such file"),
        (("weights", "import", "x.npz", "no_spec", "--as", "nanodet_npz", "--output", "y"), "no such spec file"),
    ],
)
def test_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(*arguments)
    assert found.code == 2
    assert said in found.err
