"""Calibration on a device whose operators take planted times: what is found, kept, resumed and refused."""

import pytest

from archspec.errors import UserError
from archspec.graph import Graph
from archspec.predictor import LatencyTable, Predictor
from archspec.predictor.calibration import CalibrationProgress, calibrate, fill, measure_networks, operators_of
from archspec.predictor.calibration_models import sampled_networks
from archspec.predictor.turns import Turns, in_turns
from tests.predictor.planted import COLD, REFERENCE, PlantedDevice, network, planted_ms

QUICK = Turns(rounds=2, runs=2, together=4)
FITTED = [network(size, filters) for size in (8, 16, 32) for filters in (8, 16, 32)]
UNSEEN = [network(size, filters) for size in (12, 24) for filters in (12, 24, 40)]


def calibrated(device: PlantedDevice, table: LatencyTable | None = None, **options: object) -> LatencyTable:
    return calibrate(
        device, table, FITTED, UNSEEN, reference=REFERENCE, operator_turns=QUICK, network_turns=QUICK, **options
    )  # type: ignore[arg-type]


def test_planted_times_are_found_and_unseen_networks_predicted() -> None:
    device = PlantedDevice()
    found = calibrated(device)
    assert set(found.entries) == set(operators_of(FITTED))
    assert found.correction is not None and found.accuracy is not None
    assert found.correction.networks == len(FITTED)
    assert (found.accuracy.networks, found.accuracy.interpolated) == (len(UNSEEN), pytest.approx(1.0))
    assert found.accuracy.median_error < 0.05 and found.accuracy.spearman > 0.98
    assert found.conditions.fingerprint == "f00d" and found.conditions.runtime == "Planted"


def test_times_are_processor_times_at_one_pace() -> None:
    """The device slows down by a tenth with every group; no entry does."""
    found = calibrated(PlantedDevice())
    pace = found.reference_ms / 5
    from archspec.predictor.calibration_models import one_operator

    for signature, time in found.entries.items():
        assert time.warm_ms == pytest.approx(pace * planted_ms(one_operator(signature)))
        assert time.cold_ms == pytest.approx(COLD * time.warm_ms)


def test_nothing_is_measured_twice() -> None:
    found = calibrated(PlantedDevice())
    again = PlantedDevice()
    calibrated(again, found)
    assert len(again.opened) == len(FITTED) + len(UNSEEN)  # the whole networks, and no operator


def test_a_killed_calibration_goes_on_where_it_stopped() -> None:
    whole = PlantedDevice()
    calibrated(whole)
    operators = len(whole.opened) - len(FITTED) - len(UNSEEN)
    kept: list[LatencyTable] = []
    with pytest.raises(KeyboardInterrupt):
        calibrated(PlantedDevice(fails_after=10), keep=kept.append)
    assert len(kept[-1].entries) == 8  # two groups of four
    rest = PlantedDevice()
    found = calibrated(rest, kept[-1])
    assert len(rest.opened) == operators - 8 + len(FITTED) + len(UNSEEN)
    assert set(found.entries) == set(operators_of(FITTED))


def test_a_table_of_another_device_is_refused() -> None:
    found = calibrated(PlantedDevice())
    other = PlantedDevice(fingerprint="beef")
    with pytest.raises(UserError, match="of another device: fingerprint f00d, not beef"):
        calibrated(other, found)
    with pytest.raises(UserError, match="threads 1, not 2"):
        calibrated(PlantedDevice(), found, threads=2)
    with pytest.raises(UserError, match=r"runtime Planted, not Planted\+Kernels"):
        calibrated(PlantedDevice(delegate="Kernels"), found)
    with pytest.raises(UserError, match="of another device"):
        fill(other, found, UNSEEN, reference=REFERENCE)
    assert other.opened == []


def test_filling_leaves_nothing_to_interpolate() -> None:
    found = calibrated(PlantedDevice())
    filled = fill(PlantedDevice(), found, UNSEEN, reference=REFERENCE, operator_turns=QUICK)
    assert Predictor(found).predict(UNSEEN[0].graph).interpolated == pytest.approx(1.0)
    assert Predictor(filled).predict(UNSEEN[0].graph).interpolated == 0
    assert (filled.accuracy, filled.correction) == (found.accuracy, found.correction)


def test_a_few_networks_are_too_few_to_fit() -> None:
    found = calibrate(PlantedDevice(), None, FITTED[:3], reference=REFERENCE, operator_turns=QUICK)
    assert (found.correction, found.accuracy) == (None, None) and found.entries


def test_networks_are_measured_in_the_order_given() -> None:
    took = measure_networks(PlantedDevice(), FITTED[:6], 5.0, reference=REFERENCE, turns=QUICK)
    assert took[0] < took[1] < took[2] and took[0] < took[3]


def test_progress_is_told() -> None:
    told: list[CalibrationProgress] = []
    calibrated(PlantedDevice(), progress=told.append)
    assert [one.done for one in told if one.stage == "networks"] == [4, 8, 12, 15]
    last = [one for one in told if one.stage == "operators"][-1]
    assert last.done == last.total == len(operators_of(FITTED))


def test_turns_need_a_cold_and_a_warm_run() -> None:
    with pytest.raises(ValueError, match="two runs"):
        Turns(runs=1)
    assert list(in_turns([], REFERENCE, PlantedDevice())) == []


def test_sampled_networks_repeat_and_keep_their_bounds() -> None:
    from itertools import islice

    first, second = (list(islice(sampled_networks(9, 1e8, 2e8), 3)) for _ in range(2))
    assert [one.cost.macs for one in first] == [one.cost.macs for one in second]
    assert all(1e8 <= one.cost.macs <= 2e8 and one.cost.macs == multiply_adds(one.graph) for one in first)
    assert len({one.cost.macs for one in first}) > 1


def multiply_adds(graph: Graph) -> int:
    """Of all nodes that an output hangs on."""
    return sum(node.layer.macs(node) for node in graph.nodes if id(node) not in graph.unread)
