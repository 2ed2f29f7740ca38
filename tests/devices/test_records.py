"""A latency as records, as JSON and as a table."""

import json
from dataclasses import replace

import pytest

from archspec.devices import Latency, Machine, Procedure, System, latency_records, latency_table
from archspec.record import Record, read_records, write_records
from archspec.reporters import render

MACHINE = Machine("f00d", "Some CPU", 8, "arm64", "Linux", "6.1", 4, "performance", 0.25)
A = Latency(
    name="a",
    model_hash="h" * 32,
    model_bytes=1000,
    samples_ms=(10.0, 12.0, 20.0, 22.0),
    cpu_samples_ms=(9.0, 11.0, 19.0, 21.0),
    reference="a",
    reference_samples_ms=(10.0, 12.0, 20.0, 22.0),
    init_ms=3.0,
    first_ms=30.0,
    warmup_s=1.01,
    warmup_runs=90,
    threads=1,
    procedure=Procedure("own", 1.0, 2, 2),
    system=System("LiteRT", "2.3.0", "XNNPACK", 141, 140, ("1x224x224x3 uint8",)),
    device="host",
    machine=MACHINE,
    load_average_after=0.5,
    time="2024-05-01T12:00:00Z",
)
B = replace(A, name="b", samples_ms=(5.0, 6.0, 15.0, 16.5), cpu_samples_ms=(), threads=2)


def by_metric(*found: Record) -> dict[str, Record]:
    return {record.metric: record for record in found}


def test_values_and_samples() -> None:
    records = by_metric(*latency_records(B, hash="net", name="N", spec="s"))
    assert {metric: record.value for metric, record in records.items()} == {
        "latency_ms": 10.5,
        "fps": 4000 / 42.5,
        "paired_ratio": 0.625,  # rounds: 5.5 / 11 and 15.75 / 21
        "first_ms": 30.0,
        "init_ms": 3.0,
    }
    assert records["latency_ms"].samples == B.samples_ms
    assert records["paired_ratio"].samples == (0.5, 0.75)
    assert (records["fps"].hash, records["fps"].name, records["fps"].spec) == ("net", "N", "s")


def test_processor_time_has_its_own_record_with_one_thread() -> None:
    assert by_metric(*latency_records(A))["cpu_ms"].value == 15.0
    assert "cpu_ms" not in by_metric(*latency_records(B))


def test_a_file_of_which_nothing_is_known_goes_by_its_own_hash_and_name() -> None:
    assert {(record.hash, record.name) for record in latency_records(A)} == {("h" * 32, "a")}


@pytest.mark.parametrize(
    "same",
    [
        replace(A, samples_ms=(1.0, 1.0, 1.0, 1.0)),
        replace(A, time="2025-01-01T00:00:00Z", load_average_after=9.0, warmup_s=1.2),
        replace(A, machine=replace(MACHINE, load_average=7.0, governor=None, kernel="7.0")),
    ],
)
def test_another_run_under_the_same_conditions_has_the_same_keys(same: Latency) -> None:
    assert [record.key for record in latency_records(same)] == [record.key for record in latency_records(A)]


@pytest.mark.parametrize(
    "other",
    [
        replace(A, threads=2),
        replace(A, procedure=Procedure("own", 30.0, 2, 2)),
        replace(A, machine=replace(MACHINE, fingerprint="beef")),
        replace(A, system=replace(A.system, version="2.4.0")),
        replace(A, system=replace(A.system, inputs=("1x225x225x3 uint8",))),
        replace(A, device="adb"),
    ],
)
def test_other_conditions_have_other_keys(other: Latency) -> None:
    keys = {record.key for record in latency_records(A)}
    assert not keys & {record.key for record in latency_records(other)}


def test_conditions_that_only_the_caller_knows() -> None:
    int8 = by_metric(*latency_records(A, conditions={"precision": "int8"}))
    assert int8["latency_ms"].conditions["precision"] == "int8"
    assert int8["latency_ms"].key != by_metric(*latency_records(A))["latency_ms"].key


def test_a_ratio_depends_on_its_reference_and_a_time_does_not() -> None:
    first, second = by_metric(*latency_records(B)), by_metric(*latency_records(replace(B, reference="c")))
    assert first["paired_ratio"].key != second["paired_ratio"].key
    assert first["latency_ms"].key == second["latency_ms"].key


def test_records_of_a_latency_survive_a_file(tmp_path: object) -> None:
    path = f"{tmp_path}/record.json"
    write_records(path, latency_records(A))
    assert read_records(path) == latency_records(A)


def test_json_is_plain_and_has_what_a_script_wants() -> None:
    row = json.loads(json.dumps(B.to_json(), allow_nan=False))
    assert row["wall"]["median"] == 10.5
    assert set(row["wall"]) >= {"median", "mean", "std", "variance", "iqr", "p10", "p90", "p99", "min"}
    assert (row["paired_ratio"], row["reference"], row["cpu"], row["noisy"]) == (0.625, "a", None, True)
    assert row["samples_ms"] == [5.0, 6.0, 15.0, 16.5]
    assert row["machine"]["fingerprint"] == "f00d"
    assert row["procedure"] == "own"


TABLE = """\
Latency

Network  Median (ms)  Mean (ms)  Std (ms)  Var (ms²)  P90 (ms)  Min (ms)  CPU median (ms)   FPS  Ratio  Delegated (ops)
-------  -----------  ---------  --------  ---------  --------  --------  ---------------  ----  -----  ---------------
a             16.000     16.000     5.099     26.000    21.400    10.000           15.000  62.5  1.000  140/141
b             10.500     10.625     5.164     26.672    16.050     5.000                -  94.1  0.625  140/141

device: host, Some CPU, 4 of 8 processors, arm64 Linux 6.1, fingerprint f00d
state: governor performance, load average 0.25 before, 0.5 after
runtime: LiteRT 2.3.0, delegate XNNPACK, threads 1
procedure: own: warm-up 1 s, 2 rounds of 2 runs in turns; ratio to a round by round
caution: a: noisy: interquartile range is 56% of the median
caution: a: 4 runs: fewer than the 50 a published number needs
caution: b: noisy: interquartile range is 92% of the median
caution: b: 4 runs: fewer than the 50 a published number needs
"""


def test_the_table_has_its_conditions_and_cautions() -> None:
    assert render(latency_table([A, B])) == TABLE


def test_what_is_not_known_is_not_claimed() -> None:
    unknown = replace(
        A,
        system=System("LiteRT", "", None),
        machine=replace(MACHINE, governor=None, load_average=None),
        load_average_after=None,
    )
    text = render(latency_table([unknown]))
    assert "delegate not known" in text
    assert "governor not known, load average not known" in text
    assert "None" not in text
