"""`archspec evaluate --predictions` against the organisers' own code, number for number."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.scoring.ground_truth import CityscapesGroundTruth
from archspec.scoring.prediction_scores import score_predictions
from tests.cli.runner import run
from tests.scoring.cityscapes_trees import CLASSES, IGNORED, Tree, random_images, write_tree
from tests.scoring.official import official_command, official_python, official_scores

AVERAGES = {
    "miou": "averageScoreClasses",
    "iiou": "averageScoreInstClasses",
    "category_iou": "averageScoreCategories",
    "category_iiou": "averageScoreInstCategories",
}


def ours(tree: Tree) -> dict[str, Any]:
    """The command's JSON, which must be strict."""
    arguments = ("--predictions", str(tree.predictions), "--data", f"cityscapes:{tree.root}", "--split", "val")
    result = run("evaluate", *arguments, "--format", "json")
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return found


def equal(found: float | None, wanted: float) -> bool:
    """To 1e-9; NaN there is null here."""
    return found is None if math.isnan(wanted) else found is not None and abs(found - wanted) <= 1e-9


def check(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name, theirs in AVERAGES.items():
        assert equal(found[name], wanted[theirs]), (name, found[name], wanted[theirs])
    for name, scores in found["per_class"].items():
        assert equal(scores["iou"], wanted["classScores"][name]), name
        assert equal(scores["iiou"], wanted["classInstScores"][name]), name
    known = {name for name, value in wanted["classScores"].items() if not math.isnan(value)}
    assert known <= found["per_class"].keys()
    for name, scores in found["per_category"].items():
        assert equal(scores["iou"], wanted["categoryScores"][name]), name
        assert equal(scores["iiou"], wanted["categoryInstScores"][name]), name
    known = {name for name, value in wanted["categoryScores"].items() if not math.isnan(value)}
    assert known <= found["per_category"].keys()


def check_matrix(tree: Tree, wanted: dict[str, Any]) -> None:
    scored = score_predictions(CityscapesGroundTruth(tree.root), "val", tree.predictions)
    assert scored.counts.matrix.tolist() == wanted["confMatrix"]


def test_random_trees(tmp_path: Path) -> None:
    python = official_python()
    trees = [write_tree(tmp_path / str(seed), random_images(seed)) for seed in range(60)]
    results = official_scores(python, [tree.pairs() for tree in trees])
    scores = []
    for tree, wanted in zip(trees, results, strict=True):
        found = ours(tree)
        check(found, wanted)
        check_matrix(tree, wanted)
        scores.append(found)
    # The trees are worth their name: scores differ, some are not defined, and every part of them was met.
    assert len({one["miou"] for one in scores}) > 50
    assert any(one["iiou"] is None for one in scores)
    assert sum(one["iiou"] is not None and 0 < one["iiou"] < 1 for one in scores) > 20
    assert sum(one["category_iiou"] != one["category_iou"] for one in scores) > 20


def test_the_command_that_users_run(tmp_path: Path) -> None:
    """It finds predictions by itself, in folders below and with whatever after the name."""
    tree = write_tree(tmp_path, random_images(100) + random_images(101))
    check(ours(tree), official_command(official_python(), tree.root, tree.predictions, tmp_path / "out"))


@pytest.mark.parametrize("case", ["groups only", "ignored predictions", "ignored truth", "sixteen bits", "palette"])
def test_special_trees(tmp_path: Path, case: str) -> None:
    images = random_images(7)
    dtype: type = np.uint8
    if case == "groups only":
        images = [(truth, truth, predicted) for truth, _, predicted in images]
    elif case == "ignored predictions":
        ignored = np.array(IGNORED, np.uint8)
        images = [(t, i, ignored[p % len(ignored)]) for t, i, p in images]
    elif case == "ignored truth":
        images = [(np.full_like(t, 4), np.full_like(i, 4), p) for t, i, p in images]
    elif case == "sixteen bits":
        dtype = np.uint16
    tree = write_tree(tmp_path, images, dtype=dtype)
    if case == "palette":
        for _, file in tree.pairs():
            _with_palette(file)
    found = ours(tree)
    (wanted,) = official_scores(official_python(), [tree.pairs()])
    check(found, wanted)
    if case == "groups only":
        assert found["iiou"] == 0.0 or found["iiou"] is None
    if case == "ignored truth":
        assert [found[name] for name in AVERAGES] == [None] * 4


def test_caravans_on_cars_keep_the_category(tmp_path: Path) -> None:
    """A case by hand, without the organisers' code: cars predicted as caravans are found as vehicles only."""
    truth = np.full((10, 10), 26, np.uint8)
    truth[:, 5:] = 7
    predicted = truth.copy()
    predicted[:, :5] = 29
    instances = np.where(truth == 26, 26001, 7).astype(np.uint16)
    found = ours(write_tree(tmp_path, [(truth, instances, predicted)]))
    assert found["per_class"]["car"] == {"iou": 0.0, "iiou": 0.0, "accuracy": 0.0}
    assert found["per_category"]["vehicle"] == {"iou": 0.0, "iiou": 1.0}
    assert found["per_class"]["road"]["iou"] == 1.0
    assert found["per_class"]["sky"] == {"iou": None, "iiou": None, "accuracy": None}
    assert (found["miou"], found["category_iou"], found["category_iiou"]) == (0.5, 0.5, 1.0)
    assert list(found["per_class"]) == [
        "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
        "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    ]  # fmt: skip
    assert len(CLASSES) == 19


def _with_palette(file: Path) -> None:
    from PIL import Image

    with Image.open(file) as picture:
        coloured = picture.copy()
    coloured.putpalette([value % 256 for value in range(3 * 256)])
    coloured.save(file)
