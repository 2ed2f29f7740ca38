"""The folder as registry: a device file's stem is its name. Devices of one's own are YAML files: `devices/pixel.yaml`
holds `adb: {serial: …, threads: 4}`, and `pixel` is its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from archspec.catalog import load_function, members
from archspec.devices._contract import Device
from archspec.errors import Place, nearest, user_error
from archspec.files import expanded
from archspec.spec import (
    DocumentReader,
    Entry,
    Scalar,
    Table,
    decode_file,
    one_line,
    read_text,
    shown,
    shown_path,
    signature_of,
)

FOLDER = "devices"
VARIABLE = "ARCHSPEC_DEVICES"
TEXTS = ("summary", "node")
_FILES = ("benchmark_model", "key")  # arguments that name a file of this machine
_EXAMPLE = "Write one of them, such as 'adb: {serial: ABC123}'"


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What a file says: the kind of device, and its arguments. `node` is the resource of the machine of a cluster that
    it hangs on; '' for the machine that asks."""

    name: str
    kind: str
    options: dict[str, Any]
    path: Path
    summary: str = ""
    node: str = ""


def device_files() -> dict[str, Path]:
    """The device files that go by a name: of `devices/` in the current folder, then of the folder $ARCHSPEC_DEVICES,
    then of plugin folders."""
    folders = [Path(FOLDER), *([Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else [])]
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return {**members("device_files"), **found}


def is_file(name: str) -> bool:
    """Whether a device's name is that of a file."""
    return name.endswith((".yaml", ".yml")) or os.sep in name


def read_device_file(path: Path, kinds: Iterable[str]) -> DeviceFile:
    """Read a file; its arguments are checked against the device's function. Raises `UserError` with all faults."""
    return _DeviceReader(path, tuple(kinds)).load()


class _DeviceReader(DocumentReader[DeviceFile]):
    """Reads one device: its only key besides `summary` and `node` is the kind of device."""

    def __init__(self, path: Path, kinds: tuple[str, ...]) -> None:
        super().__init__(path)
        self.kinds = kinds

    def document(self, text: str | Mapping[str, Any] | None) -> Table | None:
        found, file = decode_file(self.path, self.faults), shown_path(self.path)
        node = None if found is None else read_text(found, file, self.faults)
        if not self.faults and not isinstance(node, Table):
            fact = self._wanted() + (f" ({shown(node)})" if node is not None else "")
            self.fault(fact, _EXAMPLE, "", node.place if node is not None else Place(file, 1, 1))
        return node if isinstance(node, Table) and not self.faults else None

    def value(self, document: Table) -> DeviceFile | None:
        for key, entry in document.entries.items():
            if key not in (*self.kinds, *TEXTS):
                fact = f"unknown kind of device '{one_line(key)}'"
                self.fault(fact, nearest(key, self.kinds), "", entry.place)
        written = [(key, entry) for key, entry in document.entries.items() if key in self.kinds]
        if len(written) > 1:
            fact = f"one device a file (here {' and '.join(key for key, _ in written)})"
            self.fault(fact, "Write a file for each", "", written[1][1].place)
        elif not written and not self.faults:
            self.fault(self._wanted(), _EXAMPLE, "", Place(shown_path(self.path), 1, 1))
        if self.faults:
            return None
        kind, entry = written[0]
        options = self._options(kind, entry)
        summary, node = (self._text(document, key) for key in TEXTS)
        return None if self.faults else DeviceFile(self.path.stem, kind, options, self.path, summary, node)

    def _wanted(self) -> str:
        return f"must name a kind of device: {', '.join(self.kinds)}"

    def _options(self, kind: str, entry: Entry) -> dict[str, Any]:
        node = entry.node
        if isinstance(node, Scalar) and node.value is None:
            node = Table({}, node.place)
        if not isinstance(node, Table):
            self.fault(f"must be a mapping of arguments ({shown(node)})", _EXAMPLE, kind, node.place)
            return {}
        options = self.arguments(signature_of(load_function("devices", kind)), node, kind, entry.place)
        named = (key for key in _FILES if isinstance(options.get(key), str) and options[key])
        return options | {key: str(self.path.parent / expanded(options[key])) for key in named}

    def _text(self, document: Table, key: str) -> str:
        written = document.get(key)
        if written is None or (isinstance(written, Scalar) and isinstance(written.value, str)):
            return "" if written is None else str(written.value)
        self.fault(f"must be text ({shown(written)})", "", key, written.place)
        return ""


def devices() -> tuple[str, ...]:
    """The names of all kinds of device, in alphabetical order; none is imported."""
    return tuple(members("devices"))


def device(name: str, **options: object) -> Device:
    """A device: a kind (`host`), the name of a file in `devices/` (`pixel`), or the path of a `.yaml`.

    `options` are arguments of the kind's function; they win over those in a file. Raises `UserError` for an unknown
    name and for faults of a file.
    """
    path = device_path(name)
    if path is None:
        return cast(Device, load_function("devices", name)(**options))
    found = read_device_file(path, devices())
    named = {} if found.kind == "host" else {"name": found.name}
    return cast(Device, load_function("devices", found.kind)(**{**found.options, **named, **options}))


def device_path(name: str) -> Path | None:
    """The file of a device; None for a kind, which has none. Raises `UserError` for an unknown name."""
    if name in devices():
        return None
    known = device_files()
    if not is_file(name) and name not in known:
        raise user_error(f"unknown device '{name}'", nearest(name, (*devices(), *known)))
    return Path(name) if is_file(name) else known[name]


def device_node(name: str) -> str:
    """The resource of the machine of a cluster that a device hangs on; '' where its file names none. Raises
    `UserError`."""
    path = device_path(name)
    return "" if path is None else read_device_file(path, devices()).node
