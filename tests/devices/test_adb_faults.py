"""Each fault of a phone, injected below the real `adb` client: a typed error within its time, nothing left behind."""

import subprocess
from pathlib import Path

import pytest

from archspec.devices import Model, device
from archspec.devices._faults import (
    Ambiguous,
    Full,
    Garbled,
    Offline,
    ServerLost,
    TimedOut,
    ToolMissing,
    Unauthorised,
    Unplugged,
)
from tests.devices.conftest import Bench, free_port
from tests.devices.expecting import expect_within
from tests.devices.fake_adbd import FakePhone
from tests.devices.tiny_model import tiny_tflite

MODEL = Model("a", tiny_tflite())


def test_unplugged(bench: Bench) -> None:
    place = bench.device()
    session = place.open(MODEL, threads=1)
    bench.phone.unplug()
    assert expect_within(60, lambda: session.run(1), Unplugged, "^adb: is not connected").hand
    session.close()
    session.close()


def test_offline(bench: Bench) -> None:
    bench.phone.answers = False
    found = expect_within(60, bench.device(timeout_s=5, tries=2).machine, Offline, "is offline")
    assert found.again


def test_unauthorised(bench: Bench) -> None:
    bench.phone.authorised = False
    found = expect_within(60, bench.device(timeout_s=5).machine, Unauthorised, "does not trust this machine")
    assert not found.again
    assert found.hand


def test_full(bench: Bench) -> None:
    bench.phone.full = True
    expect_within(60, lambda: bench.device().open(MODEL, threads=1), Full, "is full .*failed to copy")
    assert list(bench.folder.iterdir()) == []


def test_a_hung_command_is_killed_in_its_time(bench: Bench) -> None:
    place = bench.device(timeout_s=1.5, tries=1)
    place.machine()
    bench.phone.hang = True
    expect_within(15, place.machine, TimedOut, "no answer within 1.5 s")


def test_a_hung_benchmark_is_killed_in_its_time(bench: Bench) -> None:
    place = bench.device(timeout_s=1.5, tries=1)
    session = place.open(MODEL, threads=1)
    bench.phone.environment["STUB_FAULT"] = "hang"
    expect_within(15, lambda: session.run(1), TimedOut, "no answer within")


def test_what_hangs_on_the_phone_is_ended_there(bench: Bench) -> None:
    """Some phones let a program run on when its connection has ended: it would heat the phone and disturb the next."""
    bench.phone.keeps = True
    session = bench.device(timeout_s=1.5, tries=2).open(MODEL, threads=1)
    bench.phone.environment["STUB_FAULT"] = "hang"
    expect_within(30, lambda: session.run(1), TimedOut, "no answer within")
    assert len(running(bench.folder)) == 1  # that of the first try has been ended before the second
    session.close()
    assert running(bench.folder) == []


def running(folder: Path) -> list[bytes]:
    """The command lines of stubs that run on the phone."""
    words = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [line for line in words if line.startswith(b"/bin/sh") and bytes(folder) in line]


def test_garbage(bench: Bench) -> None:
    session = bench.device(tries=2).open(MODEL, threads=1)
    bench.phone.environment["STUB_FAULT"] = "garbage"
    expect_within(60, lambda: session.run(2), Garbled, "benchmark_model printed no timings")


def test_no_sample_is_invented_for_a_run_that_did_not_happen(bench: Bench) -> None:
    session = bench.device(tries=1).open(MODEL, threads=1)
    bench.phone.environment["STUB_FAULT"] = "short"
    expect_within(60, lambda: session.run(2), Garbled, "1 runs instead of 2")


def test_a_killed_server_is_started_again(bench: Bench) -> None:
    session = bench.device().open(MODEL, threads=1)
    subprocess.run(["adb", "-P", str(bench.server_port), "kill-server"], timeout=20)
    assert [sample.wall_ms for sample in session.run(1)] == [2]


def test_a_server_that_is_none(bench: Bench) -> None:
    """Something else listens on the server's port, and never says a word that adb understands."""
    other = FakePhone(bench.phone.stubs, answers=False)
    try:
        place = bench.device(server_port=other.port, tries=1, timeout_s=3)
        with pytest.raises((ServerLost, TimedOut)):
            place.machine()
    finally:
        other.unplug()
        subprocess.run(["adb", "-P", str(other.port), "kill-server"], capture_output=True, timeout=20)


def test_every_third_service_dropped_is_only_slower(bench: Bench) -> None:
    bench.phone.drop_every = 3
    session = bench.device().open(MODEL, threads=1)
    samples = [sample.wall_ms for sample in session.run(6)]
    session.close()
    assert len(samples) == 6
    assert samples == sorted(set(samples))
    assert bench.phone.services > 9


def test_several_phones_and_no_serial(bench: Bench) -> None:
    other = FakePhone(bench.phone.stubs)
    try:
        bench.device().machine()
        bench.device(serial=other.serial).machine()
        expect_within(60, bench.device(serial="", tries=1).machine, Ambiguous, "one of several phones")
    finally:
        other.unplug()
        subprocess.run(["adb", "-P", str(bench.server_port), "disconnect", other.serial], timeout=20)


def test_no_adb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    expect_within(5, device("adb", server_port=free_port()).machine, ToolMissing, "'adb' cannot be run")


def test_nothing_keeps_running(bench: Bench) -> None:
    """A call that was killed leaves no adb client behind."""
    place = bench.device(timeout_s=1.0, tries=1)
    place.machine()
    bench.phone.hang = True
    expect_within(15, place.machine, TimedOut, "no answer")
    words = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in words if bench.phone.serial.encode() in line]
