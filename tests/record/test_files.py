"""Files of records: the same records, the same bytes; a damaged file is one clear line a fault."""

import json
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.record import Record, read_records, write_records

RECORDS = (
    Record("ab", "latency_ms", 9.5, "ms", conditions={"threads": 1}, samples=(9.4, 9.6)),
    Record("ab", "params", 1_234_567, name="näme", spec="a: |\n  b"),
    Record("cd", "mean_iou", None),
)


def test_round_trip(tmp_path: Path) -> None:
    write_records(tmp_path / "record.json", RECORDS)
    assert read_records(tmp_path / "record.json") == RECORDS
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_exact_bytes(tmp_path: Path) -> None:
    write_records(tmp_path / "record.json", RECORDS[2:])
    assert (tmp_path / "record.json").read_bytes() == (
        b'{"format": "archspec-records", "version": 1, "records": [\n'
        b'{"hash": "cd", "metric": "mean_iou", "value": null, "unit": "", "name": "", "spec": "", '
        b'"conditions": {}, "circumstances": {}, "samples": [], "time": ""}\n'
        b"]}\n"
    )


def test_no_records_are_a_file_too(tmp_path: Path) -> None:
    write_records(tmp_path / "none.json", [])
    assert json.loads((tmp_path / "none.json").read_text())["records"] == []
    assert read_records(tmp_path / "none.json") == ()


NOT_FINITE = "value of a record must be finite (nan); a number that could not be had is None"
HEAD = '{"format": "archspec-records", "version": 1, "records": '


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1:1: not JSON (Expecting value). Was it cut short or edited?"),
        ('{"format":\n "archspec', ":2:2: not JSON (Unterminated string starting at). Was it cut short or edited?"),
        (b"\xff\xfe\x00", ": not JSON (it is not text). Name a file that archspec wrote"),
        ("[" * 100_000, ": not a file of records (nested too deeply). Name a file that archspec wrote"),
        ("[]", ': not a file of records (no "format": "archspec-records"). Name a file that archspec wrote'),
        ('{"a": 1}', ': not a file of records (no "format": "archspec-records"). Name a file that archspec wrote'),
        (
            '{"format": "archspec-records", "version": 2, "records": []}',
            ": records of version 2, this archspec reads 1. Update archspec",
        ),
        (HEAD + "5}", ": records: not a file of records ('records' is not a list)"),
        (HEAD + "[5]}", ": records[0]: not a record (int instead of an object)"),
        (HEAD + '[{"hash": "a", "value": 1}]}', ": records[0]: not a record (no 'metric')"),
        (
            HEAD + '[{"hash": "a", "metric": "m", "value": 1, "colour": 2}]}',
            ": records[0]: not a record (unknown 'colour')",
        ),
        (
            HEAD + '[{"hash": "a", "metric": "m", "value": NaN}]}',
            f": records[0]: not a record ({NOT_FINITE})",
        ),
        (
            HEAD + '[{"hash": "a", "metric": "m", "value": [1]}]}',
            ": records[0]: not a record (value of a record must be text, a number, true, false or nothing ([1]))",
        ),
        (
            HEAD + '[{"hash": "a", "metric": "m", "value": 1, "samples": "12"}]}',
            ": records[0]: not a record (samples must be a list ('12'))",
        ),
        (
            HEAD + '[{"hash": "a", "metric": "m", "value": 1, "samples": [true]}]}',
            ": records[0]: not a record (a sample of a record must be a number (True))",
        ),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        read_records(path)
    assert str(caught.value) == f"{path}{message}"


def test_all_damaged_records_are_named(tmp_path: Path) -> None:
    good = '{"hash": "a", "metric": "m", "value": 1}'
    (tmp_path / "r.json").write_text(f"{HEAD}[5, {good}, {{}}]}}")
    with pytest.raises(UserError) as caught:
        read_records(tmp_path / "r.json")
    assert [fault.path for fault in caught.value.faults] == ["records[0]", "records[2]"]


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    write_records(tmp_path / "whole.json", RECORDS)
    whole = (tmp_path / "whole.json").read_bytes()
    for length in range(len(whole) - 1):  # the last byte is a line feed
        (tmp_path / "cut.json").write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_records(tmp_path / "cut.json")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.json: cannot be read \(No such file or directory\)"):
        read_records(tmp_path / "none.json")
