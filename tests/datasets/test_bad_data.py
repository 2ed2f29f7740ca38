"""Everything that can be wrong with files: one clear error each, with the file's name, as early as can be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import Augmentation, check, check_before_training, open_dataset, reading_errors, training_batches
from archspec.errors import UserError
from tests.cli.runner import run
from tests.datasets.pictures import cut, labels, photo, save
from tests.datasets.trees import tree


@pytest.fixture
def camvid(tmp_path: Path) -> Path:
    return tree("camvid", tmp_path)


def faults(root: Path, split: str = "train") -> list[str]:
    """What a look at headers and file ends finds."""
    with pytest.raises(UserError) as caught:
        check_before_training(open_dataset(f"camvid:{root}"), split)
    return [str(fault) for fault in caught.value.faults]


def all_faults(root: Path) -> list[str]:
    """What reading everything finds."""
    return [str(fault) for fault in check(open_dataset(f"camvid:{root}"), "train").faults]


def test_a_good_tree_has_none(camvid: Path) -> None:
    check_before_training(open_dataset(f"camvid:{camvid}"), "train")
    assert all_faults(camvid) == []


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.85])
@pytest.mark.parametrize("folder", ["train", "trainannot"])
def test_a_png_cut_short(camvid: Path, folder: str, share: float) -> None:
    broken = cut(camvid / folder / "0001TP_000001.png", share)
    for found in (faults(camvid), all_faults(camvid)):
        assert len(found) == 1
        assert found[0].startswith(f"{broken}: ")
        assert "cannot be read" in found[0] or "not an image" in found[0]


def test_a_jpeg_cut_short(tmp_path: Path) -> None:
    root = tree("pascal_voc", tmp_path)
    broken = cut(min(root.rglob("JPEGImages/2007_5*.jpg")))
    dataset = open_dataset(f"pascal_voc:{root}")
    with pytest.raises(UserError, match=f"{broken}: cannot be read"):
        check_before_training(dataset, "train")


def test_bytes_after_the_end_are_no_fault(camvid: Path) -> None:
    for file in (camvid / "train").iterdir():
        file.write_bytes(file.read_bytes() + bytes(3000))  # more than what is looked at: decoded before it is blamed
    check_before_training(open_dataset(f"camvid:{camvid}"), "train")


def test_a_file_that_is_no_image(camvid: Path) -> None:
    (camvid / "train" / "0001TP_000000.png").write_text("nothing to see\n")
    assert faults(camvid) == all_faults(camvid)
    assert "0001TP_000000.png: not an image that can be read" in faults(camvid)[0]


def test_missing_labels_and_images(camvid: Path) -> None:
    (camvid / "trainannot" / "0001TP_000000.png").unlink()
    (camvid / "train" / "0001TP_000002.png").unlink()
    found = faults(camvid)
    assert found == all_faults(camvid)
    assert found == [
        f"{camvid}/train/0001TP_000000.png: no label (trainannot/0001TP_000000.png). Add it, or take the image out",
        f"{camvid}/trainannot/0001TP_000002.png: a label without its image. Add the image, or take the label out",
    ]


def test_two_images_of_one_name(camvid: Path) -> None:
    save(camvid / "train" / "0001TP_000000.jpg", photo(5, (12, 16)))
    assert ".png: the same name as" in faults(camvid)[0]


def test_sizes_that_differ(camvid: Path) -> None:
    save(camvid / "trainannot" / "0001TP_000001.png", labels(1, (16, 13), (0, 1)))
    expected = (
        f"{camvid}/trainannot/0001TP_000001.png: the label is 13 × 16 pixels and its image 16 × 13 "
        f"({camvid}/train/0001TP_000001.png). They must be of one size"
    )
    assert faults(camvid) == all_faults(camvid) == [expected]


def test_a_label_value_that_no_class_has(camvid: Path) -> None:
    save(camvid / "trainannot" / "0001TP_000001.png", labels(1, (13, 16), (0, 12, 77, 255)))
    expected = f"{camvid}/trainannot/0001TP_000001.png: label values 12, 77, 255 that no class has. Known are 0 to 11"
    assert all_faults(camvid) == [expected]
    check_before_training(open_dataset(f"camvid:{camvid}"), "train")  # it decodes nothing


def test_a_label_in_colours_where_numbers_are_wanted(tmp_path: Path) -> None:
    root = tree("ade20k", tmp_path)
    file = min(root.rglob("annotations/training/*.png"))
    save(file, photo(0, (20, 22)))
    (fault,) = check(open_dataset(f"ade20k:{root}"), "train").faults
    assert str(fault) == f"{file}: a label must have one channel, this has 3. Save class numbers, not colours"


def test_an_empty_split(camvid: Path) -> None:
    for folder in ("train", "trainannot"):
        for file in (camvid / folder).iterdir():
            file.unlink()
    assert faults(camvid) == [f"{camvid}: the split 'train' is empty. Is it the right folder?"]
    with pytest.raises(UserError, match="the split 'train' is empty"):
        check(open_dataset(f"camvid:{camvid}"), "train")


def test_no_folder_of_labels(camvid: Path) -> None:
    (camvid / "trainannot").rename(camvid / "elsewhere")
    assert faults(camvid) == [
        f"{camvid}/trainannot: cannot be read (No such file or directory). Is it the right folder?"
    ]


@pytest.mark.parametrize("folder", [".", "train", "trainannot"])
def test_a_folder_that_may_not_be_read(camvid: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by taking the permission away: who runs tests as root could read it all the same."""
    closed = camvid / folder
    real = os.listdir, os.scandir

    def refuse(path: str | Path = ".") -> None:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", lambda path=".": (refuse(path), real[0](path))[1])
    monkeypatch.setattr(os, "scandir", lambda path=".": (refuse(path), real[1](path))[1])
    assert faults(camvid)[0].startswith(f"{closed}: cannot be read (Permission denied).")


def test_very_many_faults_are_counted(camvid: Path) -> None:
    for number in range(100, 170):
        save(camvid / "train" / f"0001TP_{number:06d}.png", photo(number, (8, 8)))
        save(camvid / "trainannot" / f"0001TP_{number:06d}.png", labels(number, (9, 8), (0, 1)))
    found = faults(camvid)
    assert len(found) == 51 and found[-1] == "and 20 more of 70 in all"
    assert len(all_faults(camvid)) == 70


def test_a_bad_file_found_while_training(camvid: Path) -> None:
    broken = camvid / "trainannot" / "0001TP_000001.png"
    save(broken, labels(1, (13, 16), (0, 99)))
    dataset = open_dataset(f"camvid:{camvid}")
    crop = Augmentation(crop=(8, 8))
    with pytest.raises(UserError) as caught, reading_errors():
        for _ in training_batches(dataset, "train", augmentation=crop, batch_size=3, seed=0, steps=2):
            pass
    assert str(caught.value) == f"{broken}: label value 99 that no class has. Known are 0 to 11"


def test_other_errors_pass_through_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), reading_errors():
        _ = 1 / 0


def test_the_command_names_every_fault_and_exits_with_2(camvid: Path) -> None:
    cut(camvid / "train" / "0001TP_000000.png")
    save(camvid / "trainannot" / "0001TP_000001.png", labels(1, (13, 16), (0, 12)))
    (camvid / "val" / "0001TP_000000.png").unlink()
    found = run("data", "check", f"camvid:{camvid}")
    assert found.code == 2
    lines = found.err.splitlines()
    assert len(lines) == 3
    assert [line.split(": ")[0].removeprefix(f"{camvid}/") for line in lines] == [
        "train/0001TP_000000.png", "trainannot/0001TP_000001.png", "valannot/0001TP_000000.png"
    ]  # fmt: skip
    assert "Traceback" not in found.err
    assert "train: 3 images, 16 × 13, 16 × 14; " in found.out and "; 2 faults" in found.out


def test_a_bad_image_size_is_not_decoded(camvid: Path) -> None:
    """A header that claims a gigantic image is refused, not allocated."""
    file = camvid / "train" / "0001TP_000000.png"
    data = bytearray(file.read_bytes())
    data[16:24] = np.array([100_000, 100_000], ">u4").tobytes()
    file.write_bytes(data)
    (fault,) = [fault for fault in all_faults(camvid) if "0001TP_000000" in fault]
    assert fault.startswith(f"{file}: ")
