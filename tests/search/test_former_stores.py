"""Files of versions before, in which a study could have several drivers: they open, and the search goes on."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archspec.search.store import open_store
from tests.search.fake_space import accuracy_and_cost, grid_96
from tests.search.killed import search

STUDIES = """
CREATE TABLE archspec_studies (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    definition TEXT NOT NULL,
    seed INTEGER NOT NULL,
    created_at FLOAT NOT NULL,
    clock INTEGER NOT NULL,
    repeated INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
)
"""
TRIALS = """
CREATE TABLE archspec_trials (
    id INTEGER NOT NULL,
    study_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    candidate VARCHAR(200) NOT NULL,
    genome TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    measured TEXT NOT NULL,
    metric VARCHAR(200) NOT NULL,
    reason TEXT NOT NULL,
    spec TEXT NOT NULL,
    worker VARCHAR(200) NOT NULL,
    lease_until FLOAT NOT NULL,
    attempt INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    started_at FLOAT NOT NULL,
    finished_at FLOAT NOT NULL,
    changed INTEGER NOT NULL, {later}
    PRIMARY KEY (id),
    CONSTRAINT archspec_trials_candidate UNIQUE (study_id, candidate),
    CONSTRAINT archspec_trials_number UNIQUE (study_id, number),
    FOREIGN KEY(study_id) REFERENCES archspec_studies (id)
)
"""
LATER = """
    rung INTEGER,
    rungs TEXT,
    steps INTEGER,
    seconds FLOAT,
    clocks TEXT, """
INDICES = """
CREATE INDEX archspec_trials_state ON archspec_trials (study_id, state);
CREATE INDEX archspec_trials_changed ON archspec_trials (study_id, changed);
"""
FAR_AHEAD = 4e9  # the lease of a machine that is not coming back
GENOMES = list(grid_96().genomes())[:4]
KEYS = [grid_96().candidate(genome).key for genome in GENOMES]


def make_former(file: Path, rows: list[dict[str, Any]], *, later: bool) -> None:
    """A file as SQLAlchemy made it; `later`: with the columns that came with rungs."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(STUDIES + ";" + TRIALS.format(later=LATER if later else "") + ";" + INDICES)
        connection.execute("INSERT INTO archspec_studies VALUES (1, 'killed', '', 0, 1.7e9, 8, 3, 2)")
        for row in rows:
            values = ", ".join(f":{column}" for column in row)
            connection.execute(f"INSERT INTO archspec_trials ({', '.join(row)}) VALUES ({values})", row)


def row(number: int, state: str, values: Mapping[str, Any], changed: int, **more: Any) -> dict[str, Any]:
    genome = GENOMES[number]
    held = "elsewhere/b00t/123/456/abcdef01" if state in ("running", "done") else ""
    return {
        "study_id": 1, "number": number, "candidate": KEYS[number], "genome": json.dumps(dict(genome)), "state": state,
        "measured": json.dumps(values), "metric": "", "reason": "", "spec": KEYS[number], "worker": held,
        "lease_until": FAR_AHEAD if state == "running" else 0.0, "attempt": 1, "crashes": 0, "started_at": 1.7e9,
        "finished_at": 1.7e9 + 5 if values else 0.0, "changed": changed,
    } | more  # fmt: skip


def evaluated(log: Path) -> list[str]:
    """What was evaluated, without what the driver noted."""
    return [line for line in log.read_text().splitlines() if not line.startswith("trial ")]


def test_a_file_with_rungs_goes_on(tmp_path: Path) -> None:
    file, log = tmp_path / "trials.db", tmp_path / "log"
    truth = [accuracy_and_cost(genome) for genome in GENOMES]
    whole = {"rung": 2, "rungs": json.dumps([truth[0]] * 3), "steps": 1020, "seconds": 15.0,
             "clocks": "[4, 5, 6]"}  # fmt: skip
    once = {"rung": 0, "rungs": json.dumps([truth[3]]), "steps": 100, "seconds": 5.0, "clocks": "[7]"}
    none = {"rung": 0, "rungs": None, "steps": 100, "seconds": None, "clocks": None}
    make_former(file, [row(0, "done", truth[0], 6, **whole), row(1, "running", {}, 2, **none),
                       row(2, "proposed", {}, 8, attempt=0, **none), row(3, "paused", truth[3], 7, **once)],
                later=True)  # fmt: skip
    result = search(str(file), str(log), 4, 0, "random", eta=1.01).run()
    assert result.counts == {"done": 4} and (result.repeated, result.folded) == (3, 2)
    assert [trial.key for trial in result.trials] == KEYS
    assert evaluated(log)[:2] == [f"{KEYS[1]}@100", f"{KEYS[2]}@100"], "what was left comes first, by number"
    assert sorted(evaluated(log)[2:]) == sorted(f"{KEYS[n]}@{steps}" for n in (1, 2, 3) for steps in (300, 900))
    assert [trial.attempt for trial in result.trials] == [1, 1, 1, 1]
    first, *others = result.trials
    assert (first.clocks, first.seconds, first.finished_at) == ((4, 5, 6), 15.0, 1.7e9 + 5)
    assert all(len(trial.clocks) == 3 and trial.seconds > 0 for trial in others)
    assert first.rungs == (truth[0],) * 3 and all(len(trial.rungs) == 3 for trial in others)


def test_a_file_of_before_there_were_rungs_goes_on(tmp_path: Path) -> None:
    file, log = tmp_path / "trials.db", tmp_path / "log"
    truth = accuracy_and_cost(GENOMES[0])
    make_former(file, [row(0, "done", truth, 3), row(1, "running", {}, 2), row(2, "proposed", {}, 4)], later=False)
    with closing(open_store(file, read_only=True)) as store:
        assert [trial.state for trial in store.open_study("killed").trials()] == ["running", "done", "proposed"]
    result = search(str(file), str(log), 5, 0, "random").run()
    assert result.counts["done"] == 5
    assert [trial.key for trial in result.trials[:3]] == KEYS[:3]
    assert evaluated(log)[:2] == KEYS[1:3] and len(evaluated(log)) == len(set(evaluated(log))) == 4
    assert result.trials[0].values == truth and [trial.attempt for trial in result.trials[:3]] == [1, 2, 2]
    with closing(open_store(file)) as store:
        assert store.open_study("killed").trials()[-1] == result.trials[-1]


@pytest.mark.parametrize("state", ["running", "proposed"])
def test_what_many_drivers_ended_at_is_given_up(tmp_path: Path, state: str) -> None:
    file, log = tmp_path / "trials.db", tmp_path / "log"
    make_former(file, [row(0, state, {}, 2, attempt=19), row(1, state, {}, 1, attempt=20)], later=True)
    result = search(str(file), str(log), 1, 0, "random").run()
    kept, failed = result.trials[:2]
    assert (kept.state, kept.attempt) == ("done", 20)
    assert (failed.state, failed.reason) == (
        "failed",
        "given up after 20 attempts: each time its driver or machine ended",
    )
    assert evaluated(log) == [KEYS[0]]
