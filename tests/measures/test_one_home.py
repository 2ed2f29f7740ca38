"""One number, one key: what one command measured is known to the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archspec.ablation import parse_ablation
from archspec.ablation.run import AblationRun
from archspec.ledger import Ledger
from archspec.measures import Settings, blank_record, evaluate, measure_named, measures
from archspec.measures._evaluate import taken_record
from archspec.network import Network
from archspec.predictor import Accuracy, read_table, write_table
from archspec.record import Record, read_records
from tests.cli.runner import run
from tests.measures.measured import case as case_of
from tests.measures.measured import planted

__all__ = ["planted"]
SPEC = """
name: small
input: {size: [32, 48]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 8, stride: 4}
- conv_bn: {filters: 8, stride: 2}
decoder: bilinear
"""
COSTS = (
    "params", "params_total", "gmacs", "gflops", "peak_memory_mb", "memory_access_mb", "tflite_mb",
    "tflite_float16_mb", "tflite_int8_mb", "file_mb",
)  # fmt: skip
LATENCIES = tuple(name for name in measures() if measure_named(name).in_turns)
TABLE = f"""
base: small.yaml
variants: {{wide: {{classes: 4}}}}
procedure: quick
metrics: [{", ".join((*COSTS, *LATENCIES))}]
"""


ACCURACY = Accuracy(40, 0.02, 0.05, 0.99, 12, 0.9, 0.3, "2026-01-02T03:04:05Z")


class Silent:
    """Watches nothing."""

    def message(self, text: str) -> None: ...

    def measuring(self, what: str, done: int, total: int) -> None: ...

    def at_work(self, several: object) -> None: ...

    def timing(self, progress: object) -> None: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHSPEC_LEDGER", raising=False)
    (tmp_path / "small.yaml").write_text(SPEC)
    return tmp_path


def built(*more: str) -> dict[str, Record]:
    found = run("build", "small.yaml", "--no-keras", "--procedure", "quick", "--format", "json", *more).json()
    return {record.metric: record for record in read_records(Path(found["folder"]) / "record.json")}


def test_a_build_a_latency_a_row_and_a_trial_have_equal_keys(folder: Path) -> None:
    build = {metric: record.key for metric, record in built().items() if metric in (*COSTS, *LATENCIES)}
    assert build.keys() == {*COSTS, *LATENCIES}
    assert run("latency", "small.yaml", "shufflenetv2_basic", "--procedure", "quick", "--ledger", "timed.db").code == 0
    with Ledger.open("timed.db") as ledger:
        timed = {one.metric: one.key for one in ledger.find(name="small")}
    row = AblationRun(parse_ablation(TABLE.replace("small.yaml", str(folder / "small.yaml"))), "row.db", folder)
    samples = row.run(Silent()).samples
    in_table = {
        metric: one.key for (name, metric), of in samples.items() if name == "small" for one in of.records.values()
    }
    trial = evaluate(Network.load("small.yaml"), Settings((*COSTS, *LATENCIES), procedure="quick", output=str(folder)))
    assert timed == {metric: build[metric] for metric in LATENCIES}
    assert in_table == build
    assert {one.metric: one.key for one in trial.records} == build


def test_a_table_measures_nothing_that_a_build_did(folder: Path) -> None:
    """The row of the network that was built is known; the other one is timed alone, and the table says so."""
    built()
    (folder / "table.yaml").write_text(TABLE.replace("variants: {wide: {classes: 4}}\n", ""))
    assert run("ablate", "table.yaml").err.startswith("0 numbers measured")
    (folder / "table.yaml").write_text(TABLE)
    lacking = len(COSTS) + len(LATENCIES)
    told = run("ablate", "table.yaml", "--format", "markdown")
    assert told.err.startswith(f"{lacking} numbers measured")
    assert "ratio of wide: not timed together with small" in told.out
    again = run("ablate", "table.yaml", "--update", "--format", "markdown")
    assert again.err.startswith(f"{2 * lacking} numbers measured")
    assert "not timed together" not in again.out


def test_what_is_known_is_shown_and_timed_again_when_asked(folder: Path) -> None:
    first = built()["latency_ms"]
    assert built()["latency_ms"] == first
    shown = run("latency", "small.yaml", "--procedure", "quick", "--format", "json").json()
    own = next(row for row in shown["latencies"] if row["name"] == "small")
    assert tuple(own["samples_ms"]) == first.samples
    assert any(note.startswith(f"small: known ({first.time})") for note in shown["notes"])
    assert built("--update")["latency_ms"].samples != first.samples


@pytest.mark.parametrize(
    "options",
    [("--shuffle", "transpose"), ("--input-dtype", "uint8"), ("--precision", "int8"), ("--threads", "2")],
    ids=" ".join,
)
def test_another_way_of_exporting_is_another_number(options: tuple[str, ...], folder: Path) -> None:
    usual, other = built()["latency_ms"], built(*options)["latency_ms"]
    assert usual.key != other.key
    assert built("--seed", "1")["latency_ms"].key == usual.key


def test_a_prediction_is_a_record_with_the_table_s_accuracy(planted: Settings) -> None:
    file = Path(planted.latency_table)
    write_table(file, replace(read_table(file), accuracy=ACCURACY))
    found = taken_record(measure_named("predicted_latency_ms"), case_of(planted))
    assert (found.metric, found.unit) == ("predicted_latency_ms", "ms")
    assert found.conditions["fingerprint"] == "f00d" and found.conditions["input_height"] == 24
    assert found.circumstances["table_median_error"] == 0.02 and found.circumstances["table_networks"] == 40


@pytest.mark.slow
def test_the_score_of_a_training_is_the_measure_of_that_name(planted: Settings) -> None:
    case = case_of(planted)
    taken = measure_named("miou").take(case)
    score, *_ = read_records(Path(planted.output) / str(taken.circumstances["run"]) / "record.json")
    assert (score.metric, score.value) == ("miou", taken.value)
    assert score.key == blank_record(measure_named("miou"), case).key


@pytest.mark.parametrize(
    "condition",
    ["device", "device_fingerprint", "runtime", "runtime_version", "delegate", "threads", "precision", "warmup_s",
     "runs", "runs_per_round", "beside", "weights", "input_height", "batch"],
)  # fmt: skip
def test_a_latency_under_other_conditions_has_another_key(condition: str, planted: Settings) -> None:
    record = blank_record(measure_named("latency_ms"), case_of(planted))
    other = Record(record.hash, "latency_ms", None, conditions={**record.conditions, condition: "another"})
    assert record.conditions[condition] != "another"
    assert record.key == Record(record.hash, "latency_ms", None, conditions=dict(record.conditions)).key != other.key
