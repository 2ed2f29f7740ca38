"""Folders of classes as they lie on people's disks, and the parts of images that classifiers are trained on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import Augmentation, check, open_dataset
from archspec.datasets._augmentation import draw
from archspec.datasets._class_samples import class_sample, class_view, random_part
from archspec.errors import Problem, UserError
from tests.datasets.pictures import photo, save
from tests.datasets.trees import imagenet as tree


# --- image_folder -----------------------------------------------------------------------------------------------------
def test_without_splits_there_is_one_that_is_called_all(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        save(tmp_path / name / "deeper" / "x.png" if name == "c" else tmp_path / name / "x.png", photo(1, (5, 6)))
    found = open_dataset(f"image_folder:{tmp_path}")
    assert found.splits == ("all",)
    assert found.classes.names == ("a", "b", "c")
    assert [(one.name, int(found.read_label(one))) for one in found.examples("all")] == [
        ("a/x", 0), ("b/x", 1), ("c/deeper/x", 2),
    ]  # fmt: skip


def test_classes_are_those_of_all_splits(tmp_path: Path) -> None:
    for place in ("train/a", "train/c", "val/b", "test/c"):
        save(tmp_path / place / "x.png", photo(1, (5, 6)))
    found = open_dataset(f"image_folder:{tmp_path}")
    assert found.splits == ("train", "val", "test")
    assert found.classes.names == ("a", "b", "c")
    assert int(found.read_label(found.examples("val")[0])) == 1


def test_an_image_beside_the_classes_is_a_fault(tmp_path: Path) -> None:
    save(tmp_path / "train" / "a" / "x.png", photo(1, (5, 6)))
    loose = save(tmp_path / "train" / "y.png", photo(1, (5, 6)))
    with pytest.raises(UserError, match="an image in no folder of a class") as caught:
        open_dataset(f"image_folder:{tmp_path}").examples("train")
    assert caught.value.faults[0].place.file == str(loose)


def test_names_that_differ_by_the_ending_stay_two(tmp_path: Path) -> None:
    for name in ("x.jpg", "x.png"):
        save(tmp_path / "train" / "a" / name, photo(1, (5, 6)))
    assert [one.name for one in open_dataset(f"image_folder:{tmp_path}").examples("train")] == ["a/x", "a/x.png"]


def test_the_data_set_in_the_docs(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "classification.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(\"\"\"Mushrooms.+?)```", text, re.DOTALL)
    file: dict[str, Any] = {"__name__": "mushrooms"}
    exec(code, file)
    for name in ("a1", "b1", "a2"):
        save(tmp_path / "train" / f"{name}.png", photo(1, (5, 6)))
    found = file["Mushrooms"](tmp_path)
    assert [int(found.read_label(one)) for one in found.examples("train")] == [0, 0, 1]
    assert check(found, "train").images == (2, 1)


# --- imagenet ---------------------------------------------------------------------------------------------------------
def test_names_and_the_order_of_synsets(tmp_path: Path) -> None:
    found = open_dataset(f"imagenet:{tree.make(tmp_path)}")
    assert found.classes.names == ("tench", "goldfish", "lynx")
    assert [int(found.read_label(one)) for one in found.examples("val")] == [0, 1, 2]  # by name: synset, then file
    assert [one.name.partition("/")[0] for one in found.examples("val")] == list(tree.SYNSETS)
    assert check(found, "val").pixels == (1, 1, 1)


SOLUTION = "ImageId,PredictionString\n" + "".join(
    f"ILSVRC2012_val_0000000{number},{synset} 1 2 3 4\n" for number, synset in enumerate(tree.SYNSETS[::-1], 1)
)
NUMBERS = "".join(f"ILSVRC2012_val_0000000{number}.JPEG {3 - number}\n" for number in (1, 2, 3))


@pytest.mark.parametrize(("file", "text"), [("LOC_val_solution.csv", SOLUTION), ("val.txt", NUMBERS)])
def test_other_lists_of_val_say_the_same(file: str, text: str, tmp_path: Path) -> None:
    root = tree.make(tmp_path)
    first = open_dataset(f"imagenet:{root}").examples("val")
    (root / "imagenet_2012_validation_synset_labels.txt").unlink()
    (root / file).write_text(text)
    assert open_dataset(f"imagenet:{root}").examples("val") == first


def test_val_without_a_list_is_told_which_there_are(tmp_path: Path) -> None:
    root = tree.make(tmp_path)
    list_of_val = root / "imagenet_2012_validation_synset_labels.txt"
    list_of_val.write_text("n01440764\n")
    with pytest.raises(UserError, match="1 lines, and val has 3 images"):
        open_dataset(f"imagenet:{root}").examples("val")
    list_of_val.rename(root / "ILSVRC2012_validation_ground_truth.txt")
    with pytest.raises(
        UserError, match=r"only the kit's meta\.mat knows.*Add imagenet_2012_validation_synset_labels\.txt"
    ):
        open_dataset(f"imagenet:{root}").examples("val")


def test_two_synsets_of_one_name_are_told_apart(tmp_path: Path) -> None:
    root = tree.make(tmp_path)
    (root / "LOC_synset_mapping.txt").write_text("n01440764 crane\nn01443537 crane\nn02127052 lynx\n")
    names = open_dataset(f"imagenet:{root}").classes.names
    assert names == ("crane (n01440764)", "crane (n01443537)", "lynx")


# --- parts of images --------------------------------------------------------------------------------------------------
def test_random_parts_keep_to_their_limits() -> None:
    size, wanted = (300, 400), Augmentation(crop=(32, 32), area_from=0.1, aspect_to=1.5)
    parts = [random_part(size, wanted, drawn) for drawn in draw(3, np.arange(500))]
    for top, left, rows, columns in parts:
        assert 0 <= top <= size[0] - rows and 0 <= left <= size[1] - columns
    areas = np.array([rows * columns for _, _, rows, columns in parts]) / (300 * 400)
    aspects = np.array([columns / rows for _, _, rows, columns in parts if rows < 300 and columns < 400])
    assert 0.095 < areas.min() < 0.15 and areas.max() > 0.85
    assert 1 / 1.55 < aspects.min() < 0.75 and 1.35 < aspects.max() < 1.55
    assert abs(np.log(aspects).mean()) < 0.05


def test_a_part_of_one_colour_stays_it_and_is_of_the_crops_size() -> None:
    image = np.full((21, 17, 3), 90, np.uint8)
    wanted = Augmentation(crop=(8, 12), area_from=0.3)
    for drawn in draw(0, np.arange(5)):
        np.testing.assert_array_equal(class_sample(image, wanted, drawn), np.full((8, 12, 3), 90, np.float32))


def test_what_is_shown_is_the_middle() -> None:
    """Of 256 × 320 pixels, at 224 × 224, the 224 × 224 in the middle, not resized."""
    image = np.random.default_rng(0).integers(0, 256, (256, 320, 3), np.uint8)
    np.testing.assert_array_equal(class_view(image, (224, 224)), image[16:240, 48:272])
    assert class_view(image[:30, :7], (224, 224)).shape == (224, 224, 3)


@pytest.mark.parametrize("wrong", [{"area_from": 1.5}, {"area_from": 0.1, "aspect_to": 0.5}])
def test_limits_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(Problem, match="of the area on, of proportions up to"):
        Augmentation(crop=(8, 8), **wrong)
    with pytest.raises(Problem, match="random parts have the size of a crop"):
        Augmentation(fixed_size=(8, 8), area_from=0.5)
