"""Trunks that trainings of several lengths share: bit for bit as uninterrupted, and nothing trained twice."""

import shutil
from pathlib import Path

import pytest

from archspec.record import read_records
from archspec.train import Order, Recipe, Training, scaled, trunk_of
from archspec.train._progress import Log
from archspec.train._trunk_folder import trunk_digest
from tests.train.test_training import Crash, Watcher, order, same, trained
from tests.train.tiny import Blocks, recipe

ONE = "warm_up: {steps: 2}\nema: 0.9\nclip_norm: 0.5\n"
OVERRIDES = ("schedule={trunk: {decay: 0.5}}", "steps=10")
TWO = """
stages:
- {name: crops, steps: 3, warm_up: {steps: 2}, schedule: constant}
- {name: whole, steps: 2, augmentation: {crop: [24, 32]}, batch_size: 1}
"""
RECIPES: dict[str, Recipe] = {
    "one stage": recipe(ONE, "test", *OVERRIDES),
    "two stages": recipe(TWO),
    "cached features": recipe("freeze: backbone\ncache_features: {views: 2}\n", "test", *OVERRIDES),
}


def steps_of(watcher: Watcher) -> list[tuple[int, int]]:
    return [(one.stage, one.step) for one in watcher.steps]


def states(root: Path) -> list[str]:
    return [path.name for path in sorted((root / "trunks").glob("*/*.npz"))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_a_longer_training_goes_on_from_the_trunk_of_a_shorter(kind: str, tmp_path: Path) -> None:
    short, full = (order(scaled(RECIPES[kind], steps)) for steps in (5, 10))
    trunks = {"two stages": (3, 6)}.get(kind, (3, 5))  # 5 - round(0.5 · 5) = 3; 3 of 5 and 6 of 10 are steady
    branch, end = trunks
    name = f"stage1-step{branch:07d}.npz"
    watcher = Watcher()
    uninterrupted = trained(tmp_path / "whole", full, watcher)
    every = steps_of(watcher)
    assert len(every) == 10
    first = trained(tmp_path / "shared", short)
    assert "trunk" not in first.run.about()
    assert states(tmp_path / "shared") == [name]
    watcher = Watcher()
    second = trained(tmp_path / "shared", full, watcher)
    assert steps_of(watcher) == every[branch:]
    same(uninterrupted, second)
    about = second.run.about()["trunk"]
    assert (about["step"], about["steps"], about["stage"]) == (branch, branch, full.recipe.stages[0].name)
    assert (tmp_path / "shared" / about["folder"] / name).parent.is_dir()
    assert any("branches off from the trunk after step" in fact for fact in watcher.facts)
    assert states(tmp_path / "shared") == [f"stage1-step{end:07d}.npz"]  # the newest alone
    whole, shared = (
        [(row.stage, row.step, row.loss, row.val_miou) for row in Log(one.run.log).rows()]
        for one in (uninterrupted, second)
    )
    assert [row for row in shared if row in whole] == [row for row in whole if row in shared] != []
    assert whole[-1] == shared[-1]
    ours, theirs = (read_records(one.run.records)[0] for one in (uninterrupted, second))
    assert (ours.value, ours.key) == (theirs.value, theirs.key)
    assert theirs.circumstances["trunk_steps"] == branch
    assert "trunk_steps" not in ours.circumstances
    assert 0 < theirs.circumstances["trunk_s"] < theirs.circumstances["training_s"]  # type: ignore[operator]


@pytest.mark.slow
def test_killed_after_the_branch_nothing_is_done_again(tmp_path: Path) -> None:
    """Neither the trunk, though its folder is gone meanwhile, nor what the run had a checkpoint of."""
    short, full = (order(scaled(RECIPES["one stage"], steps)) for steps in (5, 10))
    trained(tmp_path, short)
    with pytest.raises(Crash):
        Training(full, tmp_path, Watcher(1)).train()  # in step 4, before its first checkpoint
    shutil.rmtree(tmp_path / "trunks")
    watcher = Watcher()
    resumed = Training(full, tmp_path, watcher, keeps_checkpoints=False)
    assert resumed.train().state == "finished"
    assert [one.step for one in watcher.steps] == [4, 5, 6, 7, 8, 9, 10]
    assert states(tmp_path) == ["stage1-step0000005.npz"]
    assert not resumed.run.checkpoints.exists()


def test_a_trunk_is_of_all_that_it_depends_on_and_not_of_its_length() -> None:
    def digest(one: Order) -> str:
        trunk = trunk_of(one.recipe)
        assert trunk is not None
        return trunk_digest(one, trunk)

    def changed(*changes: str) -> Recipe:
        return recipe(ONE, "test", "schedule=trunk", *changes)

    own = digest(order(changed()))
    same_trunk = ("steps=60", "schedule={trunk: {decay: 0.1, end: 0.1}}", "validation={every: 2}", "checkpoint_every=1")
    for change in same_trunk:
        assert digest(order(changed(change))) == own, change
    assert digest(order(changed(), "name=another")) == own
    for change in (
        "learning_rate=0.02",
        "batch_size=3",
        "warm_up.steps=1",
        "augmentation.flip_probability=0.1",
        "ema=none",
    ):
        assert digest(order(changed(change))) != own, change
    assert digest(order(changed(), "head.filters=9")) != own
    assert digest(order(changed(), data=Blocks(counts={"train": 8, "val": 3}))) != own
    assert digest(order(changed(), data=Blocks(counts={"train": 7, "val": 4}))) == own
