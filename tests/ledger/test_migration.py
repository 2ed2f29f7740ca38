"""A ledger of the version before: its rows are taken along under today's names, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archspec.ledger import Ledger, renamed
from archspec.record import Record
from tests.cli.runner import run

SPEC = "name: net\nclasses: 3\n"
NETWORK = {"input_height": 32, "input_width": 48, "classes": 3, "batch": 1}
TIMED = {
    "device": "host", "device_fingerprint": "f00d", "runtime": "LiteRT", "runtime_version": "2.1.6",
    "delegate": "XNNPACK", "threads": 1, "warmup_s": 0.2, "runs": 20, "runs_per_round": 4, "precision": "float32",
    "version_archspec": "1.0",
}  # fmt: skip
BUILT = {
    "output_stride": 8, "shuffle": "follow", "input_dtype": "float32", "via": "direct", "seed": 0,
    "weights": "freshly initialised, seed 0", "weights_digest": None, "calibration": None, "notes": "",
    "inputs": "1x32x48x3 float32",
}  # fmt: skip
REFERENCE = "reference: shufflenetv2_basic, 224 x 224, output stride 16, float32"
TODAY = {**NETWORK, **TIMED, "weights": "fresh", "beside": REFERENCE}
TRAINED = {"data": "camvid", "split": "val", "classes": 11, "recipe_digest": "abc", "seed": 0}


def old(metric: str, value: float, **conditions: Any) -> Record:
    return Record("h", metric, value, "", "net", SPEC, conditions, {}, (), "2026-01-01T00:00:00Z")


ROWS = [
    (old("macs", 5e8, **NETWORK, output_stride=8), "gmacs", 0.5, NETWORK),
    (old("params", 10, **NETWORK, output_stride=8), "params", 10, NETWORK),
    (old("memory_access_bytes", 2e6, **NETWORK, output_stride=8, precision="float32"), "memory_access_mb", 2, NETWORK),
    (old("tflite_bytes_predicted", 3e6, **NETWORK, output_stride=8, precision="int8"), "tflite_int8_mb", 3, NETWORK),
    (
        old("tflite_bytes_predicted", 4e6, **NETWORK, output_stride=8, precision="dynamic"),
        "file_mb", 4, {**NETWORK, "precision": "dynamic"},
    ),
    (old("latency_ms", 7.5, **NETWORK, **TIMED, **BUILT), "latency_ms", 7.5, TODAY),
    (old("paired_ratio", 0.8, **NETWORK, **TIMED, **BUILT, reference=REFERENCE), "latency_ratio", 0.8, TODAY),
    (
        old("fps", 100, **TIMED, together="ab", place=0, inputs="1x32x48x3 float32"), "fps", 100, TODAY,
    ),
    (
        old("val_miou", 0.4, **TRAINED, images=101, mode="whole image", recipe="quick", steps=6, crop="16 x 24"),
        "miou", 0.4, TRAINED,
    ),
    (
        old("latency_ratio", 1.2, **TIMED, together="cd", row="wide"),
        "latency_to_base", 1.2, {**TIMED, "together": "cd", "row": "wide"},
    ),
    (old("own_metric", 1.0, anything=True), "own_metric", 1.0, {"anything": True}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("former", "metric", "value", "conditions"), ROWS, ids=lambda part: getattr(part, "metric", "")
)
def test_a_record_goes_by_todays_name_and_key(former: Record, metric: str, value: float, conditions: Any) -> None:
    today = renamed(former)
    assert today.key == Record("h", metric, None, conditions=conditions).key
    assert today.value == value
    assert renamed(today) == today


def former_ledger(file: Path, records: list[Record]) -> None:
    """As the version before wrote it."""
    Ledger.open(file).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE archspec_about SET value = '1'")
        digest = hashlib.sha256(SPEC.encode()).hexdigest()
        connection.execute("INSERT INTO archspec_specs VALUES (?, ?)", (digest, json.dumps(SPEC)))
        for one in records:
            body = one.to_json()
            del body["spec"]
            row = (one.key, one.hash, one.metric, one.name, one.time, one.value, digest, json.dumps(body))
            connection.execute("INSERT INTO archspec_records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def test_a_former_ledger_is_taken_along_when_it_is_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "ledger.db"
    former_ledger(file, [former for former, *_ in ROWS])
    with Ledger.open(file) as ledger:
        found = {record.key: record for record in ledger.all()}
    assert found == {today.key: today for today in (renamed(former) for former, *_ in ROWS)}
    assert {record.spec for record in found.values()} == {SPEC}
    (line,) = (one.getMessage() for one in caplog.records)
    assert line == f"{file}: 10 records are now kept under the names of this version"
    caplog.clear()
    Ledger.open(file).close()
    assert not caplog.records


def test_another_value_of_the_same_number_stays_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    built = ROWS[5][0]
    searched = Record("h", "latency_ms", 7.0, "ms", "net", SPEC, TODAY)
    former_ledger(file, [built, searched])
    with Ledger.open(file) as ledger:
        assert sorted(str(record.value) for record in ledger.all()) == ["7.0", "7.5"]
        kept = ledger.get(searched.key)
    assert kept is not None
    assert kept.value == 7.0


def test_the_ledger_of_searches_is_moved_into_the_shared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHSPEC_LEDGER", raising=False)
    (tmp_path / "searches").mkdir()
    former_ledger(tmp_path / "searches" / "ledger.db", [ROWS[0][0]])
    result = run("ledger", "migrate")
    assert result.code == 0, result.err
    with Ledger.open(tmp_path / "runs" / "ledger.db") as ledger:
        assert [record.metric for record in ledger.all()] == ["gmacs"]
    assert [path.name for path in (tmp_path / "searches").iterdir()] == ["ledger.db.migrated"]
