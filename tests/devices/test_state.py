"""Clocks, heat and battery are read from the system's files; what says that a device is throttled."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.devices import Procedure, State, device, latency_circumstances, latency_table, measure, read_machine
from archspec.devices._link import read_link
from archspec.devices._machine import state_of
from archspec.devices._process import Finished
from archspec.reporters import render
from tests.devices.fakes import FakeClock, FakeRunner, fake_host, forever, models
from tests.devices.test_machine import PHONE

CPU = "sys/devices/system/cpu/cpufreq/policy"
FILES = {
    f"{CPU}4/scaling_cur_freq": "1200000\n", f"{CPU}4/scaling_max_freq": "1500000\n",
    f"{CPU}4/cpuinfo_max_freq": "2803200\n", f"{CPU}10/scaling_cur_freq": "2000000\n",
    f"{CPU}10/scaling_max_freq": "2000000\n", f"{CPU}10/cpuinfo_max_freq": "2000000\n",
    "sys/class/thermal/thermal_zone0/temp": "41500\n", "sys/class/thermal/thermal_zone1/temp": "38\n",
    "sys/class/thermal/thermal_zone2/temp": "-273000\n", "sys/class/power_supply/battery/capacity": "0\n",
    "sys/class/power_supply/battery/status": "Discharging\n", "proc/cpuinfo": PHONE,
}  # fmt: skip
HOT = State(thermal_status=2)


def tree(root: Path) -> Path:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_clocks_heat_and_battery(tmp_path: Path) -> None:
    assert read_machine(tree(tmp_path)).state == State(
        clocks_mhz=(1200, 2000), limits_mhz=(1500, 2000), full_clocks_mhz=(2803, 2000),
        temperature_c=41.5, battery_percent=0, charging=False,
    )  # fmt: skip


def test_a_limited_clock_is_a_throttled_device() -> None:
    assert state_of(FILES).throttled == "clock limited to 1500 of 2803 MHz"
    assert state_of({}).throttled == ""
    assert state_of({"dumpsys thermalservice": "IsStatusOverride: false\nThermal Status: 0\n"}).throttled == ""
    assert state_of({"dumpsys thermalservice": "Thermal Status: 1\n"}).throttled == "thermal status 1 (light)"


def test_android_says_its_battery_where_files_may_not_be_read() -> None:
    found = state_of({"dumpsys battery": "  AC powered: false\n  status: 2\n  level: 81\n  temperature: 312\n"})
    assert (found.battery_percent, found.charging, found.temperature_c) == (81, True, 31.2)


def test_nothing_readable_is_not_known() -> None:
    assert state_of({}) == State()
    assert State().words == ""


def test_the_same_files_read_through_a_shell_say_the_same(tmp_path: Path) -> None:
    """The script that reads a device is run by this machine's sh, on a root of our own."""
    root = tree(tmp_path)

    class Shell:
        name, folder = "shell", "/tmp"

        def shell(self, command: str) -> Finished:
            here = command.replace(" /proc", f" {root}/proc").replace(" /sys", f" {root}/sys")
            here = here.replace('"${f#/}"', f'"${{f#{root}/}}"')
            done = subprocess.run(["sh", "-c", here], capture_output=True, text=True, timeout=60)
            return Finished(done.returncode, done.stdout, done.stderr)

    found = read_link(Shell())  # type: ignore[arg-type]
    assert found.state == read_machine(root).state
    assert (found.cpus, found.kernel) == (2, device("host").machine().kernel)


class Hot:
    """A device that is throttled in its first so many readings of the machine."""

    def __init__(self, clock: FakeClock, runner: FakeRunner, readings: int) -> None:
        self.device = fake_host(clock, {"a": runner})
        self.name, self.open, self.left = "hot", self.device.open, readings

    def machine(self) -> object:
        self.left -= 1
        return replace(self.device.machine(), state=HOT if self.left >= 0 else State())


@pytest.mark.parametrize(("readings", "again", "taken"), [(0, 3, 1), (2, 3, 2), (99, 3, 4), (99, 0, 1)])
def test_a_throttled_measurement_is_made_again(readings: int, again: int, taken: int) -> None:
    clock = FakeClock()
    place = Hot(clock, FakeRunner(clock, forever(1)), readings)
    steps = Procedure("own", 0.0, 2, 2, remeasure=again)
    (found,) = measure(models("a"), device=place, procedure=steps)  # type: ignore[arg-type]
    assert found.measurements == taken
    assert bool(found.throttled) is (readings > 2)
    assert ("throttled: thermal status 2 (moderate)" in found.cautions) is (readings > 2)
    assert (f"measured {taken} times, the steadiest is kept" in found.cautions) is (taken > 1)


def test_the_steadiest_of_noisy_measurements_is_kept() -> None:
    clock = FakeClock()
    # open 1, then 4 runs; three times: spreads of 75 %, 20 % and 50 %
    runner = FakeRunner(clock, [1, 10, 10, 25, 25, 1, 10, 10, 12, 12, 1, 10, 10, 20, 20])
    steps = Procedure("own", 0.0, 2, 2, remeasure=2)
    (found,) = measure(models("a"), device=fake_host(clock, {"a": runner}), procedure=steps)
    assert found.samples_ms == (10, 10, 12, 12)
    assert (found.noisy, found.measurements) == (True, 3)


def test_an_interrupt_while_measuring_again_keeps_the_first(tmp_path: Path) -> None:
    clock = FakeClock()

    class Stopped(FakeRunner):
        def invoke(self) -> None:
            if len(self.calls) > 8:
                raise KeyboardInterrupt
            super().invoke()

    runner = Stopped(clock, [1, 10, 10, 25, 25, 1, *range(10, 90)])
    with pytest.raises(KeyboardInterrupt) as caught:
        measure(models("a"), device=fake_host(clock, {"a": runner}), procedure=Procedure("own", 0.0, 2, 2, remeasure=1))
    assert [kept.samples_ms for kept in vars(caught.value)["latencies"]] == [(10, 10, 25, 25)]


def test_the_state_is_in_records_and_table() -> None:
    clock = FakeClock()
    (found,) = measure(models("a"), device=fake_host(clock, {"a": FakeRunner(clock, forever(1))}), procedure="quick")
    warm = State(clocks_mhz=(1200,), temperature_c=41.5, battery_percent=80, charging=True)
    found = replace(found, machine=replace(found.machine, state=warm), state_after=replace(warm, temperature_c=60.0))
    kept = latency_circumstances(found)
    assert (kept["temperature_c_before"], kept["temperature_c_after"], kept["clocks_mhz_before"]) == (
        41.5,
        60.0,
        "1200",
    )
    assert "clocks 1200 MHz, 41.5 °C, battery 80 %, charging; " in render(latency_table([found]), "markdown")
