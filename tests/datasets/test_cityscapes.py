"""Cityscapes by its organisers' conventions, written down here again from their documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import open_dataset
from archspec.datasets.cityscapes import Cityscapes
from archspec.errors import UserError
from tests.datasets.pictures import load, photo, save
from tests.datasets.trees import tree

# label number of each trained class, in the order of their trainIds
NUMBERS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
NAMES = ["road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
         "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"]  # fmt: skip


def cityscapes(root: Path) -> Cityscapes:
    found = open_dataset(f"cityscapes:{root}")
    assert isinstance(found, Cityscapes)
    return found


def test_label_numbers_become_train_ids(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    file = root / "gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png"
    save(file, np.arange(34, dtype=np.uint8)[None].repeat(10, 0))
    save(root / "leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png", photo(0, (10, 34)))
    dataset = cityscapes(root)
    example = dataset.examples("train")[0]
    expected = np.full(34, 255)
    expected[NUMBERS] = range(19)
    assert np.array_equal(dataset.read_label(example)[0], expected)
    assert np.array_equal(dataset.read_label_numbers(example)[0], np.arange(34))
    assert list(dataset.classes.names) == NAMES
    assert dataset.classes.colours[0] == (128, 64, 128) and dataset.classes.colours[18] == (119, 11, 32)


def test_the_whole_table_of_labels() -> None:
    """Rows of cityscapesScripts' table that no trained class shows."""
    from archspec.datasets.cityscapes import LABELS

    assert [label.number for label in LABELS] == [*range(34), -1]
    assert {label.category for label in LABELS} == {
        "void", "flat", "construction", "object", "nature", "sky", "human", "vehicle"
    }  # fmt: skip
    assert [label.number for label in LABELS if label.has_instances] == [24, 25, 26, 27, 28, 29, 30, 31, 32, 33]
    by_name = {label.name: label for label in LABELS}
    assert by_name["caravan"].colour == (0, 0, 90) and by_name["caravan"].train == 255
    assert by_name["rail track"].category == "flat" and by_name["polegroup"].category == "object"


def test_names_are_city_sequence_and_frame(tmp_path: Path) -> None:
    dataset = cityscapes(tree("cityscapes", tmp_path))
    names = ["aachen_000000_000019", "bremen_000001_000019", "bremen_000002_000019"]
    assert [example.name for example in dataset.examples("train")] == names
    assert dataset.splits == ("train", "val", "train_extra")


def test_coarse_labels_and_the_black_image(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    for name in ("troisdorf_000000_000073", "troisdorf_000000_000074"):
        save(root / f"gtCoarse/train_extra/troisdorf/{name}_gtCoarse_labelIds.png", np.full((4, 6), 7, np.uint8))
    save(root / "leftImg8bit/train_extra/troisdorf/troisdorf_000000_000074_leftImg8bit.png", photo(1, (4, 6)))
    (root / "leftImg8bit/train").rename(root / "leftImg8bit/elsewhere")
    dataset = cityscapes(root)
    assert dataset.splits == ("val", "train_extra")
    found = dataset.examples("train_extra")
    assert found[-1].name == "troisdorf_000000_000074"
    assert found[0].label is not None and found[0].label.name == "aachen_000000_000019_gtCoarse_labelIds.png"
    assert np.array_equal(np.unique(dataset.read_label(found[-1])), [0])


def test_test_labels_are_not_public(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    save(root / "leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png", photo(1, (4, 6)))
    dataset = cityscapes(root)
    (example,) = dataset.examples("test")
    assert example.label is None
    with pytest.raises(UserError, match=f"{example.image}: no label"):
        dataset.read_label(example)


def test_instances(tmp_path: Path) -> None:
    dataset = cityscapes(tree("cityscapes", tmp_path))
    example = dataset.examples("train")[1]
    instances, numbers = dataset.read_instances(example), dataset.read_label_numbers(example)
    assert instances.dtype == np.int32
    assert np.array_equal(np.where(instances > 1000, instances // 1000, instances), numbers)
    assert instances.max() == 33002  # beyond int16
    assert example.label is not None
    file = example.label.with_name(f"{example.name}_gtFine_instanceIds.png")
    file.unlink()
    with pytest.raises(UserError, match=f"{file}: cannot be read"):
        dataset.read_instances(example)


def test_predictions_are_label_numbers_in_the_organisers_naming(tmp_path: Path) -> None:
    dataset = cityscapes(tree("cityscapes", tmp_path))
    example = dataset.examples("val")[0]
    assert dataset.prediction_path(example).name == "aachen_000000_000019_pred.png"
    dataset.encode_prediction(np.arange(19, dtype=np.uint8)[None]).save(tmp_path / "p.png")
    written = load(tmp_path / "p.png")
    assert written.dtype == np.uint8 and written[0].tolist() == NUMBERS


def test_a_label_number_beyond_the_table(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    file = root / "gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png"
    save(file, np.full((10, 20), 34, np.uint8))
    dataset = cityscapes(root)
    with pytest.raises(UserError, match=f"{file}: label value 34 that no class has. Known are 0 to 33"):
        dataset.read_label(dataset.examples("train")[0])
