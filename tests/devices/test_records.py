"""A latency as JSON and as a table."""

import json
from dataclasses import replace

from archspec.devices import Latency, Machine, Procedure, System, latency_table
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
