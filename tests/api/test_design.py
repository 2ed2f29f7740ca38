"""The block of code that the design of the Python API is written in, as it stands.

What it names is planted: data in CamVid's layout in `DIR`, a recipe `camvid_cpu` of two steps, a study `street.yaml`.
"""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import archspec
from tests.api.documents import run_cells

BLOCK = """
import archspec

net = archspec.load("shufflenetv2_dpc", {"width_multiplier": 0.5, "input.size": [360, 480]})
net.cost                                   # parameters, GFLOPs, memory, bytes; net.cost.to_frame()
model = net.to_keras()                     # a plain keras.Model that ends in logits
net.to_tflite("net.tflite", precision="int8", representative=images)
archspec.latency([net, other])             # in turns on one device; archspec.profile(net); archspec.predict_latency(net)
run = archspec.train(net, "camvid_cpu", data="camvid:DIR"); run.network; run.history
net = archspec.from_keras(my_model)        # anybody's model: priced, exported, timed, searched over
front = archspec.search("street.yaml", trials=40).front      # list of Network
table = archspec.ablate({"base": "shufflenetv2_dpc", "variants": {...}, "metrics": [...]}).to_frame()
"""  # noqa: E501
GAPS = {"{...}": '{"basic": {"head": "basic"}}', "[...]": '["params", "gflops"]'}  # what the block leaves open
RECIPE = """
augmentation: {crop: [96, 128]}
batch_size: 2
steps: 2
optimizer: adam
learning_rate: 0.001
validation: {images: 1}
"""
STUDY = """
spec: shufflenetv2_basic
set: ["input.size=[64,64]"]
choices: {width_multiplier: {choose: [0.5, 1.0, 1.5]}, output_stride: {choose: [8, 16, 32]}}
objectives: {params: minimize, peak_memory_mb: minimize}
"""


def plant(folder: Path) -> None:
    generator = np.random.default_rng(0)
    for split in ("train", "val"):
        for kind, shape, most in ((split, (360, 480, 3), 256), (f"{split}annot", (360, 480), 12)):
            (folder / "DIR" / kind).mkdir(parents=True)
            for number in range(2):
                pixels = generator.integers(0, most, shape).astype(np.uint8)
                Image.fromarray(pixels).save(folder / "DIR" / kind / f"{number}.png")
    (folder / "camvid_cpu").write_text(RECIPE)
    (folder / "street.yaml").write_text(STUDY)


@pytest.mark.slow
def test_the_block_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path)
    text = BLOCK
    for gap, value in GAPS.items():
        text = text.replace(gap, value)
    images = np.random.default_rng(1).integers(0, 256, (2, 360, 480, 3), dtype=np.uint8)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = keras.Input((32, 32, 3))
    found = {
        "images": images,
        "other": archspec.load("shufflenetv2_basic", {"input.size": [64, 64]}),
        "my_model": keras.Model(image, keras.layers.Conv2D(4, 3, name="mine")(image)),
    }
    run_cells([text], "design", found)
    assert isinstance(found["model"], keras.Model)
    assert found["model"].output_shape[-1] == 19
    exported = archspec.load("shufflenetv2_dpc", {"width_multiplier": 0.5, "input.size": [360, 480]})
    assert (tmp_path / "net.tflite").stat().st_size < exported.cost.tflite_bytes["float32"] / 2
    assert (found["net"].cost.params, found["net"].graph.has("backbone.mine")) == (112, True)
    assert found["run"].network.expanded.classes == 11
    assert list(found["run"].history.to_frame()["step"]) == [2]
    assert all(isinstance(one, archspec.Network) for one in found["front"])
    assert isinstance(found["table"], pd.DataFrame)
    assert list(found["table"]["row"]) == ["shufflenetv2_dpc", "basic"]
