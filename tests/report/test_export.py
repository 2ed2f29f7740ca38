"""`archspec export`: a folder that works where archspec is not, made whole or not at all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.runner import run

SIZE = ("--set", "input.size=[64,96]")


def exported(folder: Path, *more: str) -> Path:
    result = run("export", "camvid_shufflenetv2_05", *SIZE, "--output", str(folder), "--no-keras", *more)
    assert result.code == 0, result.err
    return folder


def test_the_folder_holds_what_is_needed(tmp_path: Path) -> None:
    folder = exported(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {"model.tflite", "spec.yaml", "record.json", "MODEL_CARD.md"}
    assert json.loads((folder / "record.json").read_text())["records"]
    card = (folder / "MODEL_CARD.md").read_text()
    assert "No score is known" in card
    assert "was not held against the Keras model" in card
    assert "seed 0" in card
    assert run("check", str(folder / "spec.yaml")).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


KINDS = {1: "grayscale image (1 channel)", 3: "RGB image", 4: "image of 4 channels", 6: "image of 6 channels"}


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_cards_own_lines_run(precision: str, channels: int, tmp_path: Path) -> None:
    from PIL import Image

    folder = exported(tmp_path / "out", "--precision", precision, "--set", f"input.channels={channels}")
    card = (folder / "MODEL_CARD.md").read_text()
    assert f"one 64 × 96 {KINDS[channels]} into 11 classes" in card
    lines = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, channels), dtype=np.uint8)
    image = tmp_path / ("photo.npy" if channels == 6 else "photo.png")
    if channels == 6:
        np.save(image, pixels)
    else:
        Image.fromarray(pixels.squeeze()).save(image)
    lines = lines.replace("IMAGE", str(image)).replace('"model.tflite"', repr(str(folder / "model.tflite")))
    names: dict[str, Any] = {}
    exec(lines, names)
    assert names["labels"].shape == (64, 96)
    assert 0 <= names["labels"].min() <= names["labels"].max() < 11
    np.testing.assert_array_equal(names["values"].ravel(), pixels.ravel())


def test_trained_weights_go_along_and_the_folder_works_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archspec.graph.trace import trace
    from archspec.graph.weights import initialise
    from archspec.spec import expand, load
    from archspec.weights import save_weights

    spec = load("camvid_shufflenetv2_05", ["input.size=[64,96]"])
    graph = trace(expand(spec), spec.catalog)
    trained = tmp_path / "machine" / "trained.npz"
    trained.parent.mkdir()
    save_weights(trained, initialise(graph, 7), graph)
    exported(tmp_path / "machine" / "out", "--set", f"weights={trained}")
    (tmp_path / "elsewhere").mkdir()
    folder = (tmp_path / "machine" / "out").rename(tmp_path / "elsewhere" / "got")
    trained.unlink()
    for name in ("spec.yaml", "record.json", "MODEL_CARD.md", "model.tflite"):
        assert str(tmp_path).encode() not in (folder / name).read_bytes(), name
    monkeypatch.chdir(folder)
    built = run("build", "spec.yaml", "--no-keras", "--latency", "none", "--output", str(tmp_path / "built"))
    assert built.code == 0, built.err
    (model,) = (tmp_path / "built").glob("*/model.tflite")
    np.testing.assert_array_equal(weights_in(model), weights_in(folder / "model.tflite"))


def weights_in(file: Path) -> Any:
    """Every constant of a file, one after the other."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file.read_bytes())
    used = dict.fromkeys(tensor.buffer for tensor in model.subgraphs[0].tensors)
    return np.concatenate([data for one in used if (data := model.buffers[one].data) is not None])


def test_what_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    folder = exported(tmp_path / "out")
    before = (folder / "model.tflite").read_bytes()
    refused = run("export", "camvid_shufflenetv2_05", *SIZE, "--output", str(folder), "--no-keras")
    assert refused.code == 2
    assert "--force" in refused.err
    exported(folder, "--force", "--precision", "float16")
    assert (folder / "model.tflite").read_bytes() != before


def forced(folder: Path) -> str:
    """What is said of a folder that is not replaced; refused before the network is even exported."""
    result = run("export", "camvid_shufflenetv2_05", *SIZE, "--output", str(folder), "--no-keras", "--force")
    assert result.code == 2, result.out
    assert len(result.err.splitlines()) == 1
    return result.err


def test_nothing_of_anybody_else_is_replaced(tmp_path: Path) -> None:
    """A folder with a thesis in it, a run of archspec, an export to which somebody has added or changed something."""
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.tex").write_text("words")
    assert "holds 'chapter.tex', which archspec export did not write" in forced(thesis)
    records = tmp_path / "run"
    records.mkdir()
    (records / "record.json").write_text('{"format": "archspec-records", "version": 1, "records": []}')
    assert "holds 'record.json'" in forced(records)
    folder = exported(tmp_path / "out")
    (folder / "notes").mkdir()
    assert "holds 'notes'" in forced(folder)
    (folder / "notes").rmdir()
    card = (folder / "MODEL_CARD.md").read_bytes()
    (folder / "MODEL_CARD.md").write_bytes(card + b"My own words.")
    assert "'MODEL_CARD.md' was changed" in forced(folder)
    (folder / "MODEL_CARD.md").write_bytes(card)
    record = (folder / "record.json").read_text()
    (folder / "record.json").write_text(record + " ")
    assert "holds 'MODEL_CARD.md'" in forced(folder)
    (folder / "record.json").write_text(record)
    exported(folder, "--force")
    assert (thesis / "chapter.tex").read_text() == "words"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run", "thesis"]


def test_a_link_or_a_file_is_not_replaced(tmp_path: Path) -> None:
    folder = exported(tmp_path / "out")
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").write_text("words")
    assert "a symbolic link" in forced(tmp_path / "link")
    assert "link to nothing" in forced(tmp_path / "dangling")
    assert "is a file" in forced(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "words"
    (tmp_path / "empty").mkdir()
    exported(tmp_path / "empty", "--force")
    assert len(list(tmp_path.iterdir())) == 5


def test_nothing_is_left_of_one_that_fails(tmp_path: Path) -> None:
    result = run("export", "camvid_shufflenetv2_05", "--set", "input.size=[1,1]", "--output", str(tmp_path / "o"),
                 "--no-keras", "--set", "weights=nowhere.npz")  # fmt: skip
    assert result.code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_brings_its_scores_and_labels(tmp_path: Path) -> None:
    recipe = tmp_path / "quick.yaml"
    recipe.write_text(
        "augmentation: {crop: [64, 96], scale_from: 0.5, scale_to: 1.0}\nbatch_size: 2\nsteps: 2\nlearning_rate: 0.01\n"
        "batch_norm: {momentum: 0.9}\nvalidation: {images: 2}\n"
    )
    trained = run("train", "camvid_shufflenetv2_05", *SIZE, "--recipe", str(recipe), "--data", "synthetic_streets",
                  "--output", str(tmp_path / "runs"))  # fmt: skip
    assert trained.code == 0, trained.err
    (folder,) = (tmp_path / "runs").glob("camvid*")
    result = run("export", str(folder), "--output", str(tmp_path / "out"))
    assert result.code == 0, result.err
    labels = (tmp_path / "out" / "labels.txt").read_text().split()
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert labels[0] == "sky"
    assert "synthetic_streets val" in card
    assert "logits differ from the Keras model's by" in card
    page = run("report", str(folder), "--output", str(tmp_path / "run.html"))
    assert page.code == 0, page.err
    assert "IoU by class" in (tmp_path / "run.html").read_text()
    compared = run("compare", str(folder), str(folder), "--format", "json")
    assert compared.code == 0, compared.err
