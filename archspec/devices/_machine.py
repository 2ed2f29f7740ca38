"""Which machine this is and what state it is in, read from files of the system; nothing is guessed."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from archspec.devices._state import STATE_FILES, State, read_files, state_of

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
