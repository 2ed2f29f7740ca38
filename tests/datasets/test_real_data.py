"""Real pictures, where $ARCHSPEC_DATA holds them: what others counted in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import Augmentation, check, check_before_training, open_dataset, training_batches
from tests.datasets.pictures import load

# percent of all pixels, void last, as the data's own description states them
CAMVID = {
    "train": (16.85, 23.26, 0.98, 31.66, 4.49, 9.72, 1.17, 1.13, 5.87, 0.64, 0.29, 3.95),
    "val": (9.18, 25.96, 0.56, 28.95, 8.72, 16.34, 0.89, 3.08, 1.75, 0.65, 2.22, 1.70),
}


@pytest.mark.parametrize(("split", "examples"), [("train", 367), ("val", 101)])
def test_camvid(data_folder: Path, split: str, examples: int) -> None:
    dataset = open_dataset(f"camvid:{data_folder / 'camvid'}")
    check_before_training(dataset, split)
    found = check(dataset, split)
    assert (found.faults, found.examples, found.sizes) == ((), examples, ((360, 480),))
    pixels = np.array([*found.pixels, found.ignored])
    np.testing.assert_allclose(100 * pixels / pixels.sum(), CAMVID[split], atol=0.0051)


def test_voc(data_folder: Path) -> None:
    dataset = open_dataset(f"pascal_voc:{data_folder / 'voc'}")
    names = {split: [one.name for one in dataset.examples(split)] for split in dataset.splits}
    assert sorted(names["train"] + names["val"]) == ["2011_000003", "2011_000006", "2011_000025"]
    for split in dataset.splits:
        assert check(dataset, split).faults == ()
        for example in dataset.examples(split):
            assert example.label is not None
            assert np.array_equal(dataset.read_label(example), load(example.label))
    stated = (data_folder / "voc" / "class_names.txt").read_text().split("\n")
    ours = dataset.classes.names
    assert len(stated) == len(ours) == 21
    assert [one.replace(" ", "").replace("/", "").strip("_") for one in stated] == list(ours)


def test_batches_of_camvid_go_on_where_they_stopped(data_folder: Path) -> None:
    dataset = open_dataset(f"camvid:{data_folder / 'camvid'}")
    options = {"augmentation": Augmentation(crop=(180, 240)), "batch_size": 8, "seed": 1, "steps": 50}
    whole = [(images.numpy(), labels.numpy()) for images, labels in training_batches(dataset, "train", **options)]  # type: ignore[arg-type]
    later = training_batches(dataset, "train", **options, first_step=47, cache="none")  # type: ignore[arg-type]
    for (images, labels), (again, labels_again) in zip(whole[47:], later, strict=True):
        assert images.tobytes() == again.numpy().tobytes()
        assert labels.tobytes() == labels_again.numpy().tobytes()
