"""Pascal VOC, ADE20K and a folder of one's own, by their conventions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.datasets import open_dataset
from archspec.datasets._class_list import colour_map
from archspec.errors import UserError
from tests.datasets.pictures import labels, photo, save
from tests.datasets.trees import tree
from tests.datasets.trees.pascal_voc import palette

# --- Pascal VOC -------------------------------------------------------------------------------------------------------


def test_voc_labels_are_palette_numbers(tmp_path: Path) -> None:
    root = tree("pascal_voc", tmp_path)
    home = root / "VOCdevkit" / "VOC2012"
    file = home / "SegmentationClass" / "2007_500000.png"
    values = np.array([[*range(21), 255, 0]], np.uint8).repeat(2, 0)
    palette(file, values)
    save(home / "JPEGImages" / "2007_500000.jpg", photo(0, (2, 23)))
    for opened in (root, root / "VOCdevkit" / "VOC2012"):
        dataset = open_dataset(f"pascal_voc:{opened}")
        assert np.array_equal(dataset.read_label(dataset.examples("train")[0]), values)
    assert dataset.classes.names[0] == "background" and dataset.classes.names[20] == "tvmonitor"


def test_voc_colours_are_the_devkits() -> None:
    """The map's first rows, as the devkit prints them."""
    assert colour_map(22) == (
        (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128), (0, 128, 128), (128, 128, 128),
        (64, 0, 0), (192, 0, 0), (64, 128, 0), (192, 128, 0), (64, 0, 128), (192, 0, 128), (64, 128, 128),
        (192, 128, 128), (0, 64, 0), (128, 64, 0), (0, 192, 0), (128, 192, 0), (0, 64, 128), (128, 64, 128),
    )  # fmt: skip
    assert colour_map(256)[255] == (224, 224, 192)


def test_voc_predictions_are_palette_pngs(tmp_path: Path) -> None:
    dataset = open_dataset(f"pascal_voc:{tree('pascal_voc', tmp_path)}")
    example = dataset.examples("train")[0]
    assert dataset.prediction_path(example) == Path("2007_500000.png")
    values = np.arange(21, dtype=np.uint8).reshape(3, 7)
    dataset.encode_prediction(values).save(tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as written:
        assert written.mode == "P"
        assert np.array_equal(np.asarray(written), values)
        assert np.asarray(written.convert("RGB"))[0, 1].tolist() == [128, 0, 0]


def test_voc_lists_say_which(tmp_path: Path) -> None:
    root = tree("pascal_voc", tmp_path)
    lists = root / "VOCdevkit/VOC2012/ImageSets/Segmentation"
    (lists / "train.txt").write_text("2007_500001\n\nnowhere_1\n2007_500002 1\n")
    with pytest.raises(UserError) as caught:
        open_dataset(f"pascal_voc:{root}").examples("train")
    assert str(caught.value) == (
        f"{lists}/train.txt:3:1: no image (JPEGImages/nowhere_1.jpg). Add it, or take the line out"
    )
    (lists / "test.txt").write_text("2007_500001\n")
    dataset = open_dataset(f"pascal_voc:{root}")
    assert dataset.splits == ("train", "val", "test")
    assert dataset.examples("test")[0].label is None


def test_voc_augmented_labels(tmp_path: Path) -> None:
    root = tree("pascal_voc", tmp_path)
    home = root / "VOCdevkit/VOC2012"
    (home / "ImageSets/Segmentation/trainaug.txt").write_text("2007_500001\n")
    save(home / "SegmentationClassAug" / "2007_500001.png", np.full((14, 14), 3, np.uint8))
    dataset = open_dataset(f"pascal_voc:{root}")
    assert np.unique(dataset.read_label(dataset.examples("trainaug")[0])).tolist() == [3]


# --- ADE20K -----------------------------------------------------------------------------------------------------------


def test_ade_labels_start_at_one(tmp_path: Path) -> None:
    root = tree("ade20k", tmp_path)
    home = root / "ADEChallengeData2016"
    save(home / "annotations/training/ADE_train_00000000.png", np.arange(151, dtype=np.uint8)[None])
    save(home / "images/training/ADE_train_00000000.jpg", photo(0, (1, 151)))
    for opened in (root, home):
        dataset = open_dataset(f"ade20k:{opened}")
        assert dataset.read_label(dataset.examples("train")[0])[0].tolist() == [255, *range(150)]
    names = dataset.classes.names
    assert (names[0], names[12], names[20], names[149], len(names)) == ("wall", "person", "car", "flag", 150)


# --- a folder of one's own --------------------------------------------------------------------------------------------


def test_a_folder_with_splits(tmp_path: Path) -> None:
    dataset = open_dataset(f"folder:{tree('folder', tmp_path)}")
    assert dataset.splits == ("train", "val")
    assert dataset.classes.names == ("ground", "wall", "sky")
    assert dataset.classes.colours == ((0, 0, 0), (255, 0, 0), (0, 128, 0))
    assert [one.image.name for one in dataset.examples("train")] == ["scene 0.png", "scene 1.jpg", "scene 2.png"]


def test_a_folder_without_splits(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.JPG", photo(0, (4, 4)))
    save(tmp_path / "labels" / "a.png", labels(0, (4, 4), (0, 1)))
    (tmp_path / "classes.txt").write_text("\none\n  two words  #00ff7f \n")
    dataset = open_dataset(f"folder:{tmp_path}")
    assert dataset.splits == ("all",)
    assert dataset.examples("all")[0].name == "a"
    assert dataset.classes.names == ("one", "two words") and dataset.classes.colours[1] == (0, 255, 127)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "no list of classes (No such file or directory)"),
        ("", "0 classes. Write 1 to 254, one a line"),
        ("a\nb\na\n", "class 'a' comes twice"),
        ("\n".join(map(str, range(255))), "255 classes. Write 1 to 254"),
    ],
)
def test_a_bad_list_of_classes(tmp_path: Path, text: str | None, fault: str) -> None:
    root = tree("folder", tmp_path)
    (root / "classes.txt").unlink()
    if text is not None:
        (root / "classes.txt").write_text(text)
    with pytest.raises(UserError) as caught:
        open_dataset(f"folder:{root}")
    assert fault in str(caught.value) and str(root / "classes.txt") in str(caught.value)


def test_a_label_of_16_bits_or_one_bit(tmp_path: Path) -> None:
    root = tree("folder", tmp_path)
    file = root / "labels" / "train" / "scene 0.png"
    save(file, labels(0, (9, 11), (0, 1, 2)).astype(np.uint16))
    dataset = open_dataset(f"folder:{root}")
    assert np.unique(dataset.read_label(dataset.examples("train")[0])).tolist() == [0, 1, 2]
    Image.fromarray(np.eye(9, 11, dtype=np.uint8) * 255).convert("1").save(file)
    assert np.array_equal(dataset.read_label(dataset.examples("train")[0]), np.eye(9, 11))
    save(file, np.full((9, 11), 40_000, np.uint16))
    with pytest.raises(UserError, match=r"label value 40000 that no class has\. Known are 0 to 2, 255"):
        dataset.read_label(dataset.examples("train")[0])


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown data set 'camvit'\. Did you mean 'camvid'\?"):
        open_dataset("camvit:/tmp")
    with pytest.raises(UserError, match="is generated and has no folder"):
        open_dataset("synthetic_streets:/tmp")
    assert open_dataset("synthetic-streets").name == "synthetic_streets"
