"""Changes that are meant for several specs (`--set`, `--weights`), and those specs that they do not change.

What a row of an ablation sets replaces a common change: an ablation over `output_stride` ignores
`--set output_stride=16`. In a space, a common change closes a choice. Both are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.errors import Fault, Place, UserError
from archspec.spec.document import Spec
from archspec.spec.nodes import one_line
from archspec.spec.sources import override

Change = str | Mapping[str, Any]
LISTED = 6


def describe_change(change: Change) -> str:
    """As it was written: `--set output_stride=16`, `--weights`."""
    return one_line(f"--set {change}" if isinstance(change, str) else f"--{', '.join(change)}", 200)


def unreached(change: Change, rows: Mapping[str, Spec], without: Mapping[str, Spec]) -> tuple[str, ...]:
    """The names of `rows` that a change leaves as they are `without` it, although it asks for something else there."""
    return tuple(name for name, spec in rows.items() if without.get(name) == spec and not _already_so(spec, change))


def changes_none(rows: Mapping[str, Spec], without: Mapping[str, Spec]) -> bool:
    """Whether every spec is the same without a change."""
    return all(without.get(name) == spec for name, spec in rows.items())


def unreached_fault(change: Change, names: tuple[str, ...]) -> Fault:
    """The fault of a change that every row replaces."""
    fact = f"changes no row: {listed(names)} set it themselves"
    return Fault(fact, "Leave it out, or change the ablation file", place=Place(describe_change(change)))


def describe_unreached(option: str, names: tuple[str, ...]) -> str:
    """The note on a change that some specs replace."""
    return f"{option} does not change {listed(names)}: what is set there comes after it"


def closed_choices(before: Spec, after: Spec) -> tuple[str, ...]:
    """The paths of choices that a change has closed; without those inside another one of them."""
    left = {choice.path for choice in after.choices()}
    found: list[str] = []
    for choice in before.choices():
        if choice.path not in left and not choice.path.startswith(tuple(f"{path}." for path in found)):
            found.append(choice.path)
    return tuple(found)


def describe_closed(names: tuple[str, ...]) -> str:
    """The note on choices that a change has closed."""
    return f"closed by --set: {listed(names)} (an open choice of the file)"


def listed(names: tuple[str, ...]) -> str:
    """The first few names."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _already_so(spec: Spec, change: Change) -> bool:
    try:
        return override(spec, [change] if isinstance(change, str) else change) == spec
    except UserError:
        return False
