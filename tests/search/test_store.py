"""The trial store from outside: who gets what, what is refused, and what a broken disk, lock or process does to it."""

import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.search.store import Study, TrialStore, check_shared, open_store
from archspec.search.store._database import Database
from archspec.search.trials import Trial
from tests.search.postgresql import starting_server

BUDGET = 10


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def opened(url: str) -> Iterator[TrialStore]:
    found = open_store(url)
    yield found
    found.close()


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex  # the PostgreSQL is shared by all tests


def new(key: str, **more: object) -> Trial:
    return replace(Trial(-1, key, {"width": 0.5, "head": "dpc"}, "running", spec=f"name: {key}"), **more)  # type: ignore[arg-type]


def claimed(study: Study, key: str, budget: int = BUDGET) -> Trial:
    trial = study.claim(new(key), budget).trial
    assert trial is not None
    return trial


def done(study: Study, key: str, value: float = 1.0) -> None:
    assert study.finish(replace(claimed(study, key), state="done", values={"miou": value}))


def test_a_trial_comes_back_as_it_was_written(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "text of the study", 7)
    trial = claimed(study, "a")
    assert study.finish(replace(trial, state="done", values={"miou": 0.1 + 0.2, "ms": None, "nan": float("nan")}))
    (found,), _ = opened.open_study(name).news()
    assert (found.number, found.key, found.genome, found.state) == (0, "a", {"width": 0.5, "head": "dpc"}, "done")
    assert found.values == {"miou": 0.1 + 0.2, "ms": None, "nan": None}
    assert found.spec == "name: a"
    assert abs(found.started_at - time.time()) < 60 and found.finished_at >= found.started_at
    info = opened.open_study(name).info
    assert (info.definition, info.seed) == ("text of the study", 7)


def test_a_key_is_claimed_once_by_anyone(opened: TrialStore, name: str) -> None:
    one, other = opened.create_study(name, "", 0), opened.create_study(name, "", 0)
    assert claimed(one, "a").number == 0
    assert other.claim(new("a"), BUDGET).known
    assert other.reject(new("a", state="rejected")).known
    assert claimed(other, "b").number == 1


def test_two_studies_of_one_store_know_nothing_of_each_other(opened: TrialStore, name: str) -> None:
    one, other = opened.create_study(name, "", 0), opened.create_study(name + "2", "", 0)
    assert (claimed(one, "a").number, claimed(other, "a").number) == (0, 0)


def test_budget_counts_what_is_done_or_running_only(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    study.reject(new("r", metric="gmacs", reason="too much"))
    failed = claimed(study, "f", 2)
    study.finish(replace(failed, state="failed", reason="broke"))
    done(study, "a")
    claimed(study, "b", 2)
    assert study.claim(new("c"), 2).full
    assert study.claim(new("c"), 3).trial is not None


def test_budget_is_exact_among_many_at_once(opened: TrialStore, url: str, name: str) -> None:
    opened.create_study(name, "", 0)
    got: list[Trial] = []

    def take(worker: int) -> None:
        own = open_store(url)
        study = own.open_study(name)
        for number in range(20):
            trial = study.claim(new(f"{(number * 7 + worker) % 20}"), BUDGET).trial
            if trial is not None:
                got.append(trial)
        own.close()

    threads = [threading.Thread(target=take, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(trial.number for trial in got) == list(range(BUDGET))
    assert len({trial.key for trial in got}) == BUDGET


def test_what_a_silent_worker_held_is_taken_over_and_its_late_answer_is_not(opened: TrialStore, name: str) -> None:
    silent, other = opened.create_study(name, "", 0, lease_s=0.0), opened.create_study(name, "", 0)
    trial = claimed(silent, "a")
    taken = other.take_over()
    assert taken is not None and (taken.number, taken.attempt) == (0, 2)
    assert not silent.finish(replace(trial, state="done", values={"miou": 0.0}))
    assert other.finish(replace(taken, state="done", values={"miou": 1.0}))
    assert other.news()[0][0].values == {"miou": 1.0}
    assert other.take_over() is None


def test_what_a_living_worker_holds_is_its_own(opened: TrialStore, name: str) -> None:
    holder, other = opened.create_study(name, "", 0), opened.create_study(name, "", 0)
    claimed(holder, "a")
    assert other.take_over() is None
    assert holder.take_over() is None


def test_a_heartbeat_keeps_a_claim(opened: TrialStore, name: str) -> None:
    holder, other = opened.create_study(name, "", 0, lease_s=0.0), opened.create_study(name, "", 0)
    claimed(holder, "a")
    holder.lease_s = 60.0
    holder.heartbeat()
    assert other.take_over() is None


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    host, boot, _, _, last = study.identity.split("/")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    study.identity = f"{host}/{boot}/{process.pid}/1/{last}"
    claimed(study, "a")
    assert opened.open_study(name).take_over() is not None


def test_what_another_machine_holds_is_left_alone(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    study.identity = "elsewhere/0/1/1/x"
    claimed(study, "a")
    assert opened.open_study(name).take_over() is None


def test_what_is_given_back_goes_to_the_next_and_is_no_attempt(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    assert study.release(claimed(study, "a"))
    taken = opened.open_study(name).take_over()
    assert taken is not None and (taken.key, taken.attempt) == ("a", 1)


def test_news_are_what_changed_since(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    done(study, "a")
    first, clock = study.news()
    assert [trial.key for trial in first] == ["a"]
    assert study.news(clock) == ([], clock)
    trial = claimed(study, "b")
    (found,), clock = study.news(clock)
    assert (found.key, found.state) == ("b", "running")
    study.finish(replace(trial, state="failed", reason="broke"))
    (found,), _ = study.news(clock)
    assert (found.key, found.state, found.reason) == ("b", "failed", "broke")


def test_proposals_that_came_to_nothing_are_counted(opened: TrialStore, name: str) -> None:
    study = opened.create_study(name, "", 0)
    study.claim(new("a"), BUDGET, repeated=3, folded=1)
    study.reject(new("b"), repeated=1)
    assert (study.refreshed().repeated, study.refreshed().folded) == (4, 1)


def test_a_name_stands_for_one_study(opened: TrialStore, name: str) -> None:
    opened.create_study(name, "one", 0)
    for definition, seed in (("another", 0), ("one", 1)):
        with pytest.raises(UserError, match=f"'{name}' .* was begun with another"):
            opened.create_study(name, definition, seed)
    with pytest.raises(UserError, match=f"Did you mean '{name}'"):
        opened.open_study(name + "x")


def test_a_study_may_get_another_text(opened: TrialStore, name: str) -> None:
    """Its budget was raised: who opens it from now on reads that one."""
    opened.create_study(name, "ten", 0)
    opened.create_study(f"{name}-other", "five", 0)
    opened.redefine(name, "twenty")
    assert opened.open_study(name).info.definition == "twenty"
    assert opened.open_study(f"{name}-other").info.definition == "five"


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["sqlite:////tmp/x.db", "trials.db"])
def test_sqlite_is_not_for_several_machines(bad: str) -> None:
    with pytest.raises(UserError, match=r"cannot share an SQLite file.*postgresql"):
        check_shared(bad)


def test_postgresql_is(postgresql_url: str) -> None:
    assert check_shared(postgresql_url) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("postgresql+psycopg2://nobody@127.0.0.1:1/x", "cannot be reached.*Check the URL"),
        ("nonsense://x", "no storage URL"),
        ("mysql+nosuch://x", "no storage URL"),
    ],
)
def test_a_bad_url_is_told_at_once(bad: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_store(bad)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 100)
    with pytest.raises(UserError, match="is no trial store"):
        open_store(str(tmp_path / "notes.txt"))


def test_a_lock_that_passes_is_waited_for(sqlite_url: str) -> None:
    store = open_store(sqlite_url, wait_s=30)
    study = store.create_study("a", "", 0)
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lock.rollback)
    timer.start()
    assert claimed(study, "a").number == 0
    timer.join()


def test_a_lock_that_stays_is_an_error_that_loses_nothing(sqlite_url: str) -> None:
    store = open_store(sqlite_url, wait_s=0)
    study = store.create_study("a", "", 0)
    done(study, "a")
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match=r"stayed locked for 0 s.*what is finished is kept"):
        study.claim(new("b"), BUDGET)
    lock.rollback()
    assert [trial.key for trial in study.news()[0]] == ["a"]
    assert claimed(study, "b").number == 1


FULL = """
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from archspec.errors import UserError
from archspec.search.store import open_store
from archspec.search.trials import Trial
study = open_store(sys.argv[1]).create_study("a", "", 0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
written = 0
try:
    while written < 10_000:
        trial = study.claim(Trial(-1, str(written), {"x": 1}, "running", spec="x" * 500), 10_000).trial
        study.finish(replace(trial, state="done", values={"miou": 1.0}))
        written += 1
except UserError as error:
    print(written)
    sys.exit(str(error))
"""


def test_a_full_disk_is_an_error_that_loses_nothing(tmp_path: Path) -> None:
    """Files of this process may not grow over 3 MB (its log does first)."""
    store = tmp_path / "trials.db"
    done_ = subprocess.run([sys.executable, "-c", FULL, str(store)], capture_output=True, text=True, timeout=120)
    assert done_.returncode == 1 and "Traceback" not in done_.stderr, done_.stderr
    assert "cannot be written" in done_.stderr and "Make room" in done_.stderr
    written = int(done_.stdout)
    assert written > 50
    study = open_store(str(store)).open_study("a")
    assert sum(trial.state == "done" for trial in study.news()[0]) == written
    left = study.take_over()  # the one it was at
    assert left is None or left.key == str(written)
    assert claimed(study, "one more", 10_000).number >= written


def test_the_file_says_how_it_is_written(sqlite_url: str, store: TrialStore) -> None:
    """A write-ahead log: what is committed is in the hands of the operating system."""
    found = sqlite3.connect(sqlite_url.removeprefix("sqlite:///")).execute("PRAGMA journal_mode").fetchone()
    assert found == ("wal",)
    assert Path(sqlite_url.removeprefix("sqlite:///") + "-wal").exists()


def test_an_interrupt_within_a_transaction_logs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ctrl-C may come while SQLAlchemy gives the connection back, which it would log with a traceback."""
    from sqlalchemy import event, text

    database = Database(str(tmp_path / "trials.db"))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    event.listen(database.engine, "reset", interrupt)
    with pytest.raises(KeyboardInterrupt):
        database.transact(lambda connection: connection.execute(text("SELECT 1")))
    assert caplog.records == []


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "trials.db"
    with closing(open_store(str(file))) as store:
        study = store.create_study("s", "text", 0)
        study.claim(Trial(-1, "a", {"width": 1}, "running"), 5)
    for column, value in (("genome", "{broken"), ("genome", "[1]"), ("measured", '{"x": "much"}'), ("state", "odd")):
        with sqlite3.connect(file) as connection:
            (before,) = connection.execute(f"SELECT {column} FROM archspec_trials").fetchone()
            connection.execute(f"UPDATE archspec_trials SET {column} = ?", (value,))
        connection.close()
        damaged = pytest.raises(UserError, match=r"trials\.db: the row of trial 0 is damaged")
        with closing(open_store(str(file))) as store, damaged:
            store.open_study("s").news()
        with sqlite3.connect(file) as connection:
            connection.execute(f"UPDATE archspec_trials SET {column} = ?", (before,))
        connection.close()


def test_a_server_that_is_starting_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.search.store._database.START_WAIT_S", 0.5)
    with starting_server() as (url, connections):
        with pytest.raises(UserError, match=r"cannot be reached .*starting up"):
            open_store(url)
        assert len(connections) > 2
