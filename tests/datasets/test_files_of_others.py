"""Folders as other systems and tools leave them: marks, hidden files, endings, folders in folders, lists of paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import check_before_training, files_below, open_dataset
from archspec.errors import UserError
from tests.cli.runner import run
from tests.datasets.encodings import encoded, write
from tests.datasets.pictures import labels, photo, save
from tests.datasets.trees import tree
from tests.datasets.trees.pascal_voc import palette

BOM = b"\xef\xbb\xbf"
APPLEDOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "


def folder(root: Path, image: str = "a.png", label: str = "a.png", size: tuple[int, int] = (6, 8)) -> Path:
    save(root / "images" / "train" / image, photo(0, size))
    save(root / "labels" / "train" / label, labels(0, size, (0, 1)))
    (root / "classes.txt").write_text("sky\nroad\n")
    return root


# --- byte order marks -------------------------------------------------------------------------------------------------


def test_a_mark_before_a_list_of_classes_and_of_images(tmp_path: Path) -> None:
    root = folder(tmp_path / "own")
    write(root / "classes.txt", BOM + b"sky\r\nroad #804080\r\n")
    assert open_dataset(f"folder:{root}").classes.names == ("sky", "road")
    voc = tree("pascal_voc", tmp_path)
    for file in voc.rglob("ImageSets/Segmentation/*.txt"):
        file.write_bytes(BOM + file.read_bytes())
    assert len(open_dataset(f"pascal_voc:{voc}").examples("train")) == 3


# --- hidden files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["folder", "camvid", "cityscapes", "pascal_voc", "ade20k", "coco_panoptic", "tfrecord"]
)
def test_hidden_files_are_no_data(tmp_path: Path, name: str) -> None:
    """macOS writes a `._x.png` beside every file on a disk of another kind, and `__MACOSX` into archives."""
    root = tree(name, tmp_path)
    before = open_dataset(f"{name}:{root}")
    expected = {split: [one.name for one in before.examples(split)] for split in before.splits}
    for path in [path for path in root.rglob("*") if path.is_file()]:
        write(path.with_name(f"._{path.name}"), APPLEDOUBLE)
    for path in [path for path in root.rglob("*") if path.is_dir()]:
        write(path / "__MACOSX" / "._x.png", APPLEDOUBLE)
    after = open_dataset(f"{name}:{root}")
    assert {split: [one.name for one in after.examples(split)] for split in after.splits} == expected


# --- endings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["bmp", "tif", "tiff", "webp", "BMP", "JPG", "PNG", "jpeg"])
def test_images_of_other_endings_are_read(tmp_path: Path, ending: str) -> None:
    root = folder(tmp_path, f"a.{ending}")
    dataset = open_dataset(f"folder:{root}")
    check_before_training(dataset, "train")
    (example,) = dataset.examples("train")
    assert example.image.suffix == f".{ending}" and dataset.read_image(example).shape == (6, 8, 3)
    if ending.lower() not in ("jpg", "jpeg", "webp"):
        assert np.array_equal(dataset.read_image(example), photo(0, (6, 8)))


@pytest.mark.parametrize("ending", ["bmp", "tif", "PNG"])
def test_labels_of_other_endings_are_read(tmp_path: Path, ending: str) -> None:
    dataset = open_dataset(f"folder:{folder(tmp_path, label=f'a.{ending}')}")
    assert np.array_equal(dataset.read_label(dataset.examples("train")[0]), labels(0, (6, 8), (0, 1)))


@pytest.mark.parametrize(
    ("image", "label", "words"),
    [
        ("a.png", "a.jpg", "no label (labels/train/a.png); a.jpg is there, but labels are read from .png, .bmp"),
        ("a.gif", "a.png", "a label without its image; a.gif is there, but images are read from .png, .jpg, .jpeg"),
    ],
)
def test_an_ending_that_is_not_read_is_named(tmp_path: Path, image: str, label: str, words: str) -> None:
    root = folder(tmp_path, image, label)
    with pytest.raises(UserError) as caught:
        open_dataset(f"folder:{root}").examples("train")
    assert words in str(caught.value)


@pytest.mark.parametrize("ending", ["bmp", "webp", "tif"])
def test_a_file_of_another_kind_that_was_cut_is_told_before_training(tmp_path: Path, ending: str) -> None:
    root = folder(tmp_path, f"a.{ending}", size=(40, 50))
    file = root / "images" / "train" / f"a.{ending}"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(UserError, match=f"a.{ending}: cannot be read"):
        check_before_training(open_dataset(f"folder:{root}"), "train")


def test_two_labels_of_one_name(tmp_path: Path) -> None:
    root = folder(tmp_path)
    save(root / "labels" / "train" / "a.tif", labels(1, (6, 8), (0, 1)))
    with pytest.raises(UserError, match=r"a.tif: the same name as .*a.png. Leave one of them"):
        open_dataset(f"folder:{root}").examples("train")


def test_cityscapes_in_capitals(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    dataset = open_dataset(f"cityscapes:{root}")
    expected = [one.name for one in dataset.examples("train")]
    for path in [path for path in root.rglob("*.png") if "/train/" in path.as_posix()]:
        path.rename(path.with_suffix(".PNG"))
    again = open_dataset(f"cityscapes:{root}")
    assert [one.name for one in again.examples("train")] == expected
    assert again.read_instances(again.examples("train")[0]).dtype == np.int32


# --- folders in folders -----------------------------------------------------------------------------------------------


def test_a_folder_data_set_is_read_with_its_folders(tmp_path: Path) -> None:
    root = folder(tmp_path)
    for place in ("rain/a", "rain/b", "sun/a"):
        save(root / "images" / "train" / f"{place}.jpg", photo(1, (6, 8)))
        save(root / "labels" / "train" / f"{place}.png", labels(1, (6, 8), (0, 1)))
    dataset = open_dataset(f"folder:{root}")
    assert dataset.splits == ("train",)
    assert [one.name for one in dataset.examples("train")] == ["a", "rain/a", "rain/b", "sun/a"]
    (root / "labels" / "train" / "sun" / "a.png").rename(root / "labels" / "train" / "b.png")
    with pytest.raises(UserError) as caught:
        open_dataset(f"folder:{root}").examples("train")
    assert [fault.message for fault in caught.value.faults] == [
        "no label (labels/train/sun/a.png)", "a label without its image"
    ]  # fmt: skip


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "a.png", photo(0, (4, 4)))
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "top")
    assert [path.name for path in files_below(tmp_path / "top")] == ["a.png"]


# --- lists of paths ---------------------------------------------------------------------------------------------------


def test_voc_lists_of_pairs_of_paths(tmp_path: Path) -> None:
    root = tree("pascal_voc", tmp_path)
    home = root / "VOCdevkit" / "VOC2012"
    palette(home / "Other" / "z.png", np.full((14, 14), 5, np.uint8))
    save(home / "Pictures" / "z.png", photo(3, (14, 14)))
    (home / "ImageSets/Segmentation/train.txt").write_text(
        "JPEGImages/2007_500001.jpg SegmentationClass/2007_500001.png\n"
        "/JPEGImages/2007_500002.jpg /SegmentationClass/2007_500002.png\n"
        "Pictures/z.png Other/z.png\n"
    )
    dataset = open_dataset(f"pascal_voc:{root}")
    found = dataset.examples("train")
    assert [one.name for one in found] == ["2007_500001", "2007_500002", "Pictures/z"]
    assert np.unique(dataset.read_label(found[2])).tolist() == [5]
    (home / "ImageSets/Segmentation/train.txt").write_text(
        "JPEGImages/none.jpg SegmentationClass/none.png\nJPEGImages/2007_500001.jpg Other/none.png\n"
    )
    with pytest.raises(UserError) as caught:
        open_dataset(f"pascal_voc:{root}").examples("train")
    assert [fault.message for fault in caught.value.faults] == [
        "no image (JPEGImages/none.jpg)", "no label (Other/none.png)"
    ]  # fmt: skip


# --- labels that say nothing ------------------------------------------------------------------------------------------


def masks(root: Path, **splits: tuple[int, ...]) -> str:
    """Masks whose left half is the first value of each split, and whose right half the second."""
    for split, values in splits.items():
        label = np.repeat(np.array([values], np.uint8), 4, 1).repeat(6, 0)
        save(root / "labels" / split / "a.png", label)
        save(root / "images" / split / "a.png", photo(0, label.shape))
    (root / "classes.txt").write_text("background\ntarget\n")
    return f"folder:{root}"


def notes(reference: str) -> list[str]:
    found = run("data", "check", reference, "--format", "json").json()
    return [note for note in found["meta"]["notes"] if note.startswith("caution: ")]


def test_masks_of_0_and_255_are_said_to_be_so(tmp_path: Path) -> None:
    assert notes(masks(tmp_path, train=(0, 255), val=(0, 255))) == [
        "caution: no pixel of class 'target' in train, val",
        "caution: train: 50 % of the labels' pixels are ignored",
        "caution: val: 50 % of the labels' pixels are ignored",
        (
            "caution: 255 means ignored; in masks of 0 and 255 write 1, not 255, for the foreground"
            ", or say in the list of classes which one it is (NAME = 255)"
        ),
    ]


def test_a_class_in_one_split_and_a_third_ignored_are_no_caution(tmp_path: Path) -> None:
    assert notes(masks(tmp_path, train=(0, 1), val=(0, 0))) == []
    assert notes(masks(tmp_path / "third", train=(0, 1, 255))) == []
    assert notes(masks(tmp_path / "more", train=(0, 1, 255, 255))) == [
        "caution: train: 50 % of the labels' pixels are ignored",
        "caution: what is ignored (255) is neither trained on nor scored",
    ]


def test_jpeg_of_a_turned_photo_is_packed_as_it_is_shown(tmp_path: Path) -> None:
    """Other readers of the shards do not look at EXIF."""
    from archspec.datasets._shards import _as_it_is
    from tests.datasets.encodings import with_orientation

    root = folder(tmp_path, "a.jpg")
    example = open_dataset(f"folder:{root}").examples("train")[0]
    assert _as_it_is(example) == example.image.read_bytes()
    write(example.image, encoded(photo(0, (8, 6)), "JPEG", exif=with_orientation(6)))
    assert _as_it_is(example) is None
