"""`archspec explain`: what it prints and draws, and how it fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archspec.explain.grid import CELL, GAP
from tests.cli.runner import run, run_process
from tests.explain.networks import LAST, SIZE, picture, weights, write_run

NAMES = ["sky", "road", "tree", "car"]


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.fromarray(picture((66, 80)).image).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture_file:
        assert np.ptp(np.asarray(picture_file)) > 200
        return picture_file.size


def test_picture_and_numbers_of_a_run(tmp_path: Path, trained: Path, image: Path) -> None:
    (trained / "run.json").write_text(json.dumps({"state": "finished", "classes": NAMES}))
    grid = tmp_path / "grid.png"
    arguments = ("explain", str(trained), str(image), "--classes", "sky,1,car", "--output", str(grid))
    found = run(*arguments, "--format", "json").json()
    assert size_of(grid)[0] == GAP + 5 * (CELL + GAP)
    assert {key: found[key] for key in ("network", "method", "layer", "region", "input_size", "notes")} == {
        "network": "tiny", "method": "gradcam++", "layer": LAST, "region": None, "input_size": list(SIZE), "notes": [],
    }  # fmt: skip
    assert found["weights"] == f"17 of 17 arrays from {trained}/weights.npz (archspec_npz)"
    assert found["score"] == "mean of the class's logits over the pixels predicted as it"
    (one,) = found["images"]
    assert (one["name"], one["size"]) == ("photo.png", [66, 80])
    assert [(entry["class"], entry["number"]) for entry in one["classes"]] == [("sky", 0), ("road", 1), ("car", 3)]
    for entry in one["classes"]:
        assert entry["labelled"] is None
        assert entry["predicted"]["area_share"] == entry["predicted"]["pixels"] / (33 * 40)
    table = run(*arguments).out
    assert f"gradcam++ at {LAST}; score: mean of the class's logits over the pixels predicted as it" in table
    assert table.splitlines()[2].split()[:2] == ["photo.png", "sky"]
    rows = run(*arguments, "--format", "csv").out.splitlines()
    assert rows[0] == (
        "image,class,score,predicted (% of image),in predicted (% of map),peak in predicted,"
        "labelled (% of image),in labelled (% of map),peak in labelled,note"
    )
    assert rows[1].startswith(f"photo.png,sky,{one['classes'][0]['score']!r},")
    assert "labelled" not in table  # a person is spared what is empty


def test_labels_of_a_data_set(tmp_path: Path) -> None:
    """Generated scenes, a network of their nine classes, the classes that it predicts most, and means over images."""
    spec = ("explain", "shufflenetv2_basic", "--set", "width_multiplier=0.5", "--set", "input.size=[48,64]",
            "--set", "classes=9", "--data", "synthetic_streets", "--count", "2")  # fmt: skip
    grid = tmp_path / "grid.png"
    found = run(*spec, "--method", "layercam", "--output", str(grid), "--format", "json", "--score", "map").json()
    assert found["weights"] == "freshly initialised, seed 0"
    assert len(found["images"]) == 2
    chosen = len(found["classes"])
    assert 1 <= chosen <= 5
    assert size_of(grid)[0] == GAP + (3 + chosen) * (CELL + GAP)
    for index, mean in enumerate(found["classes"]):
        entries = [one["classes"][index] for one in found["images"]]
        assert mean["images_with_a_map"] == sum(entry["note"] == "" for entry in entries)
        for where in ("predicted", "labelled"):
            shares = [entry[where]["attribution_share"] for entry in entries if entry[where]]
            shares = [share for share in shares if share is not None]
            if shares:
                assert mean[where]["attribution_share"] == pytest.approx(np.mean(shares))
                assert mean[where]["images"] == len(shares)
            else:
                assert mean[where] is None


def test_a_class_that_is_predicted_nowhere_is_said(tmp_path: Path, trained: Path, image: Path) -> None:
    arrays = dict(np.load(trained / "weights.npz"))
    arrays["classifier.logits/bias"] = weights()["classifier.logits/bias"] + np.array([0, 0, 0, -1e4], np.float32)
    np.savez(trained / "weights.npz", **arrays)
    arguments = ("explain", str(trained), str(image), "--classes", "0,3", "--output", str(tmp_path / "g.png"))
    found = run(*arguments, "--format", "json").json()
    last = found["images"][0]["classes"][1]
    nowhere = {"pixels": 0, "area_share": 0.0, "attribution_share": None, "hit": None}
    assert (last["note"], last["score"], last["predicted"]) == ("not predicted", None, nowhere)
    assert found["notes"] == ["no map in any image: 3"]
    assert found["classes"][1]["predicted"] is None
    table = run(*arguments)
    assert table.code == 0
    assert "no map in any image: 3" in table.out
    assert run(*arguments, "--classes", "3", "--score", "map", "--format", "json").json()["notes"] == []


def test_region_and_names_from_a_file(tmp_path: Path, trained: Path, image: Path) -> None:
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    named = ("explain", str(trained), str(image), "--labels", str(tmp_path / "names.txt"), "--method", "saliency")
    arguments = (*named, "--region", "40,0,80,66", "--output", str(tmp_path / "g.png"), "--format", "json")
    found = run(*arguments).json()
    assert (found["layer"], found["region"]) == (None, [40, 0, 80, 66])
    assert found["score"].endswith("over the pixels predicted as it, of the region 40,0,80,66")
    assert {entry["class"] for entry in found["images"][0]["classes"]} <= set(NAMES)


def test_two_runs_of_the_command_are_equal_to_the_byte(tmp_path: Path, trained: Path, image: Path) -> None:
    first, second = tmp_path / "1.png", tmp_path / "2.png"
    for grid in (first, second):
        assert run("explain", str(trained), str(image), "--method", "smoothgrad", "--output", str(grid)).code == 0
    assert first.read_bytes() == second.read_bytes()


def test_nothing_of_tensorflow_is_heard(
    tmp_path: Path, trained: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, where TensorFlow starts from nothing."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    arguments = ("explain", str(trained), str(image), "--format", "json", "--output", "g.png", "--method", "scorecam")
    result = run_process(*arguments, cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["method"] == "scorecam"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to look at. Name images, or a data set with --data NAME"),
        (("nix.png",), "nix.png: no such file"),
        (("{image}", "--method", "cam"), "--method: unknown method 'cam'. Did you mean"),
        (("{image}", "--method", "saliency", "--layer", "x"), "saliency is of the image, not of a layer's map"),
        (("{image}", "--region", "0,0,81,5"), "photo.png: the region 0,0,81,5 reaches out of the image (80 x 66)"),
        (("{image}", "--layer", "backbone.2_conv_bn"), f"Did you mean '{LAST}'?"),
        (("{image}", "--classes", "0,rod,9"), "--classes: the network has no class 'rod'"),
        (("{image}", "--classes", "0,rod,9"), "--classes: the network has no class '9'"),
        (("{image}", "--classes", ","), "--classes: names no class. Such as road,car"),
        (("--data", "synthetic_streets"), "synthetic_streets: 9 classes, and the network has 4"),
        (("--data", "camvid:none"), "none: no such folder"),
        (("{image}", "--labels", "{image}"), "photo.png: not UTF-8 text. Name a text file with one class a line"),
        (("{image}", "--output", "{image}/x.png"), "cannot be written"),
        (("{image}", "--method", "scorecam", "--channels", "13"), "has 12 channels, fewer than 13"),
    ],
)
def test_what_is_refused(trained: Path, image: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("explain", str(trained), *(word.format(image=image) for word in arguments))
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_run_is_asked_about_its_own_classes(trained: Path) -> None:
    (trained / "run.json").write_text(json.dumps({"state": "failed", "classes": NAMES}))
    result = run("explain", str(trained), "--data", "synthetic_streets")
    assert "synthetic_streets: other classes than the run was trained on (sky, road, tree, car)" in result.err
    (trained / "weights.npz").unlink()
    result = run("explain", str(trained), "--data", "synthetic_streets")
    assert "no folder of a finished training run (no weights.npz; the run is failed)" in result.err
    (trained / "run.json").write_text("{")
    assert "run.json: not the run.json of a training" in run("explain", str(trained), "--data", "synthetic_streets").err


def test_missing_library(monkeypatch: pytest.MonkeyPatch, trained: Path, image: Path) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "tf_keras_vis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tf_keras_vis", None)
    result = run("explain", str(trained), str(image))
    assert (result.code, result.out) == (2, "")
    assert "explanations need tf-keras-vis" in result.err
    assert "pip install 'tf-keras-vis>=0.8.7,<0.9' 'scipy<2'" in result.err


def test_camvid(data_folder: Path, tmp_path: Path) -> None:
    """Real images: labels and pictures belong together, and more is in the picture than noise."""
    grid, spec = tmp_path / "g.png", "shufflenetv2_basic"
    settings = ("width_multiplier=0.5", "classes=11", "input.size=[120,160]")
    arguments: list[Any] = ["explain", spec, "--data", f"camvid:{data_folder}/camvid", "--count", "1", "--output", grid]
    arguments += [word for setting in settings for word in ("--set", setting)]
    found = run(*map(str, arguments), "--classes", "road", "--score", "map", "--format", "json").json()
    (entry,) = found["images"][0]["classes"]
    assert 0.2 < entry["labelled"]["area_share"] < 0.5
    assert size_of(grid)[0] == GAP + 4 * (CELL + GAP)
