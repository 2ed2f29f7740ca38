"""The ledger: what goes in comes out, once; killed at any moment nothing that was kept is lost; on two databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archspec.errors import UserError
from archspec.ledger import Ledger, LightLedger, open_light
from archspec.record import Record
from tests.ledger.postgresql import server, starting_server

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record,
    hash=texts, metric=texts, value=plain | texts, unit=texts, name=texts, spec=texts,
    conditions=st.dictionaries(texts, plain | texts, max_size=3),
    circumstances=st.dictionaries(texts, plain | texts, max_size=2),
    samples=st.lists(st.floats(0, 1e6), max_size=4).map(tuple), time=st.just("2026-05-01T12:00:00Z"),
)  # fmt: skip


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "ledger.db") if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


def a_record(number: int, value: Any = 1.0, **conditions: Any) -> Record:
    return Record(
        f"hash{number}", "latency_ms", value, "ms", f"net{number}", "name: x\n", {"device": "host", **conditions}
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, max_size=6))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, some: list[Record]) -> None:
    with Ledger.open(tmp_path_factory.mktemp("ledger") / "l.db") as ledger:
        ledger.add(some)
        first: dict[str, Record] = {}
        for record in some:
            first.setdefault(record.key, record)
        assert ledger.get_many(first) == first
        assert ledger.count() == len(first)
        assert sorted(record.key for record in ledger.all()) == sorted(first)


def test_a_number_is_kept_once(where: str) -> None:
    with Ledger.open(where) as ledger:
        assert ledger.add([a_record(1, 1.0), a_record(2)]) == 2
        assert ledger.add([a_record(1, 9.0)]) == 0
        key = a_record(1).key
        found = ledger.get(key)
        assert found is not None and found.value == 1.0
        assert ledger.add([a_record(1, 9.0)], replace=True) == 1
        found = ledger.get(key)
        assert found is not None and found.value == 9.0
        assert ledger.delete([key]) == 1
        assert ledger.get(key) is None


def test_found_by_what_it_is_and_under_which_conditions(where: str) -> None:
    with Ledger.open(where) as ledger:
        ledger.add([a_record(10, threads=1), a_record(10, threads=2), a_record(11, threads=1)])
        assert len(ledger.find(hash="hash10")) == 2
        assert len(ledger.find(conditions={"threads": 1}, hash="hash11")) == 1
        assert [one.conditions["threads"] for one in ledger.find(hash="hash10", conditions={"threads": 2})] == [2]
        assert ledger.find(metric="nothing") == []


def test_two_are_merged_and_ours_stays(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "a.db") as ours, Ledger.open(tmp_path / "b.db") as theirs:
        ours.add([a_record(1, 1.0), a_record(2, 2.0)])
        theirs.add([a_record(2, 5.0), a_record(3, 3.0)])
        merged = ours.merge(theirs)
        assert (merged.added, merged.differing) == (1, 1)
        assert {one.hash: one.value for one in ours.all()} == {"hash1": 1.0, "hash2": 2.0, "hash3": 3.0}


ADDING = """
import sys
from archspec.ledger import Ledger, LightLedger, open_light
from archspec.record import Record
with Ledger.open(sys.argv[1]) as ledger:
    number = ledger.count()
    while True:
        ledger.add([Record(f"h{number}", "m", number)])
        print(number, flush=True)
        number += 1
"""


def test_killed_while_it_adds_everything_that_was_kept_is_there(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", ADDING, str(file)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
        process.wait()
        last = int([line for line in told if line.endswith("\n")][-1])
        with Ledger.open(file) as ledger:
            values = {record.value for record in ledger.all()}
        assert set(range(last + 1)) <= values


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to look at" * 20])
def test_what_is_no_ledger_is_told(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "l.db"
    file.write_bytes(content)
    if not content:
        with Ledger.open(file) as ledger:  # an empty file is an empty database
            assert ledger.count() == 0
        return
    with pytest.raises(UserError, match=r"l\.db"):
        Ledger.open(file)


def test_a_locked_ledger_is_told(tmp_path: Path) -> None:
    import sqlite3

    file = tmp_path / "l.db"
    Ledger.open(file).close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with Ledger.open(file, wait_s=0.2) as ledger, pytest.raises(UserError, match="locked"):
        ledger.add([a_record(1)])
    other.rollback()
    other.close()


def test_broken_text_in_a_ledger_is_said_in_one_line(tmp_path: Path) -> None:
    """Bytes of SQLite's own schema that are no UTF-8: its driver cannot even say what is wrong."""
    file = tmp_path / "ledger.db"
    with Ledger.open(file) as ledger:
        ledger.add([a_record(0)])
    data = file.read_bytes()
    file.write_bytes(data.replace(b"CREATE TABLE archspec_records", b"CREATE TABLE \xcc\xccchspec_records"))
    for path in (Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"ledger\.db: a damaged ledger"), Ledger.open(file) as ledger:
        list(ledger.all())


def test_a_server_that_is_starting_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.ledger.ledger.START_WAIT_S", 1.0)
    with starting_server() as (url, connections):
        with pytest.raises(UserError, match="the server is starting up"):
            Ledger.open(url)
        assert len(connections) > 2


def test_the_light_ledger_is_the_same_file(tmp_path: Path) -> None:
    """Whoever makes it, the other reads and writes it, and its tables are the same."""
    light, whole = tmp_path / "light.db", tmp_path / "whole.db"
    Ledger.open(whole).close()
    open_light(light).close()
    assert tables_of(light) == tables_of(whole)
    for file in (light, whole):
        with open_light(file) as ledger:
            assert isinstance(ledger, LightLedger)
            assert ledger.add([a_record(1, 1.0), a_record(2)]) == 2
            assert ledger.add([a_record(1, 9.0)]) == 0
            assert ledger.get_many([a_record(1).key, "none"]) == {a_record(1).key: a_record(1, 1.0)}
            ledger.add([a_record(1, 9.0)], replace=True)
        with Ledger.open(file) as whole_one:
            assert {one.hash: one.value for one in whole_one.all()} == {"hash1": 9.0, "hash2": 1.0}
            assert {one.spec for one in whole_one.all()} == {"name: x\n"}
            whole_one.add([a_record(3)])
        with open_light(file) as ledger:
            assert ledger.get_many([a_record(3).key]) == {a_record(3).key: a_record(3)}


def tables_of(file: Path) -> dict[str, list[Any]]:
    import sqlite3

    connection = sqlite3.connect(file)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
    found = {name: connection.execute(f"PRAGMA table_info('{name}')").fetchall() for name in names}
    found |= {f"{name} of": connection.execute(f"PRAGMA index_info('{name}')").fetchall() for name in names}
    connection.close()
    return found


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 20])
def test_the_light_ledger_tells_what_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(content)
    with pytest.raises(UserError, match=r"l\.db: not a ledger"):
        open_light(tmp_path / "l.db")
    with pytest.raises(UserError, match="is a folder"):
        open_light(tmp_path)
