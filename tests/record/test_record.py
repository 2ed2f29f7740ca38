"""A record is a plain value: same content, same key; what it was read as is what was written."""

import json
import pickle
from dataclasses import FrozenInstanceError, replace
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.record import Plain, Record, package_versions, timestamp

BASE = Record(
    hash="ab12",
    metric="latency_ms",
    value=9.5,
    unit="ms",
    name="net",
    spec="backbone: shufflenet_v2\n",
    conditions={"threads": 1, "device": "host"},
    circumstances={"load_average": 0.5},
    samples=(9.4, 9.5, 9.7),
    time="2024-05-01T12:00:00Z",
)

plains: st.SearchStrategy[Plain] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False)
)
mappings = st.dictionaries(st.text(), plains, max_size=4)
numbers = st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record,
    hash=st.text(),
    metric=st.text(),
    value=plains,
    unit=st.text(),
    name=st.text(),
    spec=st.text(),
    conditions=mappings,
    circumstances=mappings,
    samples=st.lists(numbers, max_size=4).map(tuple),
    time=st.text(),
)


@given(records)
def test_round_trip_through_json_and_pickle(record: Record) -> None:
    again = Record.from_json(json.loads(json.dumps(record.to_json())))
    assert again == record
    assert again.key == record.key
    assert hash(again) == hash(record)
    assert pickle.loads(pickle.dumps(record)) == record


@pytest.mark.parametrize(
    "same",
    [
        replace(BASE, value=11.0),
        replace(BASE, time="2025-01-01T00:00:00Z"),
        replace(BASE, name="another name", spec="the same network in other words"),
        replace(BASE, circumstances={"load_average": 7.0}, samples=()),
        replace(BASE, conditions={"device": "host", "threads": 1}),
        replace(BASE, conditions={"device": "host", "threads": 1.0}),
    ],
)
def test_the_key_is_of_the_question_not_of_the_answer(same: Record) -> None:
    assert same.key == BASE.key


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, hash="ab13"),
        replace(BASE, metric="fps"),
        replace(BASE, conditions={"device": "host", "threads": 2}),
        replace(BASE, conditions={"device": "host", "threads": "1"}),
        replace(BASE, conditions={"device": "host"}),
        replace(BASE, conditions={"device": "host", "threads": 1, "delegate": None}),
    ],
)
def test_another_question_has_another_key(other: Record) -> None:
    assert other.key != BASE.key


def test_the_key_does_not_change_between_versions() -> None:
    # sha256 of '["ab12", "latency_ms", {"device": "host", "threads": 1}]', first 32 hex digits, by sha256sum
    assert BASE.key == "000d16e866323729b22438de833584fe"


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        BASE.value = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        BASE.conditions["threads"] = 2  # type: ignore[index]
    conditions: dict[str, Plain] = {"threads": 1}
    record = replace(BASE, conditions=conditions)
    conditions["threads"] = 2
    assert record.conditions == {"threads": 1}


def test_conditions_are_in_order_of_their_names() -> None:
    assert list(BASE.conditions) == ["device", "threads"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_nan(value: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        replace(BASE, value=value)
    with pytest.raises(ValueError, match="conditions: threads of a record must be finite"):
        replace(BASE, conditions={"threads": value})
    with pytest.raises(ValueError, match="a sample of a record must be finite"):
        replace(BASE, samples=(value,))


@pytest.mark.parametrize("value", [np.float32(1), np.int64(3), np.zeros(2), [1], {}, object()])
def test_only_plain_values(value: object) -> None:
    with pytest.raises(TypeError, match="value of a record must be text, a number"):
        replace(BASE, value=value)  # type: ignore[arg-type]


def test_a_numpy_float64_is_a_float_and_becomes_a_plain_one() -> None:
    assert type(replace(BASE, value=np.float64(1.5)).value) is float


def test_names_must_be_text() -> None:
    with pytest.raises(TypeError, match="metric of a record must be text"):
        replace(BASE, metric=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="names for keys"):
        replace(BASE, conditions={1: "a"})  # type: ignore[dict-item]


def test_versions_come_from_the_installed_packages() -> None:
    found = package_versions(["numpy", "no-such-package-here"])
    assert sorted(found) == ["archspec", "numpy", "python"]
    assert found["numpy"] == np.__version__ == version("numpy")


def test_a_timestamp_is_utc() -> None:
    from datetime import UTC, datetime

    read = datetime.fromisoformat(timestamp())
    assert abs((datetime.now(UTC) - read).total_seconds()) < 5
