"""Changes that are meant for several specs (`--set`, `--weights`), and those specs that they do not change.

What a spec of an ablation says of a path comes after a common change, so it beats it: an ablation over `output_stride`
does not hear of `--set output_stride=16`. A choice of a space is closed by one. Both are said.
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


def option_text(change: Change) -> str:
    """As it was written: `--set output_stride=16`, `--weights`."""
    return one_line(f"--set {change}" if isinstance(change, str) else f"--{', '.join(change)}", 200)


def unreached(change: Change, rows: Mapping[str, Spec], without: Mapping[str, Spec]) -> tuple[str, ...]:
    """The names of `rows` that a change leaves as they are `without` it, although it asks for something else there."""
    return tuple(name for name, spec in rows.items() if without.get(name) == spec and not _already_so(spec, change))


def changes_none(rows: Mapping[str, Spec], without: Mapping[str, Spec]) -> bool:
    """Whether every spec is the same without a change."""
    return all(without.get(name) == spec for name, spec in rows.items())


def fault_of(change: Change, names: tuple[str, ...]) -> Fault:
    """Of a change that no row hears of."""
    fact = f"changes no row: {listed(names)} set it themselves"
    return Fault(fact, "Leave it out, or change the ablation file", place=Place(option_text(change)))


def note_of(option: str, names: tuple[str, ...]) -> str:
    """Of a change that some specs do not hear of."""
    return f"{option} does not change {listed(names)}: what is set there comes after it"


def closed_choices(before: Spec, after: Spec) -> tuple[str, ...]:
    """The paths of choices that a change has closed; without those inside another one of them."""
    left = {choice.path for choice in after.choices()}
    found: list[str] = []
    for choice in before.choices():
        if choice.path not in left and not choice.path.startswith(tuple(f"{path}." for path in found)):
            found.append(choice.path)
    return tuple(found)


def closed_note(names: tuple[str, ...]) -> str:
    """Of choices that are none any more."""
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
