"""A table that is carried over to a device whose kernels are faster or slower, each kind by its own multiple."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from pathlib import Path

import numpy as np
import pytest

from archspec.devices import Model
from archspec.errors import Problem, UserError
from archspec.export import take_census
from archspec.network import Network
from archspec.predictor import (
    LatencyTable,
    Predictor,
    Turns,
    calibrate,
    calibrate_file,
    read_table,
    sampled_networks,
    spearman,
    transfer_file,
    write_table,
)
from archspec.predictor import transfer as transfers
from tests.predictor.planted import REFERENCE, PlantedDevice, PlantedSession

QUICK = Turns(rounds=1, runs=2, together=4)
MULTIPLES = {"CONV_2D": 0.3, "DEPTHWISE_CONV_2D": 1.2, "HARD_SWISH": 20.0, "ARG_MAX": 3.0, "RESIZE_BILINEAR": 0.8}


@dataclass
class Kernels(PlantedDevice):
    """An operator takes a time for each number that it touches, times the multiple of its code."""

    multiples: dict[str, float] = field(default_factory=dict)

    def open(self, model: Model, *, threads: int) -> PlantedSession:
        session = super().open(model, threads=threads)
        if model.name != "reference":
            session.duration_ms = self.pace * self.took_ms(model.content)
        return session

    def took_ms(self, content: bytes) -> float:
        """Of a file."""
        return sum(
            1e-6 * self.multiples.get(node.code, 0.5) * sum(prod(one.shape) for one in (*node.inputs, *node.outputs))
            for node in take_census(content).nodes
        )


PHONE = Kernels("beef", multiples=MULTIPLES)


@pytest.fixture(scope="module")
def known() -> LatencyTable:
    """Of a device on which all kinds of operator need the same time for each number."""
    networks = list(islice(small_networks(1), 12))
    return calibrate(Kernels(), None, networks, reference=REFERENCE, operator_turns=QUICK, network_turns=QUICK)


def small_networks(seed: int, **_: float) -> Iterator[Network]:
    """Those with few multiply-adds, so that their files are soon written."""
    return sampled_networks(seed, most_macs=6e7)


@pytest.fixture(autouse=True)
def small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "sampled_networks", small_networks)
    monkeypatch.setattr(transfers, "POOL", 30)


def carried(known: LatencyTable, path: Path, **options: object) -> LatencyTable:
    return transfer_file(PHONE, known, path, reference=REFERENCE, turns=QUICK, **options)[0]  # type: ignore[arg-type]


def test_ten_networks_tell_the_multiple_of_each_kind(known: LatencyTable, tmp_path: Path) -> None:
    path = tmp_path / "phone.json"
    table = carried(known, path)
    assert read_table(path) == table and table.conditions.fingerprint == "beef"
    assert table.like == "planted, A processor, float32, threads 1" and len(table.entries) == len(known.entries)
    predictor, pace = Predictor(table), table.reference_ms / 5
    unseen = [one for one in islice(small_networks(909), 30) if is_known(predictor, one)]
    took = [pace * PHONE.took_ms(one.to_tflite(weights=one.fresh_weights()).data) for one in unseen]
    predicted = [predictor.predict(one.graph).latency_ms for one in unseen]
    errors = sorted(abs(one / other - 1) for one, other in zip(predicted, took, strict=True))
    assert len(errors) > 15 and errors[len(errors) // 2] < 0.1 and spearman(predicted, took) > 0.97
    assert table.accuracy is not None and table.accuracy.is_left_out and table.accuracy.networks == 10
    assert "carried over by 10 networks" in str(predictor.predict(unseen[0].graph))


def is_known(predictor: Predictor, network: Network) -> bool:
    try:
        predictor.predict(network.graph)
    except Problem:
        return False
    return True


def test_fewer_networks_are_surer_of_less(known: LatencyTable, tmp_path: Path) -> None:
    few, many = (carried(known, tmp_path / "table.json", networks=count).accuracy for count in (3, 10))
    assert few is not None and many is not None and few.median_error > many.median_error


def test_a_table_of_another_precision_keeps_the_operators_that_it_knows(known: LatencyTable, tmp_path: Path) -> None:
    table = carried(known, tmp_path / "int8.json", networks=3, precision="int8", threads=2)
    assert (table.conditions.precision, table.conditions.threads) == ("int8", 2)
    assert table.operators_precision == "float32"
    network = next(small_networks(5))
    assert Predictor(table).operators(network.graph) == Predictor(known).operators(network.graph)


def test_only_a_table_that_was_measured_and_fitted_is_carried_over(known: LatencyTable, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="never fitted to whole networks"):
        carried(replace(known, correction=None), tmp_path / "table.json")
    with pytest.raises(UserError, match="itself carried over"):
        carried(replace(known, like="another"), tmp_path / "table.json")
    assert not (tmp_path / "table.json").exists()


def test_a_calibration_does_not_take_what_was_carried_over_for_measured(known: LatencyTable, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write_table(path, replace(known, like="another device", conditions=replace(known.conditions, fingerprint="beef")))
    from archspec.predictor import calibration

    device = Kernels("beef", multiples=MULTIPLES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "sampled_networks", small_networks)
        patch.setattr(calibration, "further_operators", lambda known, precision: [])
        table, _ = calibrate_file(
            device, path, networks=2, held_out=0, operator_turns=QUICK, network_turns=QUICK, reference=REFERENCE
        )
    assert table.like == "" and len(device.opened) >= len(table.entries) > 0


def test_the_next_network_is_one_that_those_measured_say_nothing_of() -> None:
    """Three networks of one kernel and one of another: the second to be measured is that one."""
    times = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    fit = transfers._Fit(times)
    first = fit.most_telling([])
    assert first < 3
    assert fit.to([first], [4.0]).most_telling([first]) == 3
