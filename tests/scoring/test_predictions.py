"""What can be wrong with a folder of predictions, or with the truth: one line each, with the file's name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.runner import Result, run
from tests.scoring.cityscapes_trees import Tree, save, write_tree

Change = Callable[[Tree], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Three images that are predicted right."""
    labels = np.tile(np.array([7, 11, 26], np.uint8), (6, 4))
    return write_tree(tmp_path, [(labels, labels, labels)] * 3)


def score(tree: Tree, *more: str) -> Result:
    return run("evaluate", "--predictions", str(tree.predictions), "--data", f"cityscapes:{tree.root}", *more)


def prediction(tree: Tree, number: int = 1) -> Path:
    return tree.pairs()[number][1]


def truth(tree: Tree, number: int = 1) -> Path:
    return tree.pairs()[number][0]


def missing(tree: Tree) -> Path:
    prediction(tree).unlink()
    return second_truth(tree)


def twice(tree: Tree) -> Path:
    save(tree.predictions / "copy" / prediction(tree).name, np.zeros((6, 12), np.uint8))
    return second_truth(tree)


def second_truth(tree: Tree) -> Path:
    return sorted((tree.root / "gtFine" / "val").glob("*/*_labelIds.png"))[1]


def other_size(tree: Tree) -> Path:
    save(prediction(tree), np.full((6, 11), 7, np.uint8))
    return prediction(tree)


def colours(tree: Tree) -> Path:
    save(prediction(tree), np.zeros((6, 12, 3), np.uint8))
    return prediction(tree)


def value(number: int) -> Change:
    def change(tree: Tree) -> Path:
        save(prediction(tree), np.full((6, 12), number, np.uint8))
        return prediction(tree)

    return change


def cut_short(tree: Tree) -> Path:
    noise = np.random.default_rng(0).integers(0, 34, (200, 200)).astype(np.uint8)
    save(prediction(tree), noise)
    content = prediction(tree).read_bytes()
    prediction(tree).write_bytes(content[: len(content) // 2])
    return prediction(tree)


def no_image(tree: Tree) -> Path:
    prediction(tree).write_text("these are no pixels")
    return prediction(tree)


def no_instances(tree: Tree) -> Path:
    file = Path(str(truth(tree)).replace("labelIds", "instanceIds"))
    file.unlink()
    return file


def instances_of_another_size(tree: Tree) -> Path:
    file = Path(str(truth(tree)).replace("labelIds", "instanceIds"))
    save(file, np.zeros((5, 12), np.uint16))
    return file


def unknown_truth(tree: Tree) -> Path:
    save(truth(tree), np.full((6, 12), 77, np.uint8))
    return truth(tree)


def unknown_instance(tree: Tree) -> Path:
    save(Path(str(truth(tree)).replace("labelIds", "instanceIds")), np.full((6, 12), 45001, np.uint16))
    return truth(tree)


def instance_of_the_road(tree: Tree) -> Path:
    save(Path(str(truth(tree)).replace("labelIds", "instanceIds")), np.full((6, 12), 7001, np.uint16))
    return truth(tree)


FAULTS: list[tuple[Change, str]] = [
    (missing, "no prediction for it in {predictions}. Save one as aachen_000002_000019.png"),
    (twice, "several predictions for it ("),
    (other_size, "6 x 11 pixels, and the truth has 6 x 12"),
    (colours, "one channel"),
    (value(255), "value 255, which is no label of cityscapes. Labels are 0 to 33"),
    (value(34), "value 34, which is no label of cityscapes. Labels are 0 to 33"),
    (cut_short, "cannot be read"),
    (no_image, "not an image"),
    (no_instances, "cannot be read (No such file or directory)"),
    (instances_of_another_size, "5 x 12 pixels, and the label map has 6 x 12"),
    (unknown_truth, "label 77, which does not exist"),
    (unknown_instance, "an instance of label 45, which does not exist"),
    (instance_of_the_road, "an instance of 'road', which has none"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_one_fault_is_one_line_with_the_file(tree: Tree, change: Change, words: str) -> None:
    file = change(tree)
    result = score(tree)
    assert (result.code, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.startswith(f"{file}: ")
    assert words.format(predictions=tree.predictions) in line


def test_the_tree_is_right_before(tree: Tree) -> None:
    assert score(tree, "--format", "json").json()["miou"] == 1.0


def test_all_faults_are_told_together(tree: Tree) -> None:
    for number, (_, file) in enumerate(tree.pairs()):
        save(file, np.full((6, 12), 34 + number, np.uint8))
    lines = score(tree).err.splitlines()
    assert ["34" in lines[0], "35" in lines[1], "36" in lines[2], len(lines)] == [True, True, True, 3]


def test_many_faults_are_counted(tree: Tree, tmp_path: Path) -> None:
    labels = np.full((2, 2), 7, np.uint8)
    large = write_tree(tmp_path / "large", [(labels, labels, labels)] * 25)
    for _, file in large.pairs():
        file.unlink()
    lines = score(large).err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 5 more of 25 in all"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--split", "vall"), "cityscapes has no split 'vall'. Did you mean 'val'?"),
        (("--split", "train"), "no such folder. Name the folder that holds gtFine"),
    ],
)
def test_splits(tree: Tree, arguments: tuple[str, ...], words: str) -> None:
    result = score(tree, *arguments)
    assert result.code == 2
    assert words in result.err


def test_empty_split_and_missing_folders(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "gtFine" / "train" / "aachen").mkdir(parents=True)
    assert "no label maps (*/*_gtFine_labelIds.png)" in score(tree, "--split", "train").err
    nowhere = run("evaluate", "--predictions", str(tmp_path / "no"), "--data", f"cityscapes:{tree.root}")
    assert (nowhere.code, "no such folder" in nowhere.err) == (2, True)
    no_data = run("evaluate", "--predictions", str(tree.predictions), "--data", f"cityscapes:{tmp_path / 'no'}")
    assert (no_data.code, "no such folder" in no_data.err) == (2, True)


def test_limit_asks_for_no_more(tree: Tree) -> None:
    prediction(tree, 2).unlink()
    found = score(tree, "--limit", "2", "--format", "json").json()
    assert found["images"] == 2
    assert score(tree).code == 2


def test_predictions_in_training_numbers_are_suspected(tree: Tree) -> None:
    """The organisers' code scores them 0 without a word."""
    for _, file in tree.pairs():
        save(file, np.tile(np.array([0, 2, 13], np.uint8), (6, 4)))
    result = score(tree)
    assert result.code == 0
    assert "predictions hold only the values 0 to 13: are these training numbers?" in result.out
    right = score(tree_with_right_predictions(tree))
    assert "training numbers" not in right.out


def tree_with_right_predictions(tree: Tree) -> Tree:
    for label_file, file in tree.pairs():
        with Image.open(label_file) as picture:
            save(file, np.asarray(picture))
    return tree


def test_other_data_sets_hold_their_class_numbers(tmp_path: Path) -> None:
    """CamVid: truth 0 to 10, void 11; one prediction a label file, called as it is. A right one and one by half."""
    labels = np.tile(np.array([0, 3, 11, 3], np.uint8), (4, 1))
    half = labels.copy()
    half[:2, 1] = 8
    for name, predicted in (("a", labels), ("b", half)):
        save(tmp_path / "data" / "val" / f"{name}.png", np.zeros((4, 4, 3), np.uint8))
        save(tmp_path / "data" / "valannot" / f"{name}.png", labels)
        save(tmp_path / "predictions" / f"{name}.png", np.where(labels == 11, 0, predicted).astype(np.uint8))
        save(tmp_path / "predictions" / f"{name}0.png", labels)  # of nothing that is asked for
    arguments = ("--predictions", str(tmp_path / "predictions"), "--data", f"camvid:{tmp_path / 'data'}")
    found = run("evaluate", *arguments, "--boundary", "--format", "json").json()
    assert found["per_class"]["road"]["iou"] == 14 / 16
    assert (found["per_class"]["car"]["iou"], found["per_class"]["tree"]["iou"]) == (0.0, None)
    assert found["miou"] == pytest.approx((1 + 14 / 16 + 0) / 3)
    assert (found["pixels"], found["images"]) == (24, 2)
    assert 0 < found["boundary_iou"] < 1
    assert "iiou" not in found and "per_category" not in found
    save(tmp_path / "predictions" / "a.png", np.full((4, 4), 11, np.uint8))
    assert "value 11, which is no label of camvid. Labels are 0 to 10" in run("evaluate", *arguments).err
    (tmp_path / "predictions" / "a.png").unlink()
    assert "a.png: no prediction for it" in run("evaluate", *arguments).err
