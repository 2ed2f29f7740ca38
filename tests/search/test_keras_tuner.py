"""KerasTuner's tuners over a space: real searches of a tiny network, and the two faults of 1.4.8 that are handled."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archspec.measures import Limit
from archspec.search.candidates import Decision
from archspec.search.keras_tuner import hyper_model
from archspec.search.space import Space
from archspec.search.store import open_store
from archspec.spec import parse
from tests.cli.runner import run
from tests.train.tiny import NETWORK, RECIPE, Blocks

keras_tuner = pytest.importorskip("keras_tuner")
HEADS = "head={choose: [{basic: {filters: {choose: [4, 8]}}}, {aspp: {filters: 4, rates: {choose: [[1], [1, 2]]}}}]}"
STUDY = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0, 1.5]}, output_stride: {choose: [8, 16, 32]}}
objectives: {params: minimize, gflops: maximize}
sampler: {keras_tuner: {tuner: bayesian, initial: 3}}
"""
KEPT = {"front", "front.csv", "front.md", "front.svg", "record.json", "study.yaml", "study.db", ".lock", "plugins.json"}
RATE = Decision("learning_rate", low=1e-3, high=1e-1, log=True)


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    file = tmp_path / "tiny.yaml"
    file.write_text(RECIPE)
    return str(file)


def model(recipe: str, **more: Any) -> Any:
    return hyper_model(
        Space.of(parse(NETWORK, overrides=[HEADS])), recipe, {"blocks": Blocks()}, steps_per_epoch=2, **more
    )


def tuner(kind: str, tmp_path: Path, hyper: Any, **more: Any) -> Any:
    made = getattr(keras_tuner, kind)
    return made(
        hyper,
        objective=keras_tuner.Objective("val_miou", "max"),
        directory=tmp_path,
        project_name="one",
        seed=1,
        **more,
    )


def test_every_decision_is_declared_under_its_condition(recipe: str) -> None:
    hp = keras_tuner.HyperParameters()
    hyper = model(recipe, recipe_parameters=[RATE])
    spec = hyper.spec(hp)
    hyper.recipe(hp)
    space = Space.of(parse(NETWORK, overrides=[HEADS]))
    assert {one.name for one in hp.space} == {one.name for one in space.decisions} | {"recipe.learning_rate"}
    conditional = {one.name for one in hp.space if one.conditions}
    assert conditional == {one.name for one in space.decisions if one.parent}
    assert spec.choices() == ()


def test_recipe_parameters_reach_the_recipe(recipe: str) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Fixed("recipe.learning_rate", 0.05)
    assert model(recipe, recipe_parameters=[RATE]).recipe(hp).stages[0].learning_rate == 0.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["RandomSearch", "BayesianOptimization"])
def test_a_search_ends_with_a_spec(kind: str, tmp_path: Path, recipe: str) -> None:
    hyper = model(recipe, recipe_parameters=[RATE])
    one = tuner(kind, tmp_path, hyper, max_trials=3)
    one.search(epochs=1, verbose=0)
    trials = list(one.oracle.trials.values())
    assert [trial.status for trial in trials] == ["COMPLETED"] * 3
    assert all(0 <= trial.score <= 1 for trial in trials)
    assert hyper.spec(one.get_best_hyperparameters()[0]).choices() == ()


@pytest.mark.slow
def test_hyperband_goes_on_with_moments_and_rate(tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.train import KerasFit

    begun: list[tuple[int, int, float]] = []
    fit = KerasFit.fit

    def spied(self: Any, epochs: int, initial_epoch: int = 0, *rest: Any, **more: Any) -> Any:
        optimizer = self.model.optimizer
        moments = max(float(abs(one.numpy()).max()) for one in optimizer.variables[2:])
        begun.append((initial_epoch, int(optimizer.iterations.numpy()), moments))
        return fit(self, epochs, initial_epoch, *rest, **more)

    monkeypatch.setattr(KerasFit, "fit", spied)
    one = tuner("Hyperband", tmp_path, model(recipe), max_epochs=3, factor=3, hyperband_iterations=1)
    one.search(verbose=0)
    resumed = [(iterations, moments) for epoch, iterations, moments in begun if epoch == 1]
    assert resumed, "no trial was continued"
    assert all(iterations == 2 and moments > 0 for iterations, moments in resumed)
    assert all(iterations == 0 and moments == 0 for epoch, iterations, moments in begun if epoch == 0)


@pytest.mark.slow
def test_a_network_beyond_a_limit_fails_its_trial_and_is_not_built(
    tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archspec import lower

    monkeypatch.setattr(lower, "to_keras", lambda *_, **__: pytest.fail("a network beyond the limit was built"))
    one = tuner("RandomSearch", tmp_path, model(recipe, limits=[Limit("params", 10)]), max_trials=2)
    one.search(epochs=1, verbose=0)
    assert {trial.status for trial in one.oracle.trials.values()} == {"FAILED"}


@pytest.mark.slow
def test_scores_are_those_of_a_training(tmp_path: Path, recipe: str) -> None:
    """The same batches, rates, loss and scores: KerasTuner's trial of the whole recipe is our training."""
    from archspec.train import KerasFit, Order, Training, load_recipe
    from tests.train.tiny import spec

    order = Order(spec("head.basic.dropout=0"), load_recipe(recipe), {"blocks": Blocks()}, 0)
    ours = Training(order, tmp_path).train().about["metrics"]["val_miou"]
    history = KerasFit(order, steps_per_epoch=6).fit(1).history
    assert history["val_miou"][0] == pytest.approx(ours, abs=1e-6)


def test_a_study_proposes_by_keras_tuner_and_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    """Of cost alone; the Gaussian process begins after three. Nothing is left behind but the study's own files."""
    file = tmp_path / "small.yaml"
    file.write_text(STUDY)
    fronts = {}
    for name, budgets in (("whole", (7,)), ("resumed", (2, 5, 7))):
        for budget in budgets:
            result = run("search", str(file), "--trials", str(budget), "--output", str(tmp_path / name))
            assert result.code == 0, result.err
        (folder,) = (tmp_path / name).glob("small-*")
        with closing(open_store(str(folder / "study.db"))) as store:
            trials = store.open_study(folder.name).trials()
        fronts[name] = [(one.number, dict(one.genome), one.state) for one in trials]
        assert {one.name for one in folder.iterdir()} <= KEPT
    assert len(fronts["whole"]) >= 7
    assert fronts["whole"] == fronts["resumed"]
