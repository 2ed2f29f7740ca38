"""Trainings on a Ray cluster: the numbers of this machine, with all files that they take and leave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archspec.experiment import evaluator_for
from archspec.experiment.engines import LOCAL, Work, WorkResult, start_engine
from archspec.measures import Settings
from archspec.spec import Named
from tests.experiment.ray_cluster import RayCluster
from tests.train.tiny import NETWORK

RECIPE = """
augmentation: {crop: [24, 32]}
batch_size: 1
steps: 8
learning_rate: 0.01
optimizer: adamw
weight_decay: {decoupled: 0.004}
schedule: {trunk: {decay: 0.5}}
checkpoint_every: 2
validation: {every: 8, images: 1}
"""
SPEC = NETWORK.replace("classes: 3", "classes: 9")


def evaluated(settings: Settings, engine: Named, steps: int) -> WorkResult:
    under = replace(settings, training_steps=steps, training_decay=0.5)
    made = start_engine(1, evaluator_for(under), engine)
    try:
        made.start(Work(1, SPEC, under))
        for _ in range(240):
            for result in made.wait(2.0):
                assert result.ended == "", result
                return result
    finally:
        made.stop()
    raise AssertionError("no result came")


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}


@pytest.mark.slow
def test_a_training_gives_the_same_on_a_cluster_and_goes_on_there(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipe lies only where the driver runs; the second rung is on another node, which has no trunk."""
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    Path("short.yaml").write_text(RECIPE)
    plain = Settings(("miou",), data=("synthetic_streets",), recipes={"miou": "short.yaml"}, output="here")
    there = replace(plain, output="there")
    for steps, where in ((4, {"resources": {"one": 1}}), (8, {"gpus": 1.0})):
        ours = evaluated(plain, LOCAL, steps).evaluation
        theirs = evaluated(there, Named("ray", {"address": cluster.address, **where}), steps).evaluation
        assert ours is not None and theirs is not None
        assert theirs.values == ours.values
        assert [(one.key, one.value) for one in theirs.records] == [(one.key, one.value) for one in ours.records]
        assert tree(Path("there")) >= tree(Path("here")) != set()
        assert all(name.startswith("trunks/") for name in tree(Path("there")) - tree(Path("here")))  # older states
    (record,) = theirs.records
    assert record.circumstances["trunk_steps"] == 2
