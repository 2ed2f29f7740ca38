"""Stages one after the other, and trainings that come apart."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import Dataset
from archspec.errors import UserError
from archspec.train import Order, StepReport, Training
from archspec.train._checkpoint import Position, checkpoints, read_checkpoint, write_checkpoint
from archspec.train._progress import Log
from tests.train.test_training import Crash, Watcher, arrays, same
from tests.train.tiny import Blocks, recipe, spec

TWO = """
stages:
- {name: first, data: four, steps: 3, learning_rate: 0.02}
- {name: second, data: blocks, steps: 4, freeze: head.aspp0}
"""


class Four(Blocks):
    """Another data set, of four classes."""

    name = "four"

    def __init__(self) -> None:
        super().__init__(classes=4, counts={"train": 5, "val": 2})


def order(more: str = TWO) -> Order:
    data: dict[str, Dataset] = {"four": Four(), "blocks": Blocks()}
    return Order(spec("classes=4"), recipe(more), data, 0)


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, Watcher]:
    watcher = Watcher()
    training = Training(order(), tmp_path_factory.mktemp("chained"), watcher)
    assert training.train().state == "finished"
    return training, watcher


def test_a_stage_begins_with_what_the_one_before_ended_with(chained: tuple[Training, Watcher]) -> None:
    """Frozen in the second stage, `head.aspp0` is in the end as the first stage left it."""
    training, watcher = chained
    assert [(one.stage, one.step) for one in watcher.steps] == [(1, 1), (1, 2), (1, 3), *((2, k) for k in (1, 2, 3, 4))]
    alone = Training(
        Order(spec("classes=4"), recipe("name: first\ndata: four\n", "alone", "steps=3", "learning_rate=0.02"),
              {"four": Four()}, 0),
        training.run.folder.parent,
    )  # fmt: skip
    assert alone.train().state == "finished"
    first, last = arrays(alone), arrays(training)
    kept = [key for key in first if key.startswith("head.aspp0")]
    assert kept
    assert all(np.array_equal(first[key], last[key]) for key in kept)
    assert not np.array_equal(first["backbone.stem.conv/kernel"], last["backbone.stem.conv/kernel"])


def test_seconds_are_those_of_the_whole_training(chained: tuple[Training, Watcher]) -> None:
    lines = (chained[0].run.log).read_text().splitlines()
    column = lines[0].split(",").index("seconds")
    seconds = [float(line.split(",")[column]) for line in lines[1:]]
    assert len(seconds) >= 4
    assert seconds == sorted(seconds)
    assert seconds[0] > 0


def test_checkpoints_of_the_tenth_stage_are_later_than_those_of_the_second(tmp_path: Path) -> None:
    for stage, step in ((1, 30), (9, 5), (1, 4), (9, 20)):
        write_checkpoint(tmp_path, Position(stage, step), {})
    assert [read_checkpoint(path)[0] for path in checkpoints(tmp_path)] == [Position(9, 5), Position(9, 20)]


def test_a_classifier_of_other_classes_is_fresh_and_that_is_said(chained: tuple[Training, Watcher]) -> None:
    training, watcher = chained
    said = [fact for fact in watcher.facts if "fresh" in fact]
    assert said == ["stage 'second' begins with fresh classifier.logits/kernel, classifier.logits/bias"]
    assert arrays(training)["classifier.logits/bias"].shape == (3,)
    assert json.loads((training.run.folder / "run.json").read_text())["classes"] == ["class0", "class1", "class2"]


@pytest.mark.slow
@pytest.mark.parametrize("crash_at", [2, 3, 4, 6])
def test_stopped_in_any_stage_it_ends_the_same(
    chained: tuple[Training, Watcher], tmp_path: Path, crash_at: int
) -> None:
    with pytest.raises(Crash):
        Training(order(), tmp_path, Watcher(crash_at)).train()
    resumed = Training(order(), tmp_path)
    assert resumed.train().state == "finished"
    same(chained[0], resumed)
    assert [(row.stage, row.step) for row in Log(resumed.run.log).rows()] == [(1, 2), (1, 3), (2, 2), (2, 4)]


@pytest.mark.slow
def test_stopped_in_a_stage_on_features_it_ends_the_same(tmp_path: Path) -> None:
    """The frozen weights that the features were made by come out of the checkpoint."""
    more = TWO.replace("freeze: head.aspp0", "freeze: backbone, cache_features: {}")
    whole = Training(order(more), tmp_path / "whole")
    assert whole.train().state == "finished"
    with pytest.raises(Crash):
        Training(order(more), tmp_path / "other", Watcher(6)).train()
    resumed = Training(order(more), tmp_path / "other")
    assert resumed.train().state == "finished"
    same(whole, resumed)


FAULTS: list[tuple[str, dict[str, Dataset], str]] = [
    ("stages: [{data: five}]", {"blocks": Blocks()}, "stage '1' trains on 'five', which is not given"),
    ("data: block", {"blocks": Blocks()}, "Did you mean 'blocks'"),
    ("", {"blocks": Blocks(), "four": Four()}, "does not say which of the data sets it is for"),
    ("class_weights: [1, 2]", {"blocks": Blocks()}, "class_weights has 2 numbers, and blocks has 3 classes"),
]


@pytest.mark.parametrize(("more", "data", "said"), FAULTS)
def test_stages_that_do_not_fit_the_data(more: str, data: dict[str, Dataset], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        Training(Order(spec(), recipe(more), data, 0), tmp_path).train()


class Poisoned(Watcher):
    """Puts what is not a number into a weight after some steps."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.training: Any = None

    def step(self, progress: StepReport) -> None:
        super().step(progress)
        if progress.step == self.after:
            variable = self.training.model.get_layer("classifier.logits").kernel
            variable.assign(np.full(variable.shape, np.nan, np.float32))


def poisoned(folder: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Training, Any]:
    from archspec.train import _training

    watcher = Poisoned(after)
    make = _training.Fit

    def fit(*arguments: Any, **more: Any) -> Any:
        watcher.training = make(*arguments, **more)
        return watcher.training

    monkeypatch.setattr(_training, "Fit", fit)
    training = Training(Order(spec(), recipe(), {"blocks": Blocks()}, 0), folder, watcher)
    return training, training.train()


def test_a_loss_that_is_not_a_number_is_a_failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, outcome = poisoned(tmp_path, 3, monkeypatch)
    assert outcome.state == "failed"
    about = json.loads((training.run.folder / "run.json").read_text())
    assert about["error"] == "the loss is nan in step 4 of stage '1'"
    assert about["last_good_checkpoint"] == "checkpoints/stage1-step0000002.npz"
    assert not training.run.weights.exists()
    again = Training(training.order, tmp_path).train()
    assert (again.state, again.fresh) == ("failed", False)


def test_a_state_that_is_not_finite_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights break just before a checkpoint is due, when the loss has not seen it yet."""
    training, outcome = poisoned(tmp_path, 4, monkeypatch)
    assert outcome.state == "failed"
    assert "'model/classifier.logits/kernel' is not finite after step 4" in outcome.about["error"]
    _, state = read_checkpoint(training.run.folder / outcome.about["last_good_checkpoint"])
    assert all(np.isfinite(array).all() for array in state.values())


def test_a_learning_rate_that_is_far_too_high(tmp_path: Path) -> None:
    one = recipe("", "wild", "optimizer=sgd", "weight_decay={l2: 1.0}", "learning_rate=1.0e30")
    outcome = Training(Order(spec(), one, {"blocks": Blocks()}, 0), tmp_path).train()
    assert outcome.state == "failed"


def test_epochs_are_steps_by_the_size_of_the_split(tmp_path: Path) -> None:
    """7 images, 2 a batch: two epochs are 7 batches."""
    one = Order(spec(), recipe("stages: [{epochs: 2}, {epochs: 0.1}]"), {"blocks": Blocks()}, 0)
    assert Training(one, tmp_path).steps == (7, 1)


def test_inverse_log_weights_are_counted_from_the_training_labels() -> None:
    from archspec.train._losses import class_weights

    data = Blocks()
    labels = np.stack([data.read_label(example) for example in data.examples("train")])
    shares = [(labels == number).sum() / (labels != 255).sum() for number in range(3)]
    found = class_weights(recipe("class_weights: {inverse_log: 1.02}").stages[0], data)
    assert found == pytest.approx([1 / np.log(1.02 + share) for share in shares])
