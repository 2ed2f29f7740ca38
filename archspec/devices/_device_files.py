"""Devices of one's own: `devices/pixel.yaml` holds `adb: {serial: …, threads: 4}`, and `pixel` is its name."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, UserError, nearest
from archspec.files import expanded
from archspec.spec.document_file import decode_file, shown_path
from archspec.spec.kinds import Kind
from archspec.spec.nodes import Entry, Node, Scalar, Table, one_line, shown
from archspec.spec.reader import Reader
from archspec.spec.signatures import Signature, signature_of
from archspec.spec.yaml_text import read_text

FOLDER = "devices"
VARIABLE = "ARCHSPEC_DEVICES"
_FILES = ("benchmark_model", "key")  # arguments that name a file of this machine
_EXAMPLE = "Write one of them, such as 'adb: {serial: ABC123}'"


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What a file says: the kind of device, and its arguments."""

    name: str
    kind: str
    options: dict[str, Any]
    path: Path
    summary: str = ""


def device_files() -> dict[str, Path]:
    """The device files that go by a name: of `devices/` in the current folder, then of the folder $ARCHSPEC_DEVICES."""
    folders = [Path(FOLDER), *([Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else [])]
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def is_file(name: str) -> bool:
    """Whether a device's name is that of a file."""
    return name.endswith((".yaml", ".yml")) or os.sep in name


def read_device_file(path: Path, kinds: Iterable[str]) -> DeviceFile:
    """Read a file; its arguments are checked against the device's function. Raises `UserError` with all faults."""
    faults: list[Fault] = []
    text = decode_file(path, faults)
    file = shown_path(path)
    node = read_text(text, file, faults) if text is not None else None
    found = _read(node, file, tuple(kinds), faults) if not faults else None
    if found is None or faults:
        raise UserError(faults)
    kind, options, summary = found
    for key in _FILES:
        if options.get(key):
            options[key] = str(path.parent / expanded(options[key]))
    return DeviceFile(path.stem, kind, options, path, summary)


def _read(
    node: Node | None, file: str, kinds: tuple[str, ...], faults: list[Fault]
) -> tuple[str, dict[str, Any], str] | None:
    start = Place(file, 1, 1)
    named = ", ".join(kinds)
    if not isinstance(node, Table):
        fact = f"must name a kind of device: {named}" + (f" ({shown(node)})" if node is not None else "")
        faults.append(Fault(fact, _EXAMPLE, place=node.place if node is not None else start))
        return None
    for key, entry in node.entries.items():
        if key not in (*kinds, "summary"):
            faults.append(Fault(f"unknown kind of device '{one_line(key)}'", nearest(key, kinds), place=entry.place))
    written = [(key, entry) for key, entry in node.entries.items() if key in kinds]
    if len(written) > 1:
        fact = f"one device a file (here {' and '.join(key for key, _ in written)})"
        faults.append(Fault(fact, "Write a file for each", place=written[1][1].place))
    elif not written and not faults:
        faults.append(Fault(f"must name a kind of device: {named}", _EXAMPLE, place=start))
    if faults:
        return None
    kind, entry = written[0]
    return kind, _options(kind, entry, faults), _summary(node, faults)


def _options(kind: str, entry: Entry, faults: list[Fault]) -> dict[str, Any]:
    node = entry.node
    if isinstance(node, Scalar) and node.value is None:
        node = Table({}, node.place)
    if not isinstance(node, Table):
        faults.append(Fault(f"must be a mapping of arguments ({shown(node)})", _EXAMPLE, kind, node.place))
        return {}
    reader = _Reader(Catalog())
    options = reader.arguments(signature_of(device_function(kind)), node, kind, entry.place)
    faults.extend(reader.faults)
    return options


def _summary(node: Table, faults: list[Fault]) -> str:
    written = node.get("summary")
    if written is None:
        return ""
    if isinstance(written, Scalar) and isinstance(written.value, str):
        return written.value
    faults.append(Fault(f"must be text ({shown(written)})", "", "summary", written.place))
    return ""


def device_function(kind: str) -> Callable[..., Any]:
    """The function of a kind of device."""
    found: Callable[..., Any] = getattr(importlib.import_module(f"archspec.devices.{kind}"), kind)
    return found


class _Reader(Reader):
    """Arguments are plain values here: there is nothing to choose or to select."""

    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        return self.mismatch(kind, node, path)

    def _unknown_argument(self, name: str, signature: Signature, path: str, place: Place) -> None:
        remedy = nearest(name, signature.parameters) or f"'{signature.name}' takes no arguments"
        self.fault(f"unknown argument '{one_line(name)}'", remedy, path, place)

    def special_words(self) -> tuple[frozenset[str], str]:
        return frozenset(), ""
