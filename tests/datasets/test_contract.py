"""What every data set keeps to, on a tiny tree of its own. A new file in archspec/datasets/ is found by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import (
    IGNORE,
    Augmentation,
    Dataset,
    check,
    check_before_training,
    contact_sheet,
    dataset_class,
    names,
    open_dataset,
    pack,
    training_batches,
)
from archspec.errors import UserError
from tests.datasets.pictures import cut
from tests.datasets.trees import build, tree

NAMES = names()
ON_FILES = [name for name in NAMES if dataset_class(name).needs_folder]
MOST = 6  # examples of a split that are looked at


@pytest.fixture(params=NAMES)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    return build(request.param, tmp_path)


def test_every_file_is_a_data_set(root: Path) -> None:
    files = (root / "archspec" / "datasets").glob("[!_]*.py")
    assert sorted(NAMES) == sorted(path.stem for path in files)
    assert {"ade20k", "camvid", "cityscapes", "coco_instances", "coco_panoptic", "folder", "pascal_voc",
            "synthetic_streets", "tfrecord"} <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_its_name_is_its_files_and_it_says_what_it_reads(name: str) -> None:
    assert dataset_class(name).name == name
    assert dataset_class(name).__doc__


def test_splits_and_examples(dataset: Dataset) -> None:
    assert "train" in dataset.splits
    assert len(dataset.splits) == len(set(dataset.splits)) >= 2
    for split in dataset.splits:
        found = [example.name for example in dataset.examples(split)]
        assert found and found == sorted(set(found))


def test_classes(dataset: Dataset) -> None:
    classes = dataset.classes
    assert 2 <= len(classes) == len(classes.names) == len(classes.colours) <= 254
    assert len(set(classes.names)) == len(classes)
    assert all(len(colour) == 3 and min(colour) >= 0 and max(colour) <= 255 for colour in classes.colours)


def test_images_and_labels(dataset: Dataset) -> None:
    for split in dataset.splits:
        for example in dataset.examples(split)[:MOST]:
            image, label = dataset.read_image(example), dataset.read_label(example)
            if dataset.task == "classification":  # a number for the whole image
                assert (image.dtype, label.dtype, label.shape) == (np.uint8, np.int32, ())
                assert dataset.image_size(example) == dataset.label_size(example) == image.shape[:2]
                assert 0 <= int(label) < len(dataset.classes)
                continue
            assert image.dtype == label.dtype == np.uint8
            assert image.shape == (*label.shape, 3)
            assert dataset.image_size(example) == dataset.label_size(example) == label.shape
            assert set(np.unique(label)) <= {*range(len(dataset.classes)), IGNORE}
            assert image.std() > 1  # a photo, not a blank


def test_a_label_is_its_own_array(dataset: Dataset) -> None:
    example = dataset.examples("train")[0]
    first = dataset.read_label(example).copy()
    assert np.array_equal(dataset.read_label(example), first)


def test_it_passes_its_checks(dataset: Dataset) -> None:
    check_before_training(dataset, "train")
    if len(dataset.examples("train")) > MOST:
        return  # all of them are read below
    found = check(dataset, "train")
    assert found.faults == ()
    read = [dataset.read_label(example) for example in dataset.examples("train")]
    assert sum(found.pixels) + found.ignored == sum(label.size for label in read)
    assert found.pixels[0] == sum(int((label == 0).sum()) for label in read)
    assert found.images[1] == sum(bool((label == 1).any()) for label in read)
    assert found.examples == found.labelled == len(read)


def test_an_unknown_split_names_the_nearest(dataset: Dataset) -> None:
    with pytest.raises(UserError, match=r"no split 'trian'.*Did you mean 'train"):
        dataset.examples("trian")


def test_prediction_files(dataset: Dataset) -> None:
    examples = dataset.examples("train")
    paths = [dataset.prediction_path(example) for example in examples]
    assert len(set(paths)) == len(examples)
    assert all(path.suffix == ".png" and not path.is_absolute() for path in paths)
    if dataset.task == "classification":
        return
    assert all(path.name.startswith(example.name) for path, example in zip(paths, examples, strict=True))
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4) % len(dataset.classes)
    picture = dataset.encode_prediction(labels)
    assert picture.mode in ("L", "P")
    assert np.asarray(picture).shape == labels.shape


def test_the_fingerprint_is_that_of_the_files(dataset: Dataset) -> None:
    first = dataset.fingerprint("train")
    assert len(first) == 16
    again = type(dataset)(dataset.root)
    assert again.fingerprint("train") == first
    assert again.fingerprint(again.splits[1]) != first


@pytest.mark.parametrize("name", [name for name in ON_FILES if name != "tfrecord"])  # a longer shard is a broken one
def test_another_file_size_is_another_fingerprint(name: str, tmp_path: Path) -> None:
    before = build(name, tmp_path)
    first, image = before.fingerprint("train"), before.examples("train")[0].image
    image.write_bytes(image.read_bytes() + b"\0")
    assert type(before)(before.root).fingerprint("train") != first


@pytest.mark.parametrize("name", ON_FILES)
def test_an_image_cut_short_is_found_without_decoding_the_others(name: str, tmp_path: Path) -> None:
    dataset = build(name, tmp_path)
    broken = dataset.examples("train")[1]
    cut(broken.image)
    with pytest.raises(UserError) as caught:
        check_before_training(type(dataset)(dataset.root), "train")
    assert [fault.place.file for fault in caught.value.faults] == [str(broken.image)]
    found = check(type(dataset)(dataset.root), "train")
    assert [fault.place.file for fault in found.faults] == [str(broken.image)]


@pytest.mark.parametrize("name", ON_FILES)
def test_an_empty_folder_is_an_error_of_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as caught:
        open_dataset(f"{name}:{tmp_path / 'empty'}").examples("train")
    assert len(caught.value.faults) == 1
    assert str(tmp_path / "empty") in str(caught.value)


@pytest.mark.parametrize("name", ON_FILES)
def test_a_folder_is_needed_and_must_be_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"Write {name}:DIR"):
        open_dataset(name)
    with pytest.raises(UserError, match="no such folder"):
        open_dataset(f"{name}:{tmp_path / 'nowhere'}")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="not a folder"):
        open_dataset(f"{name}:{tmp_path / 'file'}")


def test_packed_and_read_again_it_is_the_same(dataset: Dataset, tmp_path: Path) -> None:
    if len(dataset.examples("train")) > MOST:
        dataset._examples["train"] = dataset.examples("train")[:MOST]
    if dataset.task == "classification":
        with pytest.raises(UserError, match="its labels are one class an image"):
            pack(dataset, "train", tmp_path / "packed", shards=2)
        return
    files = pack(dataset, "train", tmp_path / "packed", shards=2)
    assert [file.name for file in files] == ["train-00000-of-00002.tfrecord", "train-00001-of-00002.tfrecord"]
    again = open_dataset(f"tfrecord:{tmp_path / 'packed'}")
    assert again.classes == dataset.classes
    assert [one.name for one in again.examples("train")] == [one.name for one in dataset.examples("train")]
    for packed, example in zip(again.examples("train"), dataset.examples("train"), strict=True):
        assert np.array_equal(again.read_image(packed), dataset.read_image(example))
        assert np.array_equal(again.read_label(packed), dataset.read_label(example))


def test_batches_of_it(dataset: Dataset) -> None:
    crop = Augmentation(crop=(10, 12))
    batches = training_batches(dataset, "train", augmentation=crop, batch_size=2, seed=1, steps=3)
    found = [(images.numpy(), labels.numpy()) for images, labels in batches]
    assert len(found) == 3
    for images, labels in found:
        assert images.shape == (2, 10, 12, 3) and images.dtype == np.float32
        if dataset.task == "classification":
            assert labels.shape == (2,) and labels.dtype == np.int32
            assert set(labels.tolist()) <= set(range(len(dataset.classes)))
            continue
        assert labels.shape == (2, 10, 12) and labels.dtype == np.uint8
        assert set(np.unique(labels)) <= {*range(len(dataset.classes)), IGNORE}


def test_a_contact_sheet(dataset: Dataset) -> None:
    sheet = contact_sheet(dataset, "train", count=2, columns=1)
    assert sheet.mode == "RGB" and sheet.width == 8 + 2 * 320 + 8
    assert np.asarray(sheet).std() > 10


def test_a_data_set_without_a_tree_is_told_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"add tests/datasets/trees/kitti\.py"):
        tree("kitti", tmp_path)
