"""Rungs as values, and in stores: what a rung costs, and tables of versions that knew none."""

import threading
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, inspect, text

from archspec.search.fidelity import Fidelity
from archspec.search.store import open_store
from archspec.search.trials import Trial

COLUMNS = ("rung", "rungs", "steps")


def test_a_rung_costs_what_the_trunk_below_does_not_hold_already() -> None:
    fidelity = Fidelity((100, 300, 900), decay=0.3)
    assert [fidelity.trunk(rung) for rung in range(3)] == [70, 210, 630]
    assert [fidelity.added(rung) for rung in range(3)] == [100, 300 - 70, 900 - 210]
    assert [replace(fidelity, decay=None).added(rung) for rung in range(3)] == [100, 300, 900]  # nothing is shared


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found = str(request.getfixturevalue(f"{request.param}_url"))
    return found if "://" in found else f"sqlite:///{found}"


def test_rungs_come_back_as_they_were_written(url: str) -> None:
    store = open_store(url)
    study = store.create_study(uuid.uuid4().hex, "", 0)
    trial = study.claim(Trial(-1, "a", {"n": 1}, "running", rung=1, rungs=({"miou": 0.25, "ms": None},), steps=330), 9)
    found = study.news()[0][0]
    assert trial.trial is not None
    assert (found.rung, found.rungs, found.steps) == (1, ({"miou": 0.25, "ms": None},), 330)
    store.close()


def test_a_store_of_before_opens_and_keeps_its_trials(url: str) -> None:
    store, name = open_store(url), uuid.uuid4().hex
    study = store.create_study(name, "", 0)
    trial = study.claim(Trial(-1, "a", {"n": 1}, "running"), 9).trial
    assert trial is not None and study.finish(replace(trial, state="done", values={"miou": 0.5}))
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        for column in COLUMNS:
            connection.execute(text(f"ALTER TABLE archspec_trials DROP COLUMN {column}"))
    threads = [threading.Thread(target=lambda: open_store(url).close()) for _ in range(4)]
    for thread in threads:  # several programs open it at the same moment
        thread.start()
    for thread in threads:
        thread.join()
    assert set(COLUMNS) <= {column["name"] for column in inspect(engine).get_columns("archspec_trials")}
    engine.dispose()
    store = open_store(url)
    (found,), _ = store.open_study(name).news()
    assert (found.key, found.state, found.values) == ("a", "done", {"miou": 0.5})
    assert (found.rung, found.rungs, found.steps) == (0, (), 0)
    store.close()
