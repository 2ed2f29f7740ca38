"""A device's table in its file: made, continued, found again by who predicts; refused where it is of another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.network import Network
from archspec.predictor import LatencyTable, read_table, write_table
from archspec.predictor import calibration as latency_tables
from archspec.predictor.calibration import calibrate_file, predictor_for
from archspec.predictor.tables import calibration_table
from archspec.predictor.turns import Turns
from tests.predictor.latency_tables import pointwise
from tests.predictor.planted import REFERENCE, PlantedDevice, network

QUICK = Turns(rounds=2, runs=2, together=4)


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small networks, of other sizes for each seed, and a cache of this test's own."""

    def sampled(seed: int) -> Iterator[Network]:
        for number in range(99):
            yield network(8 + seed % 3 + number % 5, 8 + 4 * (number // 5))

    monkeypatch.setattr(latency_tables, "sampled_networks", sampled)
    monkeypatch.setattr(latency_tables, "further_operators", lambda known, precision: [pointwise(6, 5, 4)])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def calibrated(device: PlantedDevice, path: Path | None = None) -> tuple[LatencyTable, Path]:
    return calibrate_file(
        device, path, networks=10, held_out=6, operator_turns=QUICK, network_turns=QUICK, reference=REFERENCE
    )


def test_a_calibrated_device_predicts(tmp_path: Path) -> None:
    table, path = calibrated(PlantedDevice())
    assert path.is_relative_to(tmp_path / "cache" / "archspec" / "latency")
    assert read_table(path) == table and table.accuracy is not None
    assert pointwise(6, 5, 4) in table.entries  # of no sampled network
    prediction = predictor_for(PlantedDevice(), reference=REFERENCE).predict(network(10, 14).graph)
    assert prediction.latency_ms > 0 and prediction.accuracy == table.accuracy


def test_a_file_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "table.json"
    calibrated(PlantedDevice(), path)
    again = PlantedDevice()
    calibrated(again, path)
    assert len(again.opened) == 16  # networks only


def test_a_device_that_was_never_calibrated_is_told_how(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"planted \(A processor, Planted 1, threads 1\) was never calibrated. Calib"):
        predictor_for(PlantedDevice(), reference=REFERENCE)
    _, path = calibrated(PlantedDevice())
    with pytest.raises(UserError, match="of another device: fingerprint f00d, not beef"):
        predictor_for(PlantedDevice(fingerprint="beef"), path, reference=REFERENCE)


def test_the_report_tells_the_score() -> None:
    table, path = calibrated(PlantedDevice())
    rows = dict(calibration_table([(table, path)]).rows)
    assert rows["operators measured"] == str(len(table.entries))
    assert rows["scored on networks"].startswith("6, ")
    assert table.accuracy is not None
    assert rows["median error"] == f"{100 * table.accuracy.median_error:.1f} %"
    assert "never seen" not in rows and str(path) in calibration_table([(table, path)]).notes[0]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot make the folder"):
        calibrated(PlantedDevice(), tmp_path / "file" / "table.json")


def test_a_table_without_networks_is_reported_without_a_score(tmp_path: Path) -> None:
    table, _ = calibrated(PlantedDevice())
    bare = LatencyTable(table.conditions, 5.0)
    write_table(tmp_path / "bare.json", bare)
    assert [row[0] for row in calibration_table([(bare, tmp_path / "bare.json")]).rows] == [
        "device",
        "runtime",
        "operators measured",
    ]
