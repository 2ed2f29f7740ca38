"""`archspec ablate` from outside: costs and latencies measured once, then only read."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archspec.ledger import Ledger
from tests.cli.runner import run

SMALL = """
name: small
base: camvid_shufflenetv2_05
overrides: ["input.size=[64,96]"]
one_at_a_time: {output_stride: [8, 16]}
compare_with: output_stride=16
metrics: [params, gflops, latency_ms]
procedure: quick
"""
TRAINED = """
name: trained
base: camvid_shufflenetv2_05
overrides: ["input.size=[64,96]"]
variants: {pooled: {}, plain: {head: {aspp: {filters: 8, rates: [1]}}}}
metrics: [params, short_miou]
recipes: {short_miou: quick.yaml}
data: synthetic_streets
seeds: [0, 1]
workers: 1
"""
QUICK = """
augmentation: {crop: [64, 96], scale_from: 0.5, scale_to: 1.0}
batch_size: 2
steps: 2
learning_rate: 0.01
batch_norm: {momentum: 0.9}
validation: {images: 2}
"""


@pytest.fixture(autouse=True)
def own_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in --runs."""
    monkeypatch.delenv("ARCHSPEC_LEDGER", raising=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "trained.yaml").write_text(TRAINED)
    (tmp_path / "quick.yaml").write_text(QUICK)
    return tmp_path


def ablate(folder: Path, name: str, *more: str) -> tuple[str, str]:
    result = run("ablate", str(folder / f"{name}.yaml"), "--runs", str(folder / "runs"), *more)
    assert result.code == 0, result.err
    return result.out, result.err


def test_twice_is_byte_identical_and_measures_nothing(small: Path) -> None:
    first, _ = ablate(small, "small", "--format", "csv")
    again, told = ablate(small, "small", "--format", "csv")
    assert again == first
    assert told.startswith("0 numbers measured")
    rows = list(csv.DictReader(io.StringIO(first)))
    assert [row["row"] for row in rows] == ["output_stride=8", "output_stride=16"]
    assert float(rows[1]["latency_to_base"]) == 1.0
    assert float(rows[0]["latency_to_base"]) > 1.0
    assert float(rows[0]["gflops_delta"]) == pytest.approx(float(rows[0]["gflops"]) - float(rows[1]["gflops"]))
    for form in ("markdown", "latex", "html", "json"):
        assert ablate(small, "small", "--format", form) == ablate(small, "small", "--format", form)


def test_a_dry_run_writes_nothing(small: Path) -> None:
    out, _ = ablate(small, "trained", "--dry-run")
    assert not (small / "runs").exists()
    assert "4 trainings" in out
    assert run("ablate", str(small / "trained.yaml"), "--dry-run", "--only", "plain", "--seeds", "5").code == 0


def test_update_measures_again(small: Path) -> None:
    ablate(small, "small")
    _, told = ablate(small, "small", "--update")
    assert not told.startswith("0 numbers")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("paper_tabel5",), "Did you mean 'paper_table5'?"),
        (("paper_table5", "--only", "mobilenetv2_dp"), "Did you mean 'mobilenetv2_dpc'?"),
        (("paper_table5", "--procedure", "quik"), "Did you mean 'quick'?"),
        (("paper_table5", "--seeds", "a"), "--seeds wants numbers"),
        (("paper_table5", "--set", "width_multiplie=2"), "Did you mean 'width_multiplier'?"),
        (("dpc_branches",), "needs data"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], told: str) -> None:
    result = run("ablate", *arguments)
    assert result.code == 2
    assert told in result.err
    assert "Traceback" not in result.err


@pytest.mark.slow
def test_killed_in_a_training_it_goes_on_and_repeats_nothing(small: Path) -> None:
    """Every training that was in the ledger at the kill stays as it was."""
    ledger = small / "runs" / "ledger.db"
    command = [sys.executable, "-m", "archspec", "ablate", str(small / "trained.yaml"), "--runs", str(small / "runs")]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None and not trained(ledger):
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = trained(ledger)
    assert before
    out, _ = ablate(small, "trained", "--format", "csv")
    after = trained(ledger)
    assert {key: after[key] for key in before} == before
    assert len(after) == 4
    assert [row["short_miou_n"] for row in csv.DictReader(io.StringIO(out))] == ["2", "2"]
    again, told = ablate(small, "trained", "--format", "csv")
    assert again == out
    assert told.startswith("0 numbers measured")


@pytest.mark.slow
def test_a_trained_row_is_exported_in_its_own_precision(small: Path) -> None:
    (small / "exported.yaml").write_text(
        TRAINED.replace("variants: {pooled: {}, plain: {head: {aspp: {filters: 8, rates: [1]}}}}\n", "")
        .replace("[params, short_miou]", "[file_mb, exported_miou]")
        .replace("short_miou:", "miou:")
        .replace("seeds: [0, 1]", "seeds: [0]\nprecisions: [float32, int8]")
    )
    ablate(small, "exported")
    with Ledger.open(small / "runs" / "ledger.db") as ledger:
        found = {one.conditions["precision"]: one.circumstances["bytes"] for one in ledger.find(metric="exported_miou")}
        sizes = {one.conditions["precision"]: one.value for one in ledger.find(metric="file_mb")}
    assert found.keys() == {"float32", "int8"}
    for precision, size in found.items():
        assert isinstance(size, int)
        assert size / 1e6 == pytest.approx(sizes[precision], rel=0.05)


def trained(ledger: Path) -> dict[str, str]:
    if not ledger.exists():
        return {}
    with Ledger.open(ledger) as opened:
        return {record.key: record.time for record in opened.find(metric="short_miou")}
