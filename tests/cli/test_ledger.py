"""`archspec ledger`: asked, handed on, forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archspec.ledger import Ledger
from archspec.record import Record, read_records
from tests.cli.runner import run


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.db"
    with Ledger.open(file) as ledger:
        ledger.add(
            Record(f"hash{number}", metric, float(number), "", f"net{number}", "", {"device": device},
                   time=f"2026-0{number + 1}-01T00:00:00Z")
            for number in range(3) for metric in ("gflops", "latency_ms") for device in ("host", "phone")
        )  # fmt: skip
    return file


def test_info_counts(kept: Path) -> None:
    found = run("ledger", "info", "--ledger", str(kept), "--format", "json").json()
    assert {row["metric"]: row["records"] for row in found["rows"]} == {"gflops": 6, "latency_ms": 6}


def test_query_takes_only_what_is_asked_for(kept: Path) -> None:
    asked = ("--metric", "gflops", "--where", "device=host", "--since", "2026-02", "--format", "json")
    found = run("ledger", "query", "--ledger", str(kept), *asked).json()
    assert {row["name"] for row in found["rows"]} == {"net1", "net2"}
    assert len(found["rows"]) == 2


def test_exported_and_imported_it_is_the_same(kept: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "all.json", tmp_path / "other.db"
    assert run("ledger", "export", str(file), "--ledger", str(kept)).code == 0
    assert run("ledger", "import", str(file), "--ledger", str(other)).code == 0
    with Ledger.open(kept) as one, Ledger.open(other) as two:
        assert list(one.all()) == list(two.all())
    assert len(read_records(file)) == 12


def test_prune_only_counts_until_yes(kept: Path) -> None:
    asked = ("ledger", "prune", "--ledger", str(kept), "--metric", "gflops", "--where", "device=phone")
    assert run(*asked).code == 0
    with Ledger.open(kept) as ledger:
        assert ledger.count() == 12
    assert run(*asked, "--yes").code == 0
    with Ledger.open(kept) as ledger:
        assert ledger.count() == 9


def test_merge_makes_one_of_two(kept: Path, tmp_path: Path) -> None:
    other, into = tmp_path / "b.db", tmp_path / "c.db"
    with Ledger.open(other) as ledger:
        ledger.add([Record("new", "gflops", 1.0)])
    assert run("ledger", "merge", str(kept), str(other), "--into", str(into)).code == 0
    with Ledger.open(into) as ledger:
        assert ledger.count() == 13


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("info", "--ledger", "nowhere.db"), "nowhere.db"),
        (("query", "--where", "device"), "device"),
        (("prune", "--since", "yesterday"), "yesterday"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], told: str, kept: Path) -> None:
    more = () if "--ledger" in arguments else ("--ledger", str(kept))
    result = run("ledger", *arguments, *more)
    assert result.code == 2
    assert told in result.err
    assert "Traceback" not in result.err


def test_no_heavy_library_is_needed(kept: Path) -> None:
    assert json.loads(run("ledger", "query", "--ledger", str(kept), "--limit", "1", "--format", "json").out)["rows"]
