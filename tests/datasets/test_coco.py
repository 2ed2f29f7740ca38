"""COCO: outlines and run lengths pixel for pixel, the papers' ten classes and filter, the panoptic categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import Dataset, check, open_dataset
from archspec.datasets._coco import from_polygon, from_runs, mask_of
from archspec.errors import Problem, UserError
from tests.datasets.pictures import Array, load, photo, save
from tests.datasets.trees import tree
from tests.datasets.trees.coco_instances import SIZE, box, picture, write
from tests.datasets.trees.coco_panoptic import SEGMENTS

# --- masks ------------------------------------------------------------------------------------------------------------


def rows(mask: Array) -> list[str]:
    return ["".join("#" if inside else "." for inside in row) for row in mask]


def test_a_box_covers_the_pixels_whose_middles_it_covers() -> None:
    """COCO's pixel (x, y) reaches from x to x + 1: a box from 1 to 4 holds columns 1, 2, 3."""
    mask = from_polygon([1, 0, 4, 0, 4, 2, 1, 2], (3, 6))
    assert rows(mask) == [".###..", ".###..", "......"]


def test_a_triangle() -> None:
    """Derived with the organisers' own code (pycocotools 2.0)."""
    mask = from_polygon([0.5, 0.5, 6.5, 0.5, 0.5, 5.5], (6, 8))
    assert rows(mask) == ["........", ".####...", ".###....", ".##.....", ".#......", "........"]


def test_an_outline_beyond_the_image_is_cut() -> None:
    mask = from_polygon([-5, -5, 20, -5, 20, 20, -5, 20], (3, 4))
    assert mask.all() and mask.shape == (3, 4)


def test_an_outline_that_crosses_itself_is_hollow_where_it_overlaps() -> None:
    """Even-odd, as COCO fills: a box traced twice is empty."""
    outline = [1, 1, 4, 1, 4, 4, 1, 4]
    assert not from_polygon(outline + outline, (6, 6)).any()


def test_several_outlines_are_joined() -> None:
    mask = mask_of([[0, 0, 2, 0, 2, 2, 0, 2], [1, 1, 4, 1, 4, 3, 1, 3]], (3, 5))
    assert rows(mask) == ["##...", "####.", ".###."]


def test_run_lengths_go_down_the_columns() -> None:
    mask = from_runs({"size": [2, 3], "counts": [1, 2, 2, 1]}, (2, 3))
    assert rows(mask) == [".#.", "#.#"]


def test_run_lengths_in_letters() -> None:
    """`counts` of pycocotools 2.0 for the run lengths 3, 40, 1, 1000, 2, 7, 900, 47."""
    expected = [3, 40, 1, 1000, 2, 7, 900, 47]
    mask = from_runs({"size": [40, 50], "counts": "3X11Pn01oPORl0X1"}, (40, 50))
    flat = mask.T.ravel()
    assert np.array_equal(flat, np.repeat(np.arange(8) % 2, expected).astype(bool))


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [2, 3], "counts": [1, 2, 2]},
        {"size": [3, 2], "counts": [1, 2, 2, 1]},
        {"size": [2, 3], "counts": [-1, 7]},
        {"size": [2, 3]},
        {"size": [2, 3], "counts": "P"},
        [[1, 2, 3]],
        [["a", "b"]],
        None,
        7,
    ],
)
def test_a_bad_segmentation_is_a_problem(segmentation: Any) -> None:
    with pytest.raises(Problem):
        mask_of(segmentation, (2, 3))


# --- instances --------------------------------------------------------------------------------------------------------


def instances(root: Path, annotations: list[dict[str, Any]], count: int = 1) -> Dataset:
    for number in range(count):
        save(root / "val2017" / f"{number:012d}.jpg", photo(number, SIZE))
    write(root / "annotations" / "instances_val2017.json", [picture(number) for number in range(count)], annotations)
    return open_dataset(f"coco_instances:{root}")


def test_the_ten_classes(tmp_path: Path) -> None:
    """Each category as one column of 5 × 40 pixels, in the order of the reference conversion."""
    categories = [1, 2, 3, 4, 6, 7, 8, 13, 14, 10]  # 10, traffic light, is none of them
    drawn = [box(0, category, 5 * place, 0, 5, 60) for place, category in enumerate(categories)]
    dataset = instances(tmp_path, drawn)
    label = dataset.read_label(dataset.examples("val")[0])
    assert label[0].tolist() == [number for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0) for _ in range(5)]
    assert dataset.classes.names[5:] == ("bus", "train", "truck", "stop sign", "parking meter")


def test_later_annotations_cover_earlier_ones_and_crowds_count(tmp_path: Path) -> None:
    crowd = {"size": list(SIZE), "counts": [0, 1200, 1800]}  # the first 20 columns
    drawn = [
        {"image_id": 0, "category_id": 1, "iscrowd": 1, "segmentation": crowd},
        box(0, 3, 10, 0, 20, 60),
    ]
    dataset = instances(tmp_path, drawn)
    label = dataset.read_label(dataset.examples("val")[0])
    assert label[7].tolist() == [1] * 10 + [3] * 20 + [0] * 20


@pytest.mark.parametrize(("height", "kept"), [(24, False), (25, True)])
def test_a_thousand_pixels_are_needed(tmp_path: Path, height: int, kept: bool) -> None:
    """40 × 25 = 1000. Two people on one spot count once; what is of other categories counts not at all."""
    drawn = [box(0, 1, 0, 0, 40, height), box(0, 1, 0, 0, 40, height), box(0, 44, 0, 30, 50, 30)]
    dataset = instances(tmp_path, [*drawn, box(1, 1, 0, 0, 50, 50)], count=2)
    assert [example.name[-1] for example in dataset.examples("val")] == (["0", "1"] if kept else ["1"])


def test_images_without_annotations_are_left_out(tmp_path: Path) -> None:
    dataset = instances(tmp_path, [box(1, 1, 0, 0, 40, 40)], count=3)
    assert [example.name for example in dataset.examples("val")] == ["000000000001"]


def test_one_file_beside_images(tmp_path: Path) -> None:
    save(tmp_path / "images" / "000000000000.jpg", photo(0, SIZE))
    write(tmp_path / "annotations.json", [picture(0)], [box(0, 1, 0, 0, 40, 40)])
    dataset = open_dataset(f"coco_instances:{tmp_path}")
    assert dataset.splits == ("all",) and len(dataset.examples("all")) == 1


def test_bad_annotation_files(tmp_path: Path) -> None:
    dataset = instances(tmp_path, [box(0, 1, 0, 0, 40, 40), {"image_id": 0, "category_id": 1, "segmentation": [[1]]}])
    file = tmp_path / "annotations" / "instances_val2017.json"
    assert str(check(dataset, "val").faults[0]).startswith(
        f"{file}: 000000000000.jpg: a segmentation that is neither polygons nor run lengths"
    )
    (tmp_path / "val2017" / "000000000000.jpg").unlink()
    write(file, [picture(0)], [box(0, 1, 0, 0, 40, 40)])
    with pytest.raises(UserError, match=r"000000000000\.jpg: no such image, but it is in instances_val2017\.json"):
        open_dataset(f"coco_instances:{tmp_path}").examples("val")
    for text, fact in (
        ('{"images": [', "not JSON"),
        ('{"images": []}', "annotations: not a file of COCO annotations"),
        ('{"images": [], "annotations": [{}]}', r"annotations\[0\]: no 'category_id'"),
    ):
        file.write_text(text)
        with pytest.raises(UserError, match=fact):
            open_dataset(f"coco_instances:{tmp_path}").examples("val")


def test_sizes_in_the_annotations_are_compared(tmp_path: Path) -> None:
    dataset = instances(tmp_path, [box(0, 1, 0, 0, 40, 40)])
    save(tmp_path / "val2017" / "000000000000.jpg", photo(0, (60, 51)))
    (fault,) = check(dataset, "val").faults
    assert "the label is 50 × 60 pixels and its image 51 × 60" in str(fault)


# --- panoptic ---------------------------------------------------------------------------------------------------------

# MSeg: COCO panoptic category -> Cityscapes trainId
PANOPTIC = {149: 0, 191: 1, 197: 2, 128: 2, 151: 2, 171: 3, 175: 3, 176: 3, 177: 3, 199: 3, 185: 4, 10: 6, 13: 7,
            184: 8, 119: 8, 193: 9, 154: 9, 194: 9, 187: 10, 1: 11, 3: 13, 8: 14, 6: 15, 7: 16, 4: 17,
            2: 18}  # fmt: skip


def test_panoptic_categories() -> None:
    from archspec.datasets.coco_panoptic import CLASS_OF

    assert CLASS_OF == PANOPTIC


def test_panoptic_segments(tmp_path: Path) -> None:
    dataset = open_dataset(f"coco_panoptic:{tree('coco_panoptic', tmp_path)}")
    example = dataset.examples("train")[0]
    expected = [PANOPTIC.get(category, 255) for category in SEGMENTS.values()] + [255]
    assert dataset.read_label(example).ravel()[:6].tolist() == expected == [0, 13, 8, 11, 255, 255]


def test_panoptic_faults(tmp_path: Path) -> None:
    root = tree("coco_panoptic", tmp_path)
    file = root / "annotations/panoptic_train2017/000000000001.png"
    pixels = load(file).copy()
    pixels[0, 0] = (5, 1, 0)
    save(file, pixels)
    (fault,) = check(open_dataset(f"coco_panoptic:{root}"), "train").faults
    assert str(fault) == (
        f"{file}: label value 261 that no class has: no such segment in panoptic_train2017.json. "
        "Do the two files belong together?"
    )
    file.unlink()
    (root / "train2017/000000000000.jpg").unlink()
    with pytest.raises(UserError) as caught:
        open_dataset(f"coco_panoptic:{root}").examples("train")
    assert [one.message for one in caught.value.faults] == [
        "no such label, but it is in panoptic_train2017.json", "a label without its image"
    ]  # fmt: skip
    (root / "annotations/panoptic_train2017.json").write_text(json.dumps({"annotations": [{"file_name": "x.png"}]}))
    with pytest.raises(UserError, match=r"annotations\[0\]: no 'segments_info'"):
        open_dataset(f"coco_panoptic:{root}").examples("train")


# --- COCO's own ------------------------------------------------------------------------------------------------------


def test_masks_equal_the_organisers_code(data_folder: Path) -> None:
    """Where pycocotools is installed: every segmentation of the sample, and random outlines half out of the image."""
    organisers = pytest.importorskip("pycocotools.mask")
    document = json.loads((data_folder / "coco_instances" / "annotations.json").read_text())
    sizes = {row["id"]: (row["height"], row["width"]) for row in document["images"]}
    given = [(row["segmentation"], sizes[row["image_id"]]) for row in document["annotations"]]
    random = np.random.default_rng(0)
    given += [([(random.uniform(-9, 60, 14)).tolist()], (40, 50)) for _ in range(200)]
    for segmentation, size in given:
        runs = organisers.frPyObjects(segmentation, *size)
        theirs = organisers.decode(runs)
        theirs = theirs.max(2) if theirs.ndim == 3 else theirs
        assert np.array_equal(mask_of(segmentation, size), theirs.astype(bool))


def test_areas_of_real_annotations(data_folder: Path) -> None:
    """Drawn masks are as large as the areas that COCO's file states (of the outlines, so a little different)."""
    document = json.loads((data_folder / "coco_instances" / "annotations.json").read_text())
    sizes = {row["id"]: (row["height"], row["width"]) for row in document["images"]}
    large = [row for row in document["annotations"] if row["area"] > 2000]
    assert len(large) > 5
    for row in large:
        drawn = int(mask_of(row["segmentation"], sizes[row["image_id"]]).sum())
        assert drawn == pytest.approx(row["area"], rel=0.03)


def test_real_panoptic_areas(data_folder: Path) -> None:
    """The pixels of a class are exactly the areas of its segments in COCO's own JSON."""
    root = data_folder / "coco_panoptic" / "sample_data"
    dataset = open_dataset(f"coco_panoptic:{root}")
    assert dataset.splits == ("examples",)
    stated = [0] * 256
    for row in json.loads((root / "panoptic_examples.json").read_text())["annotations"]:
        for segment in row["segments_info"]:
            stated[PANOPTIC.get(segment["category_id"], 255)] += segment["area"]
    found = check(dataset, "examples")
    assert found.faults == () and list(found.pixels) == stated[:19]


def test_real_instances(data_folder: Path) -> None:
    dataset = open_dataset(f"coco_instances:{data_folder / 'coco_instances'}")
    names = [example.name for example in dataset.examples("all")]
    assert names == ["000000128372", "000000343934", "000000404249"]  # the others show none of the classes
    found = check(dataset, "all")
    assert found.faults == () and found.images == (3, 2, 0, 1, 1, 1, 0, 0, 0, 0)
