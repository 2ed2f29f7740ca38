"""Android through the real `adb` client, a fake daemon and a stub of benchmark_model."""

import sys
from pathlib import Path

import pytest

from archspec.devices import Model, Procedure, check_device, measure
from archspec.devices.adb import attached_phones
from archspec.errors import UserError
from tests.devices.conftest import Bench
from tests.devices.tiny_model import tiny_tflite

MODEL = Model("a", tiny_tflite() + b" and more")


def test_samples_are_those_the_program_printed_two_a_call(bench: Bench) -> None:
    session = bench.device().open(MODEL, threads=4)
    assert (session.init_ms, session.first_ms) == (3.337, 81.913)
    assert [sample.wall_ms for sample in session.run(3)] == [2, 3, 4]  # run 1 was that of `open`
    assert [sample.cpu_ms for sample in session.run(1)] == [None]
    session.close()
    assert [line.split("--num_runs=")[1].split()[0] for line in bench.calls()] == ["1", "2", "1", "1"]
    assert all("--num_threads=4" in line and "--min_secs=0" in line for line in bench.calls())


def test_a_whole_measurement_leaves_nothing_on_the_phone(bench: Bench) -> None:
    found = measure([MODEL, Model("b", tiny_tflite())], device=bench.device(), procedure=Procedure("own", 0.1, 2, 2))
    assert [latency.runs for latency in found] == [4, 4]
    assert found[0].samples_ms == (5, 6, 11, 12)  # two opens, two warm-ups; then a b b a, two each
    assert found[1].samples_ms == (7, 8, 9, 10)
    assert (found[0].system.version, found[0].system.delegate) == ("2.19.0", "XNNPACK")
    assert (found[0].system.delegated, found[0].system.operations) == (58, 60)
    assert found[0].warmup_runs == 9
    assert list(bench.folder.iterdir()) == []


def test_the_model_arrives_whole(bench: Bench) -> None:
    content = tiny_tflite() + bytes(range(256)) * 8000
    session = bench.device().open(Model("large", content), threads=1)
    (sent,) = bench.folder.glob("archspec-*/model.tflite")
    assert sent.read_bytes() == content
    session.close()


def test_an_old_program_says_no_percentiles_version_or_delegate(bench: Bench) -> None:
    bench.phone.environment["STUB_FORMAT"] = "old"
    session = bench.device().open(MODEL, threads=1)
    assert session.system.version.startswith("sha256 ")
    assert (session.system.delegate, session.system.operations) == (None, None)
    found = session.aggregate(300, 30.0)  # type: ignore[attr-defined]
    session.close()
    assert (found.runs, found.mean_ms, found.std_ms, found.median_ms) == (300, 151.5, 0.5, None)
    assert "--warmup_min_secs=30 " in bench.calls()[-1]


def test_processors_and_delegate_are_chosen(bench: Bench) -> None:
    bench.device(cpus=[0], delegate="gpu", flags=["--gpu_backend=cl"]).open(MODEL, threads=1).close()
    assert bench.calls()[0].endswith("--use_gpu=true --gpu_backend=cl")
    assert any("taskset 1 " in command for command in bench.phone.commands)


def test_the_state_of_the_phone(bench: Bench) -> None:
    bench.phone.environment["FAKE_THERMAL"] = "3"
    found = bench.device().machine()
    assert "FakePhone" in found.cpu or found.cpu  # the processor of this machine shows through the fake
    assert found.state.battery_percent == 81
    assert found.state.charging is True
    assert found.state.throttled == "thermal status 3 (severe)"


def test_a_serial_says_which_of_two_phones(bench: Bench) -> None:
    bench.device().machine()
    assert attached_phones(bench.server_port)[bench.phone.serial] == "device"


def test_a_model_that_the_program_refuses_is_the_models_fault(bench: Bench) -> None:
    bench.phone.environment["STUB_FAULT"] = "crash"
    with pytest.raises(UserError, match=r"cannot be run on adb .*unresolved custom op"):
        bench.device().open(MODEL, threads=1)
    assert list(bench.folder.iterdir()) == []


def test_the_program_is_looked_for_in_all_places(bench: Bench, adb_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"no benchmark_model for arm64-v8a \(looked in .* and on PATH\)"):
        bench.device(benchmark_model="").open(MODEL, threads=1)
    cache = adb_home / ".cache/litert-cli/binaries/arm64-v8a"
    cache.mkdir(parents=True)
    (cache / "benchmark_model").write_bytes(bench.binary.read_bytes())
    try:
        bench.device(benchmark_model="").open(MODEL, threads=1).close()
    finally:
        (cache / "benchmark_model").unlink()
    monkeypatch.setenv("PATH", f"{bench.phone.stubs}:/usr/bin:/bin")
    path = bench.phone.stubs / "benchmark_model"
    path.write_bytes(bench.binary.read_bytes())
    path.chmod(0o755)
    bench.device(benchmark_model="").open(MODEL, threads=1).close()


def test_a_checkup(bench: Bench) -> None:
    (bench.folder / "archspec-0123abcd").mkdir()
    steps = {step.name: step for step in check_device(bench.device(threads=2), MODEL)}
    assert list(steps) == ["reached", "state", "left behind", "runtime", "a model runs", "many runs"]
    assert "battery 81 %, charging" in steps["state"].found
    assert "archspec-0123abcd" in steps["left behind"].found
    assert "58 of 60 operations), threads 2" in steps["runtime"].found
    assert "runs 50, mean ms" in steps["many runs"].found
    assert "median ms" in steps["many runs"].found


def test_a_checkup_ends_with_the_first_fault(bench: Bench) -> None:
    bench.phone.full = True
    steps = list(check_device(bench.device(), MODEL))
    assert [step.name for step in steps] == ["reached", "state", "fault"]
    assert "is full" in str(steps[-1].fault)


def test_a_python_on_the_phone_gives_real_samples(bench: Bench) -> None:
    """The same runner as by ssh, through `adb shell`."""
    place = bench.device(python=sys.executable, cpus=[0], timeout_s=60.0)
    (found,) = measure(tiny_tflite(), device=place, procedure=Procedure("own", 0.02, 2, 5))
    assert found.runs == len(found.cpu_samples_ms) == 10
    assert all(0 < sample < 1000 for sample in found.samples_ms)
    assert list(bench.folder.iterdir()) == []


def test_the_device_files_threads_are_the_default(bench: Bench) -> None:
    steps = Procedure("own", 0.0, 1, 1)
    assert measure(MODEL, device=bench.device(threads=4), procedure=steps)[0].threads == 4
    assert measure(MODEL, device=bench.device(threads=4), procedure=steps, threads=2)[0].threads == 2
    assert "--num_threads=2" in bench.calls()[-1]
