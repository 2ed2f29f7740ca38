"""Which machine this is and what state it is in (clocks, heat, battery), read from files of the system.

The same files are read on this machine and on a device; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

STATE_FILES = (
    "sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
    "sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq",
    "sys/devices/system/cpu/cpufreq/policy*/cpuinfo_max_freq",
    "sys/class/thermal/thermal_zone*/temp",
    "sys/class/power_supply/*/capacity",
    "sys/class/power_supply/*/status",
)
_CPUFREQ, _SUPPLY = "sys/devices/system/cpu/cpufreq/policy*/", "sys/class/power_supply/*/"
_SANE_C = (-40.0, 150.0)  # a zone that is switched off reads -273 or some other nonsense
_STATUS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")  # Android's words for 0 to 6


@dataclass(frozen=True, slots=True)
class State:
    """One entry a clock domain in the three tuples of clocks; None and () are "not known".

    `clocks_mhz` is the clock now, `limits_mhz` what it may be now, `full_clocks_mhz` what the hardware can.
    `temperature_c` is that of the hottest zone, `thermal_status` Android's own (0 none to 6 shutdown).
    """

    clocks_mhz: tuple[int, ...] = ()
    limits_mhz: tuple[int, ...] = ()
    full_clocks_mhz: tuple[int, ...] = ()
    temperature_c: float | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    thermal_status: int | None = None

    @property
    def throttled(self) -> str:
        """Why it is slower than it can be, in words; '' when nothing says so."""
        if self.thermal_status:
            word = _STATUS[min(self.thermal_status, len(_STATUS) - 1)]
            return f"thermal status {self.thermal_status} ({word})"
        for limit, full in zip(self.limits_mhz, self.full_clocks_mhz, strict=False):
            if limit < full:
                return f"clock limited to {limit} of {full} MHz"
        return ""

    @property
    def words(self) -> str:
        """What is known, for a table's note; '' when nothing is."""
        parts = [f"clocks {'/'.join(map(str, self.clocks_mhz))} MHz"] if self.clocks_mhz else []
        parts += [f"{self.temperature_c:g} °C"] if self.temperature_c is not None else []
        if self.battery_percent is not None:
            parts.append(f"battery {self.battery_percent} %" + (", charging" if self.charging else ""))
        return ", ".join(parts)


def state_of(files: Mapping[str, str]) -> State:
    """From the texts of `STATE_FILES`, by path, and of Android's `dumpsys battery` and `dumpsys thermalservice`."""
    battery, thermal = files.get("dumpsys battery", ""), files.get("dumpsys thermalservice", "")
    levels = _numbers(files, _SUPPLY + "capacity")
    level = levels[0] if levels else _number(r"^\s*level: (\d+)", battery)
    return State(
        clocks_mhz=_mhz(files, "scaling_cur_freq"),
        limits_mhz=_mhz(files, "scaling_max_freq"),
        full_clocks_mhz=_mhz(files, "cpuinfo_max_freq"),
        temperature_c=_temperature(files, battery),
        battery_percent=level,
        charging=_charging(files, battery),
        thermal_status=_number(r"^\s*Thermal Status: (\d+)", thermal),
    )


def read_files(root: Path, patterns: Sequence[str]) -> dict[str, str]:
    """The texts of this machine's files by path below `root`; one that cannot be read is left out."""
    found = {}
    for pattern in patterns:
        for path in root.glob(pattern):
            try:
                found[str(path.relative_to(root))] = path.read_text("utf-8", "replace")
            except OSError:
                continue
    return found


def _mhz(files: Mapping[str, str], name: str) -> tuple[int, ...]:
    return tuple(round(value / 1000) for value in _numbers(files, _CPUFREQ + name))


def _numbers(files: Mapping[str, str], pattern: str) -> list[int]:
    """In the order of the numbers in their paths: policy4 comes before policy10."""
    paths = sorted((path for path in files if fnmatch(path, pattern)), key=_by_number)
    return [int(text) for text in (files[path].strip() for path in paths) if re.fullmatch(r"-?\d+", text)]


def _by_number(path: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path))


def _temperature(files: Mapping[str, str], battery: str) -> float | None:
    """The hottest zone (kernels write degrees or thousandths); else Android's battery, in tenths of a degree."""
    zones = [value / 1000 if abs(value) > 1000 else value for value in _numbers(files, "sys/class/thermal/*/temp")]
    sane = [zone for zone in zones if _SANE_C[0] < zone < _SANE_C[1]]
    if sane:
        return round(max(sane), 1)
    tenths = _number(r"^\s*temperature: (-?\d+)", battery)
    return None if tenths is None else tenths / 10


def _charging(files: Mapping[str, str], battery: str) -> bool | None:
    states = [text.strip() for path, text in files.items() if fnmatch(path, _SUPPLY + "status")]
    if states:
        return "Charging" in states
    status = _number(r"^\s*status: (\d+)", battery)
    return None if status is None else status == 2  # BatteryManager.BATTERY_STATUS_CHARGING


def _number(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text, re.MULTILINE)
    return int(found.group(1)) if found else None


GOVERNOR_FILE = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


@dataclass(frozen=True, slots=True)
class Machine:
    """`fingerprint` names the machine; governor, load and usable processors are its state. None is "not known"."""

    fingerprint: str
    cpu: str
    cpus: int
    architecture: str
    system: str
    kernel: str
    usable_cpus: int
    governor: str | None = None
    load_average: float | None = None
    state: State = field(default_factory=State)


def read_machine(root: Path = Path("/")) -> Machine:
    """This machine. `root` is where `proc` and `sys` are found.

    The fingerprint hashes what makes two machines run a network alike: architecture, processor (vendor, family,
    model, stepping, features) and count of processors. Not the host name, kernel, clock or load: a restart keeps it.
    Two machines of one make share it, on purpose.
    """
    processor = _processor(_text(root / "proc/cpuinfo"))
    cpu = processor.get("model name") or _text(root / "proc/device-tree/model").strip("\0\n") or _other_cpu_name()
    cpus = os.cpu_count() or 1
    architecture = platform.machine()
    identity = (f"{key}={processor[key]}" for key in sorted(processor))
    return Machine(
        fingerprint=_fingerprint(architecture, cpu, str(cpus), *identity),
        cpu=cpu,
        cpus=cpus,
        architecture=architecture,
        system=platform.system(),
        kernel=platform.release(),
        usable_cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cpus,
        governor=_text(root / GOVERNOR_FILE).strip() or None,
        load_average=load_average(),
        state=state_of(read_files(root, STATE_FILES)),
    )


def machine_of(files: Mapping[str, str]) -> Machine:
    """Another machine, from the texts of its files by path and the output of `uname -smr` and `nproc` by command.

    The fingerprint is made as `read_machine` makes it.
    """
    processor = _processor(files.get("proc/cpuinfo", ""))
    system, kernel, architecture = [*files.get("uname -smr", "").split(), "", "", ""][:3]
    model = files.get("proc/device-tree/model", "").strip("\0\n ")
    chip = " ".join(files.get(f"getprop {key}", "").strip() for key in _CHIP).strip()
    cpu = processor.get("model name") or model or chip or processor.get("Hardware", "") or architecture
    cpus = files.get("proc/cpuinfo", "").count("processor\t") or 1
    usable = files.get("nproc", "").strip()
    load = files.get("proc/loadavg", "").split()
    identity = (f"{key}={processor[key]}" for key in sorted(processor))
    return Machine(
        fingerprint=_fingerprint(architecture, cpu, str(cpus), *identity),
        cpu=cpu,
        cpus=cpus,
        architecture=architecture,
        system=system,
        kernel=kernel,
        usable_cpus=int(usable) if usable.isdigit() else cpus,
        governor=files.get(GOVERNOR_FILE, "").strip() or None,
        load_average=float(load[0]) if load else None,
        state=state_of(files),
    )


def load_average() -> float | None:
    """Processes that wanted a processor over the last minute, on average."""
    with suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None


_CHIP = ("ro.product.manufacturer", "ro.product.model", "ro.soc.model")  # of Android
_IDENTITY = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",  # x86
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features", "Hardware",  # ARM
)  # fmt: skip


def _processor(cpuinfo: str) -> dict[str, str]:
    """Identity of all kinds of core (a phone has several); features in alphabetical order."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([^:\n]+?)[ \t]*:[ \t]*(.*)$", cpuinfo, re.MULTILINE):
        if key in _IDENTITY:
            text = " ".join(sorted(value.split())) if key in ("flags", "Features") else value.strip()
            if text not in found.setdefault(key, []):
                found[key].append(text)
    return {key: ", ".join(values) for key, values in found.items()}


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _other_cpu_name() -> str:
    if sys.platform == "darwin":
        import subprocess

        with suppress(OSError, subprocess.SubprocessError):
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    return platform.processor() or platform.machine()
