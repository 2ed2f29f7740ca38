"""The folder as registry: a device file's stem is its name."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import cast

from archspec.devices._contract import Device
from archspec.errors import nearest, user_error


@cache
def devices() -> tuple[str, ...]:
    """The names of all kinds of device, in alphabetical order; none is imported."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def device(name: str, **options: object) -> Device:
    """The device of that name. Raises `UserError` for an unknown one."""
    if name not in devices():
        raise user_error(f"unknown device '{name}'", nearest(name, devices()))
    module = importlib.import_module(f"archspec.devices.{name}")
    return cast(Device, getattr(module, name)(**options))
