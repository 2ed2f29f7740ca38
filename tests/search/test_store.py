"""The trial store from outside: what comes back, what is refused, and what a broken disk, lock or row does to it."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.search.store import Study, TrialStore, open_store
from archspec.search.trials import Trial


def new(key: str, **more: object) -> Trial:
    return replace(Trial(-1, key, {"width": 0.5, "head": "dpc"}, "running", spec=f"name: {key}"), **more)  # type: ignore[arg-type]


def done(study: Study, key: str, value: float = 1.0) -> Trial:
    return study.finish(replace(study.add(new(key)), state="done", values={"miou": value}))


def test_a_trial_comes_back_as_it_was_written(store: TrialStore) -> None:
    study = store.create_study("a", "text of the study", 7)
    trial = study.add(new("a"))
    written = study.finish(replace(trial, state="done", values={"miou": 0.1 + 0.2, "ms": None, "nan": float("nan")}))
    (found,) = store.open_study("a").trials()
    assert found == written
    assert (found.number, found.key, found.genome, found.state) == (0, "a", {"width": 0.5, "head": "dpc"}, "done")
    assert found.values == {"miou": 0.1 + 0.2, "ms": None, "nan": None}
    assert found.spec == "name: a"
    assert abs(found.started_at - time.time()) < 60 and found.finished_at >= found.started_at
    assert found.seconds == found.finished_at - found.started_at
    info = store.open_study("a").info
    assert (info.definition, info.seed) == ("text of the study", 7)


def test_two_studies_of_one_store_know_nothing_of_each_other(store: TrialStore) -> None:
    one, other = store.create_study("one", "", 0), store.create_study("other", "", 0)
    assert (one.add(new("a")).number, other.add(new("a")).number) == (0, 0)


def test_the_clock_says_in_which_order_trials_and_rungs_were_finished(store: TrialStore) -> None:
    study = store.create_study("a", "", 0)
    first, rejected = study.add(new("a")), study.add(new("r", state="rejected", metric="gmacs", reason="too much"))
    paused = study.finish(replace(first, state="paused", rungs=({"miou": 0.5},)))
    study.finish(replace(study.begin(replace(paused, rung=1)), state="done", rungs=(*paused.rungs, {"miou": 0.6})))
    found = {trial.key: trial for trial in study.trials()}
    assert found["r"] == rejected and len(rejected.clocks) == 1 and len(found["a"].clocks) == 2
    assert sorted(found["a"].clocks + rejected.clocks) == [*rejected.clocks, *found["a"].clocks]
    assert list(found) == ["r", "a"], "in the order in which they changed"
    assert found["a"].seconds >= paused.seconds > 0


def test_what_is_given_back_waits(store: TrialStore) -> None:
    study = store.create_study("a", "", 0)
    trial = study.add(new("a"))
    study.change(replace(trial, state="proposed", attempt=0))
    (found,) = store.open_study("a").trials()
    assert (found.key, found.state, found.attempt, found.clocks) == ("a", "proposed", 0, ())


def test_proposals_that_came_to_nothing_are_counted(store: TrialStore) -> None:
    study = store.create_study("a", "", 0)
    trial = study.add(new("a"), repeated=3, folded=1)
    study.add(new("b", state="rejected"), repeated=1)
    study.change(trial, folded=2)
    info = store.open_study("a").info
    assert (info.repeated, info.folded) == (4, 3)


def test_a_name_stands_for_one_study(store: TrialStore) -> None:
    store.create_study("name", "one", 0)
    for definition, seed in (("another", 0), ("one", 1)):
        with pytest.raises(UserError, match=r"'name' .* was begun with another"):
            store.create_study("name", definition, seed)
    with pytest.raises(UserError, match="Did you mean 'name'"):
        store.open_study("namex")


def test_a_study_may_get_another_text(store: TrialStore) -> None:
    """Its budget was raised: who opens it from now on reads that one."""
    store.create_study("name", "ten", 0)
    store.create_study("other", "five", 0)
    store.redefine("name", "twenty")
    assert store.open_study("name").info.definition == "twenty"
    assert store.open_study("other").info.definition == "five"


# --- readers ---------------------------------------------------------------------------------------------------------


def test_a_reader_writes_nothing_while_a_driver_is_at_work(trials_file: Path, store: TrialStore) -> None:
    study = store.create_study("a", "", 0)
    done(study, "a")
    log = Path(f"{trials_file}-wal")
    before = trials_file.read_bytes(), log.read_bytes()
    with closing(open_store(trials_file, read_only=True)) as reader:
        seen = reader.open_study("a")
        assert [trial.key for trial in seen.trials()] == ["a"]
        with pytest.raises(UserError, match="readonly"):
            seen.add(new("b"))
    assert (trials_file.read_bytes(), log.read_bytes()) == before
    done(study, "b")


def test_a_reader_of_a_finished_study_leaves_nothing_behind(trials_file: Path) -> None:
    with closing(open_store(trials_file)) as store:
        done(store.create_study("a", "", 0), "a")
    before = trials_file.read_bytes()
    with closing(open_store(trials_file, read_only=True)) as reader:
        assert [trial.key for trial in reader.open_study("a").trials()] == ["a"]
        with pytest.raises(UserError, match="readonly"):
            reader.open_study("a").add(new("b"))
    assert trials_file.read_bytes() == before
    assert list(trials_file.parent.iterdir()) == [trials_file]


def test_a_reader_makes_no_file(trials_file: Path) -> None:
    with pytest.raises(UserError, match=r"no trial store \(there is no such file"):
        open_store(trials_file, read_only=True).studies()
    assert list(trials_file.parent.iterdir()) == []


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 100)
    with pytest.raises(UserError, match="is no trial store"):
        open_store(str(tmp_path / "notes.txt"))


def test_a_database_of_something_else_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(UserError, match=r"is no trial store \(no such table"):
        open_store(tmp_path / "other.db", read_only=True).studies()


def test_a_damaged_file_is_told(trials_file: Path) -> None:
    with closing(open_store(trials_file)) as store:
        study = store.create_study("a", "", 0)
        for number in range(50):
            done(study, f"{number}" * 90)
    content = trials_file.read_bytes()
    trials_file.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(UserError, match=r"is no trial store .*malformed"):
        open_store(trials_file, read_only=True).open_study("a").trials()


@pytest.mark.parametrize("bad", ["folder", "file/trials.db"])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, bad: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot (be written|make the folder)"):
        open_store(tmp_path / bad)


def test_a_second_driver_is_told(trials_file: Path, store: TrialStore) -> None:
    """The lock of the study's folder keeps it out; without one it ends at the first candidate of both."""
    study = store.create_study("a", "", 0)
    study.add(new("a"))
    with closing(open_store(trials_file)) as other, pytest.raises(UserError, match="another program writes to"):
        other.open_study("a").add(new("a"))


def test_a_lock_that_passes_is_waited_for(trials_file: Path) -> None:
    store = open_store(trials_file, wait_s=30)
    study = store.create_study("a", "", 0)
    lock = sqlite3.connect(trials_file, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lock.rollback)
    timer.start()
    assert study.add(new("a")).number == 0
    timer.join()


def test_a_lock_that_passes_later_than_sqlite_waits_is_waited_for(
    trials_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archspec.search.store._file._BUSY_S", 0.01)
    test_a_lock_that_passes_is_waited_for(trials_file)
    assert open_store(trials_file).open_study("a").trials()[0].key == "a"


def test_a_lock_that_stays_is_an_error_that_loses_nothing(trials_file: Path) -> None:
    store = open_store(trials_file, wait_s=0)
    study = store.create_study("a", "", 0)
    done(study, "a")
    lock = sqlite3.connect(trials_file)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match=r"stayed locked for 0 s.*what is finished is kept"):
        study.add(new("b"))
    lock.rollback()
    assert [trial.key for trial in study.trials()] == ["a"]
    assert study.add(new("b")).number == 1


FULL = """
import resource, signal, sys
from dataclasses import replace
from archspec.errors import UserError
from archspec.search.store import open_store
from archspec.search.trials import Trial
study = open_store(sys.argv[1]).create_study("a", "", 0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
written = 0
try:
    while written < 10_000:
        trial = study.add(Trial(-1, str(written), {"x": 1}, "running", spec="x" * 500))
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
    trials = study.trials()
    assert sum(trial.state == "done" for trial in trials) == written
    left = [trial.key for trial in trials if trial.state != "done"]  # the one it was at
    assert left in ([], [str(written)])
    assert study.add(new("one more")).number >= written


def test_the_file_says_how_it_is_written(trials_file: Path, store: TrialStore) -> None:
    """A write-ahead log: what is committed is in the hands of the operating system."""
    found = sqlite3.connect(trials_file).execute("PRAGMA journal_mode").fetchone()
    assert found == ("wal",)
    assert Path(f"{trials_file}-wal").exists()


def test_an_interrupt_within_a_transaction_leaves_none_of_it(
    store: TrialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = store.create_study("a", "", 0)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("archspec.search.store.store.row_of", interrupt)  # the clock has ticked by then
        with pytest.raises(KeyboardInterrupt):
            study.add(new("a"), repeated=5)
    assert study.trials() == [] and store.open_study("a").info.repeated == 0
    assert study.add(new("a")).number == 0


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "trials.db"
    with closing(open_store(str(file))) as store:
        study = store.create_study("s", "text", 0)
        study.add(Trial(-1, "a", {"width": 1}, "running"))
    for column, value in (("genome", "{broken"), ("genome", "[1]"), ("measured", '{"x": "much"}'), ("state", "odd"),
                          ("rungs", "[1]"), ("clocks", "{}"), ("rungs", "{")):  # fmt: skip
        with sqlite3.connect(file) as connection:
            (before,) = connection.execute(f"SELECT {column} FROM archspec_trials").fetchone()
            connection.execute(f"UPDATE archspec_trials SET {column} = ?", (value,))
        connection.close()
        damaged = pytest.raises(UserError, match=r"trials\.db: the row of trial 0 is damaged")
        with closing(open_store(str(file))) as store, damaged:
            store.open_study("s").trials()
        with sqlite3.connect(file) as connection:
            connection.execute(f"UPDATE archspec_trials SET {column} = ?", (before,))
        connection.close()


def test_text_that_is_not_utf_8_is_told(trials_file: Path, store: TrialStore) -> None:
    done(store.create_study("s", "text", 0), "a")
    with closing(sqlite3.connect(trials_file)) as connection, connection:
        connection.execute("UPDATE archspec_trials SET spec = CAST(x'ff41' AS TEXT)")
    with pytest.raises(UserError, match=r"trials\.db: a damaged trial store \(its text is not UTF-8\)"):
        store.open_study("s").trials()
