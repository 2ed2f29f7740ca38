"""The conditions a number holds under, as lines for the foot of a table."""

from __future__ import annotations

from archspec.devices import read_machine
from archspec.record import package_versions, timestamp

PACKAGES = ("ai-edge-litert", "flatbuffers", "keras", "numpy", "tensorflow")


def conditions(**particular: object) -> tuple[str, ...]:
    """One line for the machine, one for its state, one for the versions, one for each of `particular`."""
    machine = read_machine()
    versions = ", ".join(f"{name} {found}" for name, found in package_versions(PACKAGES).items())
    system = f"{machine.architecture} {machine.system} {machine.kernel}"
    return (
        f"machine: {machine.cpu}, {machine.usable_cpus} of {machine.cpus} processors, {system}",
        f"state: load average {machine.load_average}, governor {machine.governor or 'not known'}, {timestamp()}",
        f"versions: {versions}",
        *(f"{name.replace('_', ' ')}: {value}" for name, value in particular.items()),
    )


def load_average() -> float | None:
    """Processes that want a processor, now."""
    return read_machine().load_average
