"""A device that only another machine reaches: within its context nothing here asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.measures import Settings, _device, device_conditions, settled_device
from archspec.measures._device import predictor_of
from archspec.predictor import read_table
from archspec.record import Plain
from tests.measures.measured import planted

__all__ = ["planted"]
FAR: dict[str, Plain] = {"device": "pixel", "device_fingerprint": "f00d", "threads": 2}


@pytest.fixture
def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str, threads: int, delegate: str) -> dict[str, Plain]:
        raise LookupError(f"{name} was asked for")

    monkeypatch.setattr(_device, "_asked", asked)


@pytest.mark.usefixtures("out_of_reach")
def test_its_conditions_are_those_that_the_other_machine_gave() -> None:
    with settled_device("pixel", 2, FAR):
        assert device_conditions("pixel", 2) == FAR
        device_conditions("pixel", 2)["device"] = "changed"
        assert device_conditions("pixel", 2)["device"] == "pixel"
        for other in (("pixel", 1, ""), ("nokia", 2, ""), ("pixel", 2, "gpu")):
            with pytest.raises(LookupError):
                device_conditions(*other)


@pytest.mark.usefixtures("out_of_reach")
def test_afterwards_it_is_asked_again() -> None:
    with pytest.raises(KeyError, match="inside"), settled_device("pixel", 2, FAR):
        raise KeyError("inside")
    with pytest.raises(LookupError):
        device_conditions("pixel", 2)


@pytest.mark.usefixtures("planted", "out_of_reach")
def test_it_is_predicted_by_its_own_table_only(planted: Settings) -> None:
    settings = replace(planted, device="pixel", threads=2)
    table = read_table(Path(settings.latency_table))
    with settled_device("pixel", 2, {**FAR, "device_fingerprint": table.conditions.fingerprint}):
        assert predictor_of(settings).table == table
    with (
        settled_device("pixel", 2, {**FAR, "device_fingerprint": "another"}),
        pytest.raises(UserError, match=f"a latency table of another device \\({table.conditions.fingerprint}, not an"),
    ):
        predictor_of(settings)
