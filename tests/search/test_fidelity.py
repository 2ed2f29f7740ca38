"""Rungs as values, and in stores: what a rung costs, and tables of versions that knew none."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from archspec.search.fidelity import Fidelity
from archspec.search.store import TrialStore, open_store
from archspec.search.trials import Trial

COLUMNS = ("rung", "rungs", "steps")


def test_a_rung_costs_what_the_trunk_below_does_not_hold_already() -> None:
    fidelity = Fidelity((100, 300, 900), decay=0.3)
    assert [fidelity.trunk(rung) for rung in range(3)] == [70, 210, 630]
    assert [fidelity.added(rung) for rung in range(3)] == [100, 300 - 70, 900 - 210]
    assert [replace(fidelity, decay=None).added(rung) for rung in range(3)] == [100, 300, 900]  # nothing is shared


def test_rungs_come_back_as_they_were_written(store: TrialStore) -> None:
    study = store.create_study("rungs", "", 0)
    study.add(Trial(-1, "a", {"n": 1}, "running", rung=1, rungs=({"miou": 0.25, "ms": None},), steps=330))
    found = study.trials()[0]
    assert (found.rung, found.rungs, found.steps) == (1, ({"miou": 0.25, "ms": None},), 330)


def test_a_store_of_before_opens_and_keeps_its_trials(trials_file: Path) -> None:
    with closing(open_store(trials_file)) as store:
        study = store.create_study("before", "", 0)
        trial = study.add(Trial(-1, "a", {"n": 1}, "running"))
        study.finish(replace(trial, state="done", values={"miou": 0.5}))
    with closing(sqlite3.connect(trials_file)) as connection:
        for column in COLUMNS:
            connection.execute(f"ALTER TABLE archspec_trials DROP COLUMN {column}")
    with closing(open_store(trials_file, read_only=True)) as store:  # before any driver has opened it
        assert [trial.key for trial in store.open_study("before").trials()] == ["a"]
    threads = [threading.Thread(target=lambda: open_store(trials_file).close()) for _ in range(4)]
    for thread in threads:  # several programs open it at the same moment
        thread.start()
    for thread in threads:
        thread.join()
    with closing(sqlite3.connect(trials_file)) as connection:
        there = {row[1] for row in connection.execute("PRAGMA table_info(archspec_trials)")}
    assert set(COLUMNS) <= there
    with closing(open_store(trials_file)) as store:
        (found,) = store.open_study("before").trials()
    assert (found.key, found.state, found.values) == ("a", "done", {"miou": 0.5})
    assert (found.rung, found.rungs, found.steps) == (0, (), 0)
