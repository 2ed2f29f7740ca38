"""What can be known before TensorFlow loads is said before: each refusal in a process that never imports it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.runner import environment

NETWORK = """
name: micro
input: {size: [32, 32]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 4, stride: 2}
- conv_bn: {filters: 4, stride: 2}
- conv_bn: {filters: 8, stride: 2}
decoder: bilinear
"""
RECIPE = """
augmentation: {crop: [32, 32]}
batch_size: 1
steps: 1
optimizer: adam
learning_rate: 0.01
"""
TRAIN = "train micro.yaml --recipe recipe.yaml --data folder:data --output runs"
EXPLAIN = "explain micro.yaml data/images/val/0.png"
REFUSALS = {
    f"{TRAIN} --set-recipe optimizer=adm": "unknown optimizer 'adm'. Did you mean 'adam'?",
    f'{TRAIN} --set-recipe optimizer={{"sgd":{{"momentm":0.9}}}}': "Did you mean 'momentum'?",
    f'{TRAIN} --set-recipe optimizer={{"sgd":{{"momentum":"fast"}}}}': "optimizer.sgd.momentum: ",
    f'{TRAIN} --set-recipe optimizer={{"sgd":{{"nesterov":3}}}}': "optimizer.sgd.nesterov: ",
    f"{TRAIN} --set-recipe loss=dicee": "Did you mean 'dice'?",
    f"{TRAIN} --set-recipe schedule=polly": "Did you mean 'poly'?",
    f"{TRAIN} --set-recipe freeze=backbon": "Did you mean 'backbone'?",
    f"{TRAIN} --set-recipe class_weights=[1,2]": "class_weights has 2 numbers, and folder has 3 classes",
    f"{TRAIN} --set-recipe split=trian": "Did you mean 'train'?",
    f"{TRAIN} --set-recipe validation.split=vall": "Did you mean 'val'?",
    f"{TRAIN} --set-recipe augmentation.focus_share=0.5 --set-recipe augmentation.focus_classes=[carr]": "'car'",
    f"{TRAIN} --weights missing.npz": "missing.npz: no such file",
    f"{TRAIN} --weights missing.keras": "missing.keras: no such file",
    f"{TRAIN} --weights text.npz": "text.npz: cannot be read as weights",
    f"{TRAIN} --weights text.pth": "text.pth: cannot be read as weights",
    f"{TRAIN} --weights text.npz --as nonsense": "unknown format 'nonsense'",
    f"{TRAIN} --weights text.h5 --as keras_applications": "no such network of keras.applications",
    f"{TRAIN} --weights none/model.ckpt --as tf1_checkpoint": "no such checkpoint",
    f"{TRAIN} --output /proc/x": "/proc/x",
    "train micro.yaml --recipe recipe.yaml --data folder:nowhere": "nowhere: no such folder",
    "train micro.yaml --recipe recip --data folder:data": "no such recipe file",
    "train --resume data": "no run.json here",
    "weights import text.npz micro.yaml --as tf1_checkpoint --output o.npz": "text.npz",
    "weights import missing.ckpt micro.yaml --as tf1_checkpoint --output o.npz": "missing.ckpt: no such checkpoint",
    "weights import text.npz micro.yaml --as keras_applications --output o.npz": "no such network",
    "weights import mobilenet_v2.h5 micro.yaml --as keras_applications --output o.npz": "no such file",
    "weights import text.npz micro.yaml --as nope --output o.npz": "unknown format 'nope'",
    "weights show text.keras": "text.keras: cannot be read as weights",
    f"{EXPLAIN} --classes raod --data folder:data": "the network has no class 'raod'. Did you mean 'road'?",
    f"{EXPLAIN} --classes 7": "the network has no class '7'",
    f"{EXPLAIN} --labels classes2.txt": "2 classes, and the network has 3",
    f"{EXPLAIN} --labels missing.txt": "missing.txt",
    f"{EXPLAIN} --layer bakbone.1.conv": "the network has no layer 'bakbone.1.conv'",
    f"{EXPLAIN} --method gradcm": "Did you mean 'gradcam'?",
    f"{EXPLAIN} --set weights=missing.npz": "missing.npz: no such file",
    "explain none data/images/val/0.png": "none: no such spec file",
    "explain text.keras data/images/val/0.png": "text.keras: cannot be loaded as a Keras model",
    "explain text.keras data/images/val/0.png --classes raod --data folder:data": "text.keras",
    "evaluate text.keras --data folder:data": "text.keras: cannot be loaded as a Keras model",
    "evaluate missing.keras --data folder:data": "missing.keras",
    "evaluate micro.yaml --data folder:data --set weights=missing.npz": "missing.npz: no such file",
    "evaluate micro.yaml --data folder:data --set weights=text.npz --split vall": "Did you mean 'val'?",
    "predict text.keras data/images/val/0.png --output p": "text.keras: cannot be loaded as a Keras model",
    "build micro.yaml --set weights=missing.npz --output b": "missing.npz: no such file",
    "build micro.yaml --via tensorflow --set weights=missing.npz --output b": "missing.npz: no such file",
    "build micro.yaml --labels missing.txt --output b": "missing.txt",
    "export micro.yaml --set weights=missing.npz --output e": "missing.npz: no such file",
    "export none --output e": "none: no such spec file",
}
RUN = """
import contextlib, io, json, sys
from archspec.cli import main

found = []
for command in json.loads(sys.argv[1]):
    error = io.StringIO()
    code = 0
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(command.split())
        except SystemExit as end:
            code = end.code
    heavy = [name for name in ("tensorflow", "keras") if name in sys.modules]
    found.append([code, error.getvalue(), heavy])
    if heavy:
        break
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("refusals")
    generator = np.random.default_rng(0)
    for split in ("train", "val"):
        for kind, shape, top in (("images", (32, 32, 3), 256), ("labels", (32, 32), 3)):
            (made / "data" / kind / split).mkdir(parents=True)
            array = generator.integers(0, top, shape).astype(np.uint8)
            Image.fromarray(array).save(made / "data" / kind / split / "0.png")
    (made / "data" / "classes.txt").write_text("road\ncar\nsky\n")
    (made / "classes2.txt").write_text("road\ncar\n")
    (made / "micro.yaml").write_text(NETWORK)
    (made / "recipe.yaml").write_text(RECIPE)
    for name in ("text.npz", "text.pth", "text.h5", "text.keras"):
        (made / name).write_text("text")
    return made


def test_refusals_come_before_tensorflow(folder: Path) -> None:
    """All in one process: nothing that one of them imports makes the next one slow."""
    command = [sys.executable, "-c", RUN, json.dumps(list(REFUSALS))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for (line, said), (code, error, heavy) in zip(REFUSALS.items(), found, strict=False):
        assert (code, heavy) == (2, []), f"{line}: {error}"
        assert said in error, f"{line}: {error}"
    assert len(found) == len(REFUSALS)
    assert not (folder / "runs").exists()
