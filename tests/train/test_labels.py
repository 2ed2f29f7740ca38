"""Labels that say nothing are told of or refused before training, and no error leaves a run that seems to go on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import Example, count_labels
from archspec.errors import UserError
from archspec.train import Order, Training, parse_recipe
from tests.cli.runner import run
from tests.train.test_training import Crash, Watcher
from tests.train.tiny import RECIPE, Blocks, recipe, spec

Array = np.ndarray[Any, Any]


class Masks(Blocks):
    """Labels of 0 and 255 alone, or of 255 alone in the splits of `hidden`; `broken` cannot be read once it is set."""

    def __init__(self, hidden: tuple[str, ...] = (), counts: dict[str, int] | None = None) -> None:
        super().__init__(2, counts)
        self.hidden = hidden
        self.numbers = {0: 0, 1: 1, 255: 255}
        self.broken = False

    def read_label(self, example: Example) -> Array:
        if self.broken:
            raise UserError(()) from OSError("gone")
        label = super().read_label(example)
        label[label == 1] = 255
        return np.full_like(label, 255) if example.name.rstrip("0123456789") in self.hidden else label


def order(data: Blocks, more: str = "") -> Order:
    return Order(spec("classes=2"), recipe(more), {"masks": data})


def test_masks_of_0_and_255_are_told_in_training_and_in_its_scores(tmp_path: Path) -> None:
    watcher = Watcher()
    outcome = Training(order(Masks()), tmp_path, watcher).train()
    assert "caution: no pixel of class 'class1' in train, val" in watcher.facts
    assert any("255 means ignored; in masks of 0 and 255 write 1" in fact for fact in watcher.facts)
    nowhere = outcome.about["metrics"]["val_iou"]["class1"] is None  # the network may predict it all the same
    assert watcher.steps[-1].val_classes == ((1, 2) if nowhere else (2, 2))


@pytest.mark.parametrize(
    ("hidden", "more", "split"),
    [(("train",), "", "train"), (("val",), "", "val"), (("val",), "validation: {images: 2}", "val")],
)
def test_a_split_in_which_nothing_is_labelled_is_refused(
    tmp_path: Path, hidden: tuple[str, ...], more: str, split: str
) -> None:
    labels = 2 if "images" in more else {"train": 7, "val": 3}[split]
    with pytest.raises(UserError) as caught:
        Training(order(Masks(hidden), more), tmp_path).train()
    assert str(caught.value) == (
        f"blocks: no pixel of the {labels} labels of the split '{split}' has a class: all are ignored (255). "
        "Nothing can be learned or scored from it: look at the labels"
    )
    assert list(tmp_path.iterdir()) == []


def test_one_labelled_pixel_in_the_last_label_is_enough() -> None:
    data = Masks(("train",), {"train": 450, "val": 1})
    last = data.examples("train")[-2]  # not among the 200 that are read first
    hidden = data.read_label
    data.read_label = lambda example: np.zeros_like(hidden(example)) if example == last else hidden(example)  # type: ignore[method-assign]
    counts = count_labels(data, "train")
    assert sum(counts.pixels) == counts.pixels[0] > 0 and counts.labels == 450 > 200 <= counts.examined


def test_a_run_that_an_error_ended_is_stopped_and_goes_on(tmp_path: Path) -> None:
    """The reason is kept; afterwards the same command finishes it."""
    one = order(Blocks(2))
    training = Training(one, tmp_path, Watcher(crash_at=3))
    with pytest.raises(Crash):
        training.train()
    about = training.run.about()
    assert (about["state"], about["error"]) == ("stopped", "Crash")
    again = Training(one, tmp_path)
    assert again.train().state == "finished"
    assert again.run.about()["error"] is None


def test_ctrl_c_and_a_label_that_is_gone_leave_a_stopped_run(tmp_path: Path) -> None:
    class Interrupts(Watcher):
        def step(self, progress: Any) -> None:
            raise KeyboardInterrupt

    one = order(Blocks(2))
    with pytest.raises(KeyboardInterrupt):
        Training(one, tmp_path, Interrupts()).train()
    about = Training(one, tmp_path).run.about()
    assert (about["state"], about["error"]) == ("stopped", "interrupted")


@pytest.mark.parametrize("channels", [1, 4])
def test_a_network_of_other_channels_is_refused_before_anything_is_built(tmp_path: Path, channels: int) -> None:
    from tests.datasets.pictures import labels, photo, save

    for split in ("train", "val"):
        save(tmp_path / "images" / split / "a.png", photo(0, (24, 32)))
        save(tmp_path / "labels" / split / "a.png", labels(0, (24, 32), (0, 1)))
    (tmp_path / "classes.txt").write_text("a\nb\n")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    found = run(
        "train", "shufflenetv2_basic", "--set", f"input.channels={channels}", "--recipe",
        str(tmp_path / "recipe.yaml"), "--data", f"folder:{tmp_path}", "--output", str(tmp_path / "runs"),
    )  # fmt: skip
    (line,) = found.err.splitlines()
    assert found.code == 2 and f"the network reads images of {channels} channel" in line and "have 3 (RGB)" in line
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UserError, match=r"input\.channels: the network reads images of"):
        Order(spec(f"input.channels={channels}", "input.preprocess=none"), parse_recipe(RECIPE, "r"), {"b": Blocks()})


def test_the_result_names_what_the_mean_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from archspec.cli.train import put_result
    from archspec.train import Run, TrainingResult

    metrics = {"val_miou": 1.0, "val_iou": {"sky": 1.0, "target": None}, "val_images": 2}
    (tmp_path / "run.json").write_text(json.dumps({}))
    put_result(TrainingResult(Run(tmp_path), "finished", {"metrics": metrics}, fresh=True))
    assert "mean over 1 of 2 classes: 'target' is neither in the labels nor predicted" in capsys.readouterr().out
