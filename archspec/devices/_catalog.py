"""The folder as registry: a device file's stem is its name; one's own devices are files of YAML."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from archspec.catalog import members
from archspec.devices._contract import Device
from archspec.errors import nearest, user_error


def devices() -> tuple[str, ...]:
    """The names of all kinds of device, in alphabetical order; none is imported."""
    return tuple(members("devices"))


def device(name: str, **options: object) -> Device:
    """A device: a kind (`host`), the name of a file in `devices/` (`pixel`), or the path of a `.yaml`.

    `options` are arguments of the kind's function; they win over those in a file. Raises `UserError` for an unknown
    name and for faults of a file.
    """
    from archspec.devices._device_files import device_files, device_function, is_file, read_device_file

    if name in devices():
        return cast(Device, device_function(name)(**options))
    known = device_files()
    if not is_file(name) and name not in known:
        raise user_error(f"unknown device '{name}'", nearest(name, (*devices(), *known)))
    found = read_device_file(Path(name) if is_file(name) else known[name], devices())
    named = {} if found.kind == "host" else {"name": found.name}
    return cast(Device, device_function(found.kind)(**{**found.options, **named, **options}))
