"""`archspec latency`: what is timed, in which settings, and what is said where that cannot be."""

import json
import re
from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.devices import Sample, System, measure_settings
from archspec.devices._machine import read_machine
from archspec.devices.host import HousedSession
from archspec.errors import Place, UserError
from archspec.export import take_census
from archspec.measures._in_turns import Subject, settings, subjects
from archspec.network import Network
from tests.cli.runner import run
from tests.devices.tiny_model import tiny_tflite
from tests.needs import real_tflite_files

SMALL = """
name: small
input: {size: 32}
classes: 4
output_stride: 8
backbone:
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 8, stride: 2}
decoder: bilinear
output: argmax
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def codes(subject: Subject) -> list[str]:
    return [node.code for node in take_census(subject.data).nodes]


def test_without_its_tail_a_spec_ends_before_the_last_upsampling(spec: str) -> None:
    (whole, cut), notes = subjects([spec], Catalog(), tails=("with", "without"))
    assert notes == []
    assert codes(whole)[-2:] == ["RESIZE_BILINEAR", "ARG_MAX"]
    assert codes(cut) == codes(whole)[:-2]
    assert cut.left_out == ("decoder", "output")
    assert (whole.hash != cut.hash, whole.left_out) == (True, ())
    assert take_census(cut.data).outputs[0].shape == (1, 4, 4, 4)


def test_a_network_without_such_a_tail_is_told(spec: str) -> None:
    with pytest.raises(UserError, match="not timed without its tail; it ends in no upsampling"):
        subjects([spec], Catalog(), ["decoder=none", "output=logits"], tails=("without",))


def test_a_foreign_file_has_no_tail_to_leave_out(tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    (one,), notes = subjects([str(path)], Catalog(), tails=("with", "without"))
    assert (one.name, one.precision) == ("add", "")
    assert notes == [f"{path}: not timed without its tail; only a spec's graph can be cut"]


def test_each_precision_is_a_file_of_its_own(spec: str) -> None:
    found, _ = subjects([spec], Catalog(), precisions=("float32", "int8"))
    assert [one.name for one in found] == ["small", "small, int8"]
    assert [one.census.inputs[0].dtype for one in found] == ["FLOAT32", "FLOAT32"]
    assert found[1].census.weight_bytes < found[0].census.weight_bytes / 2


class Recorder:
    """A device whose runs take as many ms as it was opened with threads; it writes down what was opened."""

    name = "recorder"

    def __init__(self, delegate: str, log: list[tuple[str, str, int]]) -> None:
        self.delegate, self.log = delegate, log

    def machine(self):
        return read_machine()

    def open(self, model, *, threads: int):
        self.log.append((model.name, self.delegate, threads))
        return Session(threads)


class Session:
    init_ms = first_ms = 1.0
    system = System("none", "0", "none", 1, 0)

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def warm(self, seconds: float) -> tuple[int, float]:
        return 1, seconds

    def run(self, runs: int) -> list[Sample]:
        return [Sample(float(self.threads))] * runs

    def close(self) -> None: ...


def test_settings_take_turns_with_each_other() -> None:
    log: list[tuple[str, str, int]] = []
    one = Subject("net", tiny_tflite(), Place("net"), "hash")
    chosen = settings([one], (1, 3), ("a", "b"))
    found = measure_settings([model for _, model in chosen], lambda name: Recorder(name, log), procedure="quick")
    assert log == [
        ("net, 1 threads, delegate a", "a", 1),
        ("net, 1 threads, delegate b", "b", 1),
        ("net, 3 threads, delegate a", "a", 3),
        ("net, 3 threads, delegate b", "b", 3),
    ]
    assert [latency.threads for latency in found] == [1, 1, 3, 3]
    assert [latency.paired_ratio for latency in found] == [1, 1, 3, 3]


def test_whole_rounds_are_kept_when_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    turns = iter(range(100))
    real = HousedSession.run

    def third_turn_is_interrupted(self: HousedSession, runs: int) -> list[Sample]:
        if next(turns) == 5:  # two models: in the third round
            raise KeyboardInterrupt
        return real(self, runs)

    monkeypatch.setattr(HousedSession, "run", third_turn_is_interrupted)
    result = run("latency", str(path), str(path), "--procedure", "quick", "--format", "json")
    assert (result.code, result.err.strip()) == (130, "archspec: interrupted; what was finished is kept")
    assert [row["runs"] for row in json.loads(result.out)["latencies"]] == [8, 8]


def test_the_command_says_it_all(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    result = run("latency", spec, str(path), "--procedure", "quick", "--delegate", "xnnpack,none", "--tail",
                 "with,without", "--format", "json")  # fmt: skip
    answer = result.json()
    rows = {row["name"]: row for row in answer["latencies"]}
    assert list(rows) == [
        f"{name}, delegate {delegate}"
        for name in ("small", "small, no tail", "add")
        for delegate in ("xnnpack", "none")
    ]
    assert [len(row["samples_ms"]) for row in rows.values()] == [20] * 6
    assert {row["reference"] for row in rows.values()} == {"small, delegate xnnpack"}
    ours, plain, cut = (
        rows[f"small{what}"] for what in (", delegate xnnpack", ", delegate none", ", no tail, delegate xnnpack")
    )
    assert (ours["system"]["delegate"], plain["system"]["delegate"]) == ("XNNPACK", "none")
    assert (ours["stays_on_delegate"], cut["stays_on_delegate"]) == (False, True)  # an ARG_MAX never stays
    assert plain["system"]["delegated"] == 0
    assert answer["notes"] == [f"{path}: not timed without its tail; only a spec's graph can be cut"]


def test_a_network_alone_is_paired_with_the_bundled_one(tmp_path: Path) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    result = run("latency", str(path), "--procedure", "quick")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[4].startswith("reference: shufflenetv2_basic")
    assert lines[5].startswith("add ") and lines[5].endswith("  yes")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threads", "0"], "'0' is not a number of threads"),
        (["--threads", ","], "nothing is named"),
        (["--delegate", "gpu"], "'gpu' is none of xnnpack, none"),
        (["--precision", "int4"], "'int4' is none of float32"),
        (["--tail", "none"], "'none' is none of with, without"),
        (["--device", "hots"], "unknown device 'hots'. Did you mean 'host'?"),
        (["missing.tflite"], "missing.tflite: cannot be read"),
        (["no_such_spec"], "no such spec file"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = tmp_path / "add.tflite"
    path.write_bytes(tiny_tflite())
    result = run("latency", str(path), "--procedure", "quick", *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1


@pytest.mark.parametrize("path", real_tflite_files(), ids=lambda path: path.stem)
def test_real_files_are_timed_or_refused_in_one_line(path: Path) -> None:
    result = run("latency", str(path), "--procedure", "quick", "--format", "json")
    if result.code:
        assert result.code == 2
        assert re.fullmatch(rf"{re.escape(str(path))}: cannot be run by LiteRT \(.+\).*\n", result.err)
        return
    _, own = json.loads(result.out)["latencies"]
    assert (own["name"], own["runs"]) == (path.stem, 20)
    assert own["paired_ratio"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--calibrate", "{spec}"), "--calibrate takes no SPEC, and --predict at least one"),
        (("--predict",), "--calibrate takes no SPEC, and --predict at least one"),
        (("--predict", "{spec}", "--threads", "1,2", "--table", "none.json"), "leave out --table, or give one"),
        (("--calibrate", "--precision", "float32,int8", "--table", "none.json"), "leave out --table, or give one"),
        (("--predict", "model.tflite"), "model.tflite: only specs can be predicted"),
        (("--predict", "{spec}", "--table", "none.json"), "was never calibrated. Calibrate it first (archspec latency"),
        ((), "missing argument 'spec|model.tflite...'"),
        (("--calibrate", "--predict"), "--calibrate takes no SPEC, and --predict at least one"),
        (
            ("--predict", "{spec}", "--precision", "int8", "--threads", "2"),
            "calibrate it first (archspec latency --calibrate --threads 2 --precision int8)",
        ),
        (
            ("--predict", "{spec}", "--precision", "float16", "--table", "{table}"),
            "the device's latency table holds float32, not float16. Calibrate that too",
        ),
        (("--predict", "{spec}", "--procedure", "quick"), "--predict runs nothing: leave out --procedure"),
        (("--predict", "{spec}", "--preset", "quick"), "--predict runs nothing: leave out --procedure"),
        (("--predict", "{spec}", "--delegate", "xnnpack,none"), "a latency table is of one delegate"),
        (
            ("--predict", "{spec}", "--delegate", "none", "--table", "none.json"),
            "calibrate it first (archspec latency --calibrate --delegate none --table none.json)",
        ),
        (
            ("--predict", "{spec}", "--set", "output=logits", "--set", "decoder=none", "--tail", "without"),
            "not predicted without its tail; it ends in no upsampling",
        ),
        (("--calibrate", "--tail", "without"), "leave out --tail"),
        (("--calibrate", "--set", "classes=3"), "leave out --set"),
        (("{spec}", "--table", "none.json"), "--table is the file of --predict and --calibrate"),
    ],
)
def test_what_a_table_is_not_asked(
    spec: str, arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = _table_of_this_machine(tmp_path / "table.json", spec) if "{table}" in arguments else ""
    result = run("latency", *(word.format(spec=spec, table=table) for word in arguments))
    assert (result.code, result.out) == (2, "")
    assert said.lower() in result.err.lower()
    assert "Traceback" not in result.err


def _table_of_this_machine(path: Path, *sources: str) -> Path:
    """A table with planted times of every operator of `sources` and no other."""
    from archspec.devices import Model, device
    from archspec.network import reference_model
    from archspec.predictor import OperatorTime, write_table
    from archspec.predictor.calibration import operators_of, table_of

    networks = [Network.load(source, (), catalog=Catalog()) for source in sources]
    table = table_of(device("host"), None, Model("reference", reference_model()), 1)
    write_table(path, table.with_entries({one: OperatorTime(0.5, 0.25) for one in operators_of(networks)}))
    return path


def test_networks_that_can_be_predicted_are(spec: str, tmp_path: Path) -> None:
    """An operator that the table does not know takes away the answer of its own network only, and is named."""
    table = _table_of_this_machine(tmp_path / "table.json", spec)
    result = run("latency", "enet", spec, "--predict", "--tail", "with,without", "--table", str(table),
                 "--format", "json")  # fmt: skip
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    operators = len(codes(subjects([spec], Catalog())[0][0]))
    assert [(row["network"], row["predicted_latency_ms"]) for row in found["rows"]] == [
        ("enet", None),
        ("enet, no tail", None),
        ("small", operators * 0.25),
        ("small, no tail", (operators - 2) * 0.25),
    ]
    unknown, _ = (note for note in found["meta"]["notes"] if note.startswith("not predicted"))
    assert "enet: the latency table has no" in unknown and "PRELU" in unknown
    assert f"added by: archspec latency --calibrate --table {table}" in unknown


def test_a_study_is_refused_a_prediction_in_a_precision_that_no_table_holds(spec: str, tmp_path: Path) -> None:
    from archspec.errors import Problem
    from archspec.measures import Settings, measure_named
    from archspec.measures._case import Case
    from archspec.spec import load

    table = _table_of_this_machine(tmp_path / "table.json", spec)
    measure = measure_named("predicted_latency_ms")
    asked, held = (
        Case(load(spec), Settings(("predicted_latency_ms",), precision=precision, latency_table=str(table)))
        for precision in ("int8", "float32")
    )
    measure.check(held.settings)
    with pytest.raises(UserError, match="no latency is predicted in int8: the device's table holds float32"):
        measure.check(asked.settings)
    with pytest.raises(Problem, match="no latency is predicted in int8"):
        measure.take(asked)
    assert measure.conditions(asked) != measure.conditions(held)  # a ledger does not take the one for the other


@pytest.mark.parametrize("command", ["ablate", "build", "export", "latency"])
def test_one_word_says_how_latency_is_measured(command: str) -> None:
    """`--preset` and `--latency` are former names: taken, not shown."""
    from importlib import import_module

    shown = run(command, "--help").out
    assert "--procedure" in shown and "--preset" not in shown and "--latency" not in shown
    made = getattr(import_module(f"archspec.cli.{command}"), command)
    for word in ("--procedure", "--preset", "--latency"):
        context = made.make_context(command, ["small", word, "paper", "--output", "x"])
        assert context.params["procedure"] == "paper"
    if command != "ablate":  # which knows the words from the room that reads its file
        assert "Invalid value for '--procedure'" in run(command, "small", "--preset", "quik", "--output", "x").err


def test_where_nothing_can_be_predicted_that_is_an_error(spec: str, tmp_path: Path) -> None:
    table = _table_of_this_machine(tmp_path / "table.json", spec)
    result = run("latency", "enet", "segnet", "--predict", "--table", str(table))
    assert (result.code, result.out) == (2, "")
    assert [line.split(":")[0] for line in result.err.splitlines()] == ["enet", "segnet"]


@pytest.mark.slow
def test_a_spec_is_predicted_from_the_table_of_this_machine(spec: str, tmp_path: Path) -> None:
    """What the command prints is what the table says of the network, with how good the table was."""
    from archspec.devices import device
    from archspec.predictor import Predictor, read_table
    from archspec.predictor.calibration import calibrate_file
    from archspec.predictor.turns import Turns

    few = Turns(rounds=3)
    table, path = calibrate_file(
        device("host"), tmp_path / "table.json", networks=8, held_out=5, operator_turns=few, network_turns=few
    )
    result = run("latency", spec, "shufflenetv2_basic", "--predict", "--table", str(path), "--format", "json")
    assert (result.code, result.err) == (0, "")
    rows = json.loads(result.out)["rows"]
    predictor = Predictor(read_table(path))
    for row, source in zip(rows, (spec, "shufflenetv2_basic"), strict=True):
        wanted = predictor.predict(Network.load(source, (), catalog=Catalog()).graph)
        assert row["predicted_latency_ms"] == pytest.approx(wanted.latency_ms)
        assert row["interpolated_percent"] == pytest.approx(100 * wanted.interpolated)
    assert rows[0]["predicted_latency_ms"] < rows[1]["predicted_latency_ms"]
    assert str(table.accuracy) in result.out


def test_an_open_size_is_asked_for_and_used(tmp_path: Path) -> None:
    path = tmp_path / "open.tflite"
    path.write_bytes(tiny_tflite("MAXIMUM", shape=(1, 1, 1, 3), signature=(-1, -1, -1, 3)))
    for command in (("latency", str(path), "--procedure", "quick"), ("profile", str(path), "--method", "alone")):
        refused = run(*command)
        assert refused.code == 2
        assert refused.err.strip() == (
            f"{path}: leaves the size of its input open ([-1, -1, -1, 3]). Say which it is to be run at: --size H,W"
        )
    row = run("latency", str(path), str(path), "--procedure", "quick", "--size", "8,12", "--format", "json").json()
    assert [one["system"]["inputs"] for one in row["latencies"]] == [["1x8x12x3 float32"]] * 2
    assert run("profile", str(path), "--method", "alone", "--size", "8,12").code == 0
    assert run("delegates", str(path)).code == 0
    wrong = run("latency", str(path), "--size", "8")
    assert (wrong.code, "--size must be 2 numbers" in wrong.err) == (2, True)


def test_the_size_of_a_spec_is_its_input_size(spec: str) -> None:
    row = run("latency", spec, spec, "--procedure", "quick", "--size", "32,64", "--format", "json").json()
    assert row["latencies"][0]["system"]["inputs"] == ["1x32x64x3 float32"]
