"""What optuna-dashboard would read: the study in Optuna's own tables of the same file."""

from dataclasses import replace

import pytest

from archspec.search.optuna_mirror import mirror
from archspec.search.store import TrialStore
from archspec.search.trials import Trial
from tests.search.fake_space import FakeSpace, grid_96
from tests.search.test_driver import OBJECTIVES, Below, search


def test_optuna_opens_the_same_storage_with_our_front(store: TrialStore, capfd: pytest.CaptureFixture[str]) -> None:
    import optuna

    result = search(store, 20, screen=Below(4.0)).run()
    assert mirror(store.url, "study", grid_96(), OBJECTIVES, result.trials) == len(result.trials)
    assert mirror(store.url, "study", grid_96(), OBJECTIVES, result.trials) == 0
    assert capfd.readouterr() == ("", "")
    study = optuna.load_study(storage=store.url, study_name="study")
    assert [trial.params for trial in study.trials] == [dict(trial.genome) for trial in result.trials]
    assert {tuple(trial.values) for trial in study.best_trials} == {
        (trial.values["miou"], trial.values["cost"]) for trial in result.front
    }
    states = [trial.state.name for trial in study.trials]
    assert states.count("COMPLETE") == 20 and states.count("PRUNED") == result.counts["rejected"]
    assert study.metric_names == ["miou", "cost"]


def test_only_what_is_new_and_finished_is_written(store: TrialStore) -> None:
    space = FakeSpace(grid_96().decisions[:1])
    trials = [Trial(n, str(n), {"width": 0.5}, "done", {"miou": 0.5, "cost": float(n)}) for n in range(3)]
    running = replace(trials[2], state="running", values={})
    assert mirror(store.url, "s", space, OBJECTIVES, [*trials[:2], running]) == 2
    assert mirror(store.url, "s", space, OBJECTIVES, trials) == 1
