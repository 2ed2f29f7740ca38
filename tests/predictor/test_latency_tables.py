"""A table comes back from its file as it went in; a broken file and another device are refused in one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.graph.program import build_program
from archspec.predictor import (
    OTHER,
    Accuracy,
    Correction,
    LatencyTable,
    OperatorTime,
    PredictionResult,
    accuracy_of,
    equals,
    read_or_none,
    read_table,
    signatures,
    spearman,
    table_path,
    write_table,
)
from tests.graph.nets import of_bundled
from tests.predictor.latency_tables import HERE, pointwise, table

SCORE = Accuracy(40, 0.02, 0.05, 0.99, 3, None, 0.3, "2026-01-02T03:04:05Z")


def full_table() -> LatencyTable:
    """Every kind of operator and constant of two networks."""
    graphs = [of_bundled(name, "input.size=[65, 97]") for name in ("shufflenetv2_dpc", "mobilenetv2_dpc")]
    entries = {
        one: OperatorTime(0.2 + 0.1 * number, 0.1 + 0.1 * number)
        for number, one in enumerate(one for graph in graphs for one in signatures(build_program(graph)))
    }
    return LatencyTable(HERE, 6.25, entries, Correction({"CONV_2D": 1.1, OTHER: 0.9}, 0.3, -0.001, 12), SCORE)


def test_round_trip(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_table(first, full_table())
    found = read_table(first)
    assert found == full_table()
    write_table(second, found)
    assert first.read_bytes() == second.read_bytes()


def test_an_empty_table_and_no_table(tmp_path: Path) -> None:
    write_table(tmp_path / "empty.json", LatencyTable(HERE, 6.25))
    assert read_table(tmp_path / "empty.json") == LatencyTable(HERE, 6.25)
    assert read_or_none(tmp_path / "none.json") is None
    with pytest.raises(UserError, match=r"none\.json: cannot be read .* Calibrate first"):
        read_table(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "not a latency table of version 2"),
        ({"version": 3}, "not a latency table of version 2"),
        ({"entries": [[1.0, -1.0, "ADD", [], [], {}]]}, "no time in ms"),
        ({"entries": [[1.0, 1.0, "ADD"]]}, "damaged"),
        ({"entries": [[1.0, 1.0, 7, [], [], {}]]}, "damaged"),
        ({"conditions": {"device": "host"}}, "damaged"),
        ({"score": {"networks": 1}}, "damaged"),
        ({"reference_ms": True}, "damaged"),
    ],
)
def test_damaged_files(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = tmp_path / "table.json"
    write_table(path, full_table())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=said) as told:
        read_table(path)
    assert str(path) in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_no_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text, "latin-1")
    with pytest.raises(UserError, match=r"not JSON|not a latency table"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("fingerprint", "beef"), ("version", "9"), ("threads", 2), ("precision", "int8"), ("device", "x")],
)
def test_another_device_is_refused(name: str, value: object) -> None:
    with pytest.raises(UserError, match=f"of another device: {name} .*, not {value}. Calibrate"):
        table([]).check(replace(HERE, **{name: value}))
    table([]).check(replace(HERE, cpu="called otherwise"))


def test_each_device_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = {table_path(HERE), table_path(replace(HERE, threads=2)), table_path(replace(HERE, version="2/4"))}
    assert len(paths) == 3
    assert {path.parent for path in paths} == {tmp_path / "archspec" / "latency"}
    assert table_path(HERE, tmp_path).parent == tmp_path


def test_spearman_by_hand() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 40]) == 1
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1
    assert spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(0.8660254)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0


def test_the_score_of_known_errors() -> None:
    errors = (0.01, -0.02, 0.03, -0.04, 0.10)
    macs = (100, 101, 99, 102, 98)
    found = accuracy_of([PredictionResult(m, 1 + e, 0.5, 1.0) for m, e in zip(macs, errors, strict=True)], "now")
    assert (found.networks, found.median_error, found.equal_networks) == (5, pytest.approx(0.03), 5)
    assert found.p90_error == pytest.approx(0.076)
    assert (found.interpolated, found.time) == (0.5, "now")


def test_equal_networks_are_within_15_percent_of_one_of_them() -> None:
    found = equals([PredictionResult(macs, 1, 0, 1) for macs in (80, 100, 114, 116, 500)])
    assert [one.macs for one in found] == [100, 114, 116]
    few = accuracy_of([PredictionResult(macs, 1, 0, 1) for macs in (1, 2, 4, 8)], "now")
    assert (few.equal_networks, few.equal_spearman) == (1, None)
    assert "too few of equal FLOPs to rank" in str(few)


def test_pointwise_signatures_differ_by_shape() -> None:
    assert pointwise(8, 4, 16) == pointwise(8, 4, 16) != pointwise(8, 16, 4)
