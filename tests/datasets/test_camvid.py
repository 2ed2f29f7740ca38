"""CamVid: SegNet's labels, and the original colours merged to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import open_dataset
from archspec.errors import UserError
from tests.datasets.pictures import photo, save
from tests.datasets.trees import tree

# CamVid's label_colors.txt, and the class (255: none) of each in the grouping published as SegNet's
COLOURS = """
64 128 64 Animal 9 | 192 0 128 Archway 1 | 0 128 192 Bicyclist 10 | 0 128 64 Bridge 1 | 128 0 0 Building 1
64 0 128 Car 8 | 64 0 192 CartLuggagePram 9 | 192 128 64 Child 9 | 192 192 128 Column_Pole 2 | 64 64 128 Fence 7
128 0 192 LaneMkgsDriv 3 | 192 0 64 LaneMkgsNonDriv 3 | 128 128 64 Misc_Text 6 | 192 0 192 MotorcycleScooter 10
128 64 64 OtherMoving 8 | 64 192 128 ParkingBlock 4 | 64 64 0 Pedestrian 9 | 128 64 128 Road 3
128 128 192 RoadShoulder 4 | 0 0 192 Sidewalk 4 | 192 128 128 SignSymbol 6 | 128 128 128 Sky 0
64 128 192 SUVPickupTruck 8 | 0 0 64 TrafficCone 2 | 0 64 64 TrafficLight 6 | 192 64 128 Train 8
128 128 0 Tree 5 | 192 128 192 Truck_Bus 8 | 64 0 64 Tunnel 1 | 192 192 0 VegetationMisc 5 | 0 0 0 Void 255
64 192 0 Wall 1
"""
ROWS = [row.split() for line in COLOURS.strip().splitlines() for row in line.split(" | ")]
PIXELS = np.array([[int(part) for part in row[:3]] for row in ROWS], np.uint8)[None]
EXPECTED = [int(row[4]) for row in ROWS]


def test_there_are_32_colours() -> None:
    from archspec.datasets.camvid import COLOURS as OURS

    assert len(ROWS) == len(OURS) == 32
    assert {row[3]: tuple(map(int, row[:3])) for row in ROWS} == {name: colour for name, (colour, _) in OURS.items()}


def test_void_is_ignored(tmp_path: Path) -> None:
    root = tree("camvid", tmp_path)
    save(root / "trainannot" / "0001TP_000000.png", np.arange(12, dtype=np.uint8)[None].repeat(12, 0))
    save(root / "train" / "0001TP_000000.png", photo(0, (12, 12)))
    dataset = open_dataset(f"camvid:{root}")
    assert dataset.read_label(dataset.examples("train")[0])[0].tolist() == [*range(11), 255]
    assert dataset.classes.names[:4] == ("sky", "building", "pole", "road") and len(dataset.classes) == 11


def test_colours_beside_a_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        save(tmp_path / split / "0006R0_f00930.png", photo(0, (1, 32)))
        save(tmp_path / f"{split}_labels" / "0006R0_f00930_L.png", PIXELS)
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert dataset.splits == ("train", "val")
    (example,) = dataset.examples("train")
    assert dataset.read_label(example)[0].tolist() == EXPECTED


def test_the_original_pictures_in_segnets_splits(tmp_path: Path) -> None:
    expected = {
        "train": ["0001TP_006690", "0001TP_008520", "0006R0_f03930", "0016E5_07920", "0016E5_08190"],
        "val": ["0016E5_07959", "0016E5_08159"],
        "test": ["0001TP_008550", "Seq05VD_f00000"],
    }
    for names in expected.values():
        for name in names:
            save(tmp_path / "701_StillsRaw_full" / f"{name}.png", photo(0, (1, 32)))
            save(tmp_path / "LabeledApproved_full" / f"{name}_L.png", PIXELS)
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert {split: [one.name for one in dataset.examples(split)] for split in dataset.splits} == expected
    assert dataset.read_label(dataset.examples("test")[0])[0].tolist() == EXPECTED


def test_the_rule_gives_segnets_own_splits(data_folder: Path) -> None:
    from archspec.datasets.camvid import _split_of

    for split, count in (("train", 367), ("val", 101)):
        stems = [path.stem for path in (data_folder / "camvid" / split).iterdir()]
        assert len(stems) == count and {_split_of(stem) for stem in stems} == {split}


def test_a_colour_that_camvid_does_not_have(tmp_path: Path) -> None:
    changed = PIXELS.copy()
    changed[0, 3] = (1, 2, 3)
    save(tmp_path / "train" / "a.png", photo(0, (1, 32)))
    file = save(tmp_path / "train_labels" / "a_L.png", changed)
    dataset = open_dataset(f"camvid:{tmp_path}")
    with pytest.raises(UserError) as caught:
        dataset.read_label(dataset.examples("train")[0])
    assert str(caught.value).startswith(f"{file}: label value (1, 2, 3) that no class has. CamVid has 32 colours")


def test_names_of_files_in_segnets_list_differ_in_both_ways(tmp_path: Path) -> None:
    save(tmp_path / "train" / "a.png", photo(0, (1, 32)))
    save(tmp_path / "train_labels" / "b_L.png", PIXELS)
    with pytest.raises(UserError) as caught:
        open_dataset(f"camvid:{tmp_path}").examples("train")
    assert [fault.message for fault in caught.value.faults] == [
        "no label (train_labels/a_L.png)", "a label without its image"
    ]  # fmt: skip
