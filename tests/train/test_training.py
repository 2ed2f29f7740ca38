"""A training from end to end on a tiny network: what it leaves, and that it goes on exactly where it was stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.graph.trace import trace
from archspec.network import spec_weights
from archspec.record import read_records
from archspec.spec import expand, load
from archspec.train import Order, Recipe, StepReport, Training
from archspec.train._progress import Log
from archspec.train._validation import Validator
from tests.train.tiny import SIZE, Blocks, recipe, spec


class Crash(Exception):
    """As good as kill -9: nothing of ours is called on the way out."""


class Watcher:
    """Remembers everything; `crash_at` steps of all stages it throws."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.facts: list[str] = []
        self.steps: list[StepReport] = []
        self.crash_at = crash_at

    def message(self, text: str) -> None:
        self.facts.append(text)

    def step(self, progress: StepReport) -> None:
        self.steps.append(progress)
        if len(self.steps) == self.crash_at:
            raise Crash

    def row(self, progress: StepReport) -> None:
        pass

    def caching(self, done: int, samples: int) -> None:
        pass


def order(one: Recipe, *lines: str, seed: int = 0, data: Blocks | None = None) -> Order:
    return Order(spec(*lines), one, {"blocks": data or Blocks()}, seed)


def trained(folder: Path, one: Order, watcher: Watcher | None = None) -> Training:
    training = Training(one, folder, watcher)
    assert training.train().state == "finished"
    return training


def arrays(training: Training) -> dict[str, np.ndarray[Any, Any]]:
    with np.load(training.run.weights) as file:
        return {name: file[name] for name in file.files if not name.startswith("__")}


def same(one: Training, other: Training) -> None:
    """Bit for bit."""
    left, right = arrays(one), arrays(other)
    assert left.keys() == right.keys()
    for key, array in left.items():
        assert array.tobytes() == right[key].tobytes(), key


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A run that nobody interrupted."""
    return trained(tmp_path_factory.mktemp("whole"), order(recipe("validation: {every: 3}")))


def test_a_run_leaves_what_others_read(whole: Training) -> None:
    run = whole.run
    about = json.loads((run.folder / "run.json").read_text())
    assert (about["state"], about["seed"], about["steps"], about["name"]) == ("finished", 0, [6], "tiny")
    assert about["data"] == ["blocks"]
    assert set(about["fingerprints"]) == {"blocks train", "blocks val"}
    assert about["versions"].keys() >= {"archspec", "keras", "python"}
    assert run.folder.name == f"tiny-test-{about['digest']}-s0"
    (miou, *classes) = read_records(run.records)
    assert miou.metric == "miou"
    assert miou.value == about["metrics"]["val_miou"]
    assert {record.metric for record in classes} == {"val_iou"}
    assert miou.circumstances["image_sizes"] == "24 x 32"
    assert miou.circumstances["crop"] == "16 x 24"
    assert miou.conditions["seed"] == 0
    assert [path.name for path in sorted(run.checkpoints.iterdir())] == [
        "stage1-step0000004.npz",
        "stage1-step0000006.npz",
    ]


def test_the_log_has_a_row_where_something_happened(whole: Training) -> None:
    rows = Log(whole.run.log).rows()
    assert [row.step for row in rows] == [2, 3, 4, 6]
    assert [row.val_miou is not None for row in rows] == [False, True, False, True]
    rates = [row.learning_rate for row in rows]
    assert rates == [pytest.approx(0.01 * (1 - (row.step - 1) / 6) ** 0.9) for row in rows]


def test_the_weights_of_the_last_step_are_scored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation after step 3, and one after the last; and one when all that was missing is the end."""
    calls: list[int] = []
    score = Validator.score
    monkeypatch.setattr(Validator, "score", lambda self, weights: calls.append(1) or score(self, weights))
    one = order(recipe("validation: {every: 3}"))
    finished = trained(tmp_path, one)
    assert len(calls) == 2
    finished.run.note(state="running")
    trained(tmp_path, one)
    assert len(calls) == 3


def test_the_spec_beside_the_weights_loads_them(whole: Training) -> None:
    """`archspec build RUN/spec.yaml` is the trained network, labels out, at the spec's own size."""
    network = expand(load(whole.run.folder / "spec.yaml"))
    graph = trace(network, Catalog())
    imported = spec_weights(network, graph)
    assert imported is not None
    assert not imported.fresh
    model = lower.load_keras(whole.run.model)
    image = np.random.default_rng(0).uniform(0, 255, (1, *SIZE, 3)).astype(np.float32)
    ours = lower.to_keras(graph, dict(imported.arrays))
    assert model.output_shape == (None, *SIZE)
    assert np.array_equal(model(image), ours(image))


def test_a_finished_run_is_not_repeated(whole: Training) -> None:
    before = whole.run.weights.stat().st_mtime_ns
    watcher = Watcher()
    again = Training(order(recipe("validation: {every: 3}")), whole.run.folder.parent, watcher).train()
    assert (again.state, again.fresh, watcher.steps) == ("finished", False, [])
    assert whole.run.weights.stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.parametrize("crash_at", [1, 2, 4, 5, 6])
def test_stopped_anywhere_it_ends_the_same(whole: Training, tmp_path: Path, crash_at: int) -> None:
    """Before the first checkpoint, on one, behind a row that is done again, between two, and after the last step."""
    one = order(recipe("validation: {every: 3}"))
    with pytest.raises(Crash):
        Training(one, tmp_path, Watcher(crash_at)).train()
    watcher = Watcher()
    resumed = trained(tmp_path, one, watcher)
    first = crash_at - 1 - (crash_at - 1) % 2  # the last checkpoint: one is written after the watcher is told
    assert [progress.step for progress in watcher.steps] == list(range(first + 1, 7))
    same(whole, resumed)
    assert [row.step for row in Log(resumed.run.log).rows()] == [2, 3, 4, 6]
    ours, theirs = (read_records(training.run.records)[0] for training in (whole, resumed))
    assert (ours.value, ours.key) == (theirs.value, theirs.key)


MOVING = "ema: 0.9\nclip_norm: 0.5\nbatch_norm: {momentum: 0.5}\n"


@pytest.mark.slow
def test_everything_that_moves_is_in_a_checkpoint(tmp_path: Path) -> None:
    """Averages, momentum, moving statistics, dropout's seeds."""
    one = order(recipe(MOVING, "test", "optimizer={sgd: {momentum: 0.9, nesterov: true}}"))
    whole = trained(tmp_path / "whole", one)
    with pytest.raises(Crash):
        Training(one, tmp_path / "other", Watcher(4)).train()
    same(whole, trained(tmp_path / "other", one))


def test_another_seed_is_another_run(whole: Training) -> None:
    other = trained(whole.run.folder.parent, order(recipe("validation: {every: 3}"), seed=1))
    assert other.run.folder.name == whole.run.folder.name.removesuffix("-s0") + "-s1"
    assert any(not np.array_equal(array, arrays(other)[key]) for key, array in arrays(whole).items())


CHANGES: dict[str, Callable[[], Order]] = {
    "recipe": lambda: order(recipe("validation: {every: 3}", "test", "learning_rate=0.02")),
    "spec": lambda: order(recipe("validation: {every: 3}"), "head.filters=9"),
    "data": lambda: order(recipe("validation: {every: 3}"), data=Blocks(counts={"train": 8, "val": 3})),
    "validation": lambda: order(recipe("validation: {every: 3}"), data=Blocks(counts={"train": 7, "val": 4})),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_recipe_spec_or_data_is_another_run(whole: Training, what: str) -> None:
    assert CHANGES[what]().name != whole.order.name


def test_what_a_recipe_is_called_is_in_the_name_and_not_in_the_hash(whole: Training) -> None:
    assert order(recipe("validation: {every: 3}", "other")).digest == whole.order.digest


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    training = Training(order(recipe()), tmp_path)
    with training.run.locked(), pytest.raises(UserError, match="another process trains here"):
        Training(order(recipe()), tmp_path).train()


@pytest.mark.slow
def test_a_damaged_checkpoint_is_said_and_the_one_before_is_used(whole: Training, tmp_path: Path) -> None:
    """Of a run that was killed, the last checkpoint is cut short; resumed, it ends as one that nobody stopped."""
    one = order(recipe("validation: {every: 3}"))
    with pytest.raises(Crash):
        Training(one, tmp_path, Watcher(5)).train()
    last = tmp_path / one.name / "checkpoints" / "stage1-step0000004.npz"
    last.write_bytes(last.read_bytes()[:1000])
    watcher = Watcher()
    resumed = trained(tmp_path, one, watcher)
    assert any("is damaged" in fact for fact in watcher.facts)
    assert watcher.steps[0].step == 3
    same(whole, resumed)
