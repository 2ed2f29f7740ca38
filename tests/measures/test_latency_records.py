"""A latency as records, and the records as a latency again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archspec.devices import Latency, State, latency_of_records
from archspec.measures import Ratio, Timed, ratio_between
from archspec.measures._timing import latency_records
from archspec.record import Record, read_records, write_records
from tests.devices.test_records import MACHINE, A, B

UNDER = {
    "device": "host", "device_fingerprint": "f00d", "runtime": "LiteRT", "runtime_version": "2.3.0",
    "delegate": "XNNPACK", "threads": 1, "warmup_s": 1.0, "runs": 4, "runs_per_round": 2, "beside": "a",
}  # fmt: skip
NETWORK = Timed("N", "net", lambda: b"", spec="s")


def records_of(latency: Latency, measurement: str = "one", **conditions: object) -> dict[str, Record]:
    return latency_records(NETWORK, latency, {**UNDER, **conditions}, measurement)  # type: ignore[dict-item]


def test_values_and_samples() -> None:
    records = records_of(B)
    assert {metric: record.value for metric, record in records.items()} == {
        "first_ms": 30.0,
        "fps": 4000 / 42.5,
        "init_ms": 3.0,
        "latency_iqr_ms": 9.625,
        "latency_mean_ms": 10.625,
        "latency_ms": 10.5,
        "latency_p90_ms": pytest.approx(16.05),
        "latency_ratio": 0.625,  # rounds: 5.5 / 11 and 15.75 / 21
        "latency_variance_ms2": pytest.approx(B.wall.variance),
    }
    assert records["latency_ms"].samples == B.samples_ms
    assert records["latency_ratio"].samples == (0.5, 0.75)
    assert (records["fps"].hash, records["fps"].name, records["fps"].spec) == ("net", "N", "s")
    assert {record.circumstances["measurement"] for record in records.values()} == {"one"}


def test_processor_time_has_its_own_record_with_one_thread() -> None:
    assert records_of(A)["cpu_ms"].value == 15.0
    assert "cpu_ms" not in records_of(B)


@pytest.mark.parametrize(
    "same",
    [
        replace(A, samples_ms=(1.0, 1.0, 1.0, 1.0)),
        replace(A, time="2025-01-01T00:00:00Z", load_average_after=9.0, warmup_s=1.2),
        replace(A, machine=replace(MACHINE, load_average=7.0, governor=None, kernel="7.0")),
    ],
)
def test_another_run_under_the_same_conditions_has_the_same_keys(same: Latency) -> None:
    assert [one.key for one in records_of(same).values()] == [one.key for one in records_of(A).values()]


def test_conditions_that_only_the_caller_knows() -> None:
    int8 = records_of(A, precision="int8")["latency_ms"]
    assert int8.conditions["precision"] == "int8"
    assert int8.key != records_of(A)["latency_ms"].key


def test_records_of_a_latency_survive_a_file(tmp_path: object) -> None:
    path, records = f"{tmp_path}/record.json", tuple(records_of(A).values())
    write_records(path, records)
    assert read_records(path) == records


@pytest.mark.parametrize(
    "latency",
    [
        A,
        replace(
            B,
            state_after=State(clocks_mhz=(1000, 2000), limits_mhz=(900, 2000), full_clocks_mhz=(1000, 2000),
                              temperature_c=40.5, battery_percent=80, charging=True, thermal_status=1),
            measurements=2, batch=3,
        ),
    ],
)  # fmt: skip
def test_the_records_are_the_latency_again(latency: Latency) -> None:
    again = latency_of_records(latency.name, records_of(latency, threads=latency.threads))
    ratios = latency.round_ratios
    assert again == replace(latency, reference="a", reference_samples_ms=(), kept_ratios=ratios)
    assert again.cautions == latency.cautions
    assert again.to_json() == latency.to_json()


def ratio(*rounds: float, measurement: str, name: str) -> dict[str, Record]:
    middle = sorted(rounds)[len(rounds) // 2]
    return {"latency_ratio": Record(name, "latency_ratio", middle, circumstances={"measurement": measurement},
                                    samples=rounds)}  # fmt: skip


def test_two_networks_of_one_measurement_are_compared_round_by_round() -> None:
    base, other = ratio(1.0, 2.0, 4.0, 8.0, measurement="m", name="base"), ratio(
        1.5, 3.0, 6.0, 12.0, measurement="m", name="other"
    )  # fmt: skip
    assert ratio_between(other, base) == Ratio(1.5, 1.5, 1.5, paired=True)
    assert ratio_between(base, base) == Ratio(1.0, 1.0, 1.0)


def test_two_of_two_measurements_by_their_ratios_to_the_reference_with_the_spread_of_both() -> None:
    base = ratio(0.9, 0.9, 1.0, 1.1, 1.1, measurement="m", name="base")
    other = ratio(1.8, 1.8, 2.0, 2.2, 2.2, measurement="n", name="other")
    assert ratio_between(other, base) == Ratio(2.0, pytest.approx(1.8 / 1.1), pytest.approx(2.2 / 0.9), paired=False)
