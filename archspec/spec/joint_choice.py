"""Choices that change together, as written: `together: {NAME: {choose: [{LABEL: {PATH: VALUE, …}}, …]}}`.

An option sets several paths of the spec at once. It is taken by its label: `--set together.NAME=LABEL`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import Fault, Place, Problem, nearest
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Scalar, Table, one_line, only_key, plain, show_plain, shown
from archspec.spec.words import CHOOSE, TOGETHER

EXAMPLE = "{choose: [{LABEL: {PATH: VALUE, …}}, …]}"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class JointOption:
    """One option: the paths that it sets, each with its value."""

    label: str
    changes: Mapping[str, Entry]
    place: Place


@dataclass(frozen=True, slots=True)
class JointChoice:
    """One choice of `together`."""

    name: str
    options: tuple[JointOption, ...]
    place: Place

    @property
    def path(self) -> str:
        """As of `--set`."""
        return f"{TOGETHER}.{self.name}"

    def option(self, value: object) -> JointOption:
        """The option of a label. Raises `Problem` with the nearest one."""
        label = value if isinstance(value, str) else show_plain(value)
        found = next((one for one in self.options if one.label == label), None)
        if found is None:
            raise Problem(f"'{self.name}' has no option '{one_line(label)}'", nearest(label, self.labels))
        return found

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its options, in order."""
        return tuple(option.label for option in self.options)


def joint_choices(document: Table, faults: list[Fault]) -> tuple[JointChoice, ...]:
    """The choices of `together` in a document; those whose form is wrong are reported and left out."""
    node = document.get(TOGETHER)
    if node is None:
        return ()
    if not isinstance(node, Table):
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            remedy = f"Write {TOGETHER}: {{NAME: {EXAMPLE}}}"
            faults.append(Fault(f"must be a mapping of choices ({shown(node)})", remedy, TOGETHER, node.place))
        return ()
    found = (_read_choice(name, entry, faults) for name, entry in node.entries.items())
    return tuple(choice for choice in found if choice is not None)


def _read_choice(name: str, entry: Entry, faults: list[Fault]) -> JointChoice | None:
    path = f"{TOGETHER}.{one_line(name)}"
    if not _NAME.fullmatch(name):
        remedy = "Write letters, digits, '_' and '-'"
        faults.append(Fault(f"not a usable name ('{one_line(name)}')", remedy, path, entry.place))
        return None
    node = entry.node
    options = node.entries[CHOOSE].node if isinstance(node, Table) and only_key(node) == CHOOSE else None
    if not isinstance(options, Items) or not options.items:
        broken = isinstance(node, Scalar) and node.value is BROKEN
        if not broken:
            fact = f"must be a choice of options that set several paths ({shown(node)})"
            faults.append(Fault(fact, f"Write {one_line(name)}: {EXAMPLE}", path, node.place))
        return None
    before = len(faults)
    read = [_read_option(item, f"{path}.{CHOOSE}[{i}]", faults) for i, item in enumerate(options.items)]
    labels: dict[str, JointOption] = {}
    for option in read:
        if option is not None and labels.setdefault(option.label, option) is not option:
            fact = f"two options have the label '{option.label}'"
            faults.append(Fault(fact, "Write another label", path, option.place))
    return JointChoice(name, tuple(labels.values()), entry.place) if len(faults) == before else None


def _read_option(node: Node, path: str, faults: list[Fault]) -> JointOption | None:
    label = only_key(node)
    if isinstance(node, Scalar) and node.value is BROKEN:
        return None
    inner = node.entries[label].node if isinstance(node, Table) and label is not None else None
    if label is None or not isinstance(inner, Table | Scalar) or not _LABEL.fullmatch(label):
        fact = f"must be one label with the paths that it sets ({shown(node)})"
        faults.append(Fault(fact, "Write {LABEL: {PATH: VALUE, …}}", path, node.place))
        return None
    if isinstance(inner, Scalar) and inner.value not in (None, BROKEN):
        fact = f"must be a mapping of paths and values ({shown(inner)})"
        faults.append(Fault(fact, f"Write {label}: {{PATH: VALUE, …}}", f"{path}.{label}", inner.place))
        return None
    changes = inner.entries if isinstance(inner, Table) else {}
    return JointOption(label, changes, node.entries[label].place if isinstance(node, Table) else node.place)


def joint_form(node: Node | None) -> Any:
    """`together` in plain Python; empty where there is none."""
    return plain(node) if isinstance(node, Table) else {}
