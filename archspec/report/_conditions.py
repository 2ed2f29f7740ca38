"""What the numbers hold under, and the commands that give them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.record import Record
from archspec.report._subject import Subject
from archspec.reporters.page import Conditions, Group, Text, Texts


def conditions_of(subjects: Sequence[Subject]) -> Conditions:
    """Per subject: what is said of the whole, then the conditions of its numbers, those of several told once."""
    groups = []
    for one in subjects:
        prefix = "" if len(subjects) == 1 else f"{one.name}: "
        said = tuple((name, value) for name, value in one.facts.items() if value)
        if said:
            groups.append(Group(f"{prefix}{one.kind}", said))
        shared, own = _shared(one.records)
        if shared:
            groups.append(Group(f"{prefix}all numbers" if own else f"{prefix}numbers", _items(shared)))
        groups += [Group(f"{prefix}{metric}", _items(conditions)) for metric, conditions in own.items()]
    return Conditions(tuple(groups))


def _shared(records: Sequence[Record]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Conditions that all records have alike, and what the others have beside them; equal ones under joined names."""
    if not records:
        return {}, {}
    everywhere = dict(records[0].conditions)
    for record in records[1:]:
        everywhere = {name: value for name, value in everywhere.items() if record.conditions.get(name, _NONE) == value}
    rest: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for record in records:
        own = {name: value for name, value in record.conditions.items() if name not in everywhere and name != "class"}
        own |= {name: value for name, value in record.circumstances.items() if value not in (None, "")}
        if own:
            names = rest.setdefault(tuple(sorted(own.items(), key=lambda item: item[0])), [])
            if record.metric not in names:
                names.append(record.metric)
    return everywhere, {", ".join(names): dict(items) for items, names in rest.items()}


_NONE = object()


def _items(conditions: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace("_", " "), "yes" if value is True else "no" if value is False else str(value))
        for name, value in conditions.items()
        if value is not None and value != ""
    )


def repeating(subjects: Sequence[Subject]) -> Texts:
    """Each command once."""
    found: dict[str, str] = {}
    for one in subjects:
        for name, command in one.commands.items():
            found.setdefault(command, name if len(subjects) == 1 else f"{name} ({one.name})")
    return Texts(tuple(Text(name, command) for command, name in found.items()))
