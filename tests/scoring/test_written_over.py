"""What belongs to somebody else is not written over: images, labels, the records of another command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.datasets import open_dataset
from archspec.errors import UserError
from archspec.scoring.images import OverlayFolder, PredictionFolder
from archspec.scoring.prediction import check_results
from tests.cli.runner import run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of one image."""
    folder = tmp_path / "data"
    for part, pixels in (("images", np.zeros((8, 8, 3), np.uint8)), ("labels", np.zeros((8, 8), np.uint8))):
        (folder / part / "val").mkdir(parents=True)
        Image.fromarray(pixels).save(folder / part / "val" / "a.png")
    (folder / "classes.txt").write_text("road\nsky\n")
    return folder


def test_predictions_do_not_take_the_place_of_labels_or_images(data: Path, tmp_path: Path) -> None:
    dataset = open_dataset(f"folder:{data}")
    (tmp_path / "link").symlink_to(data / "labels" / "val")
    for folder in (data / "labels" / "val", data / "images" / "val", tmp_path / "link"):
        with pytest.raises(UserError, match=r"a\.png: belongs to the data set, and would be written over"):
            PredictionFolder({"net": folder}, dataset).check("val")
        with pytest.raises(UserError, match="belongs to the data set"):
            OverlayFolder({"net": folder}, dataset, 1).check("val")
    PredictionFolder({"net": data / "predictions"}, dataset).check("val")
    OverlayFolder({"net": tmp_path / "out"}, dataset, 1).check("val")


def test_results_do_not_take_the_place_of_pictures(tmp_path: Path) -> None:
    pictures = [tmp_path / "a.png", tmp_path / "a_labels.png"]
    with pytest.raises(UserError, match=r"a_labels\.png: would be written over"):
        check_results(pictures, tmp_path)
    check_results(pictures, tmp_path / "out")


def test_scores_do_not_take_the_place_of_other_records(data: Path, tmp_path: Path) -> None:
    """Said before anything is opened: there is no such network."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "record.json").write_text("of a training")
    result = run("evaluate", "nowhere.tflite", "--data", f"folder:{data}", "--output", str(folder))
    assert result.code == 2
    assert "holds the record.json of something else" in result.err
    assert (folder / "record.json").read_text() == "of a training"
