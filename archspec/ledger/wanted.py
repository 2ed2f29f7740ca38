"""Which records are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archspec.ledger.rows import encode
from archspec.record import Plain, Record

_SHORT = 10**12  # from 1e16 on a float is written with an exponent


@dataclass(frozen=True)
class Wanted:
    """What records must agree with; None and '' are anything.

    `conditions` give the values that one may have; times are in UTC as records write them, or their beginnings:
    from `since` on, and before `before`.
    """

    hash: str | None = None
    metric: str | None = None
    name: str | None = None
    conditions: Mapping[str, tuple[Plain, ...]] = field(default_factory=dict)
    since: str = ""
    before: str = ""
    hash_begins: str = ""

    def likely(self, body: str) -> bool:
        """Whether a row's text may hold a wanted record: most are turned away before they are parsed."""
        return all(any(_written(name, value) in body for value in values) for name, values in self.conditions.items())

    def agrees(self, record: Record) -> bool:
        """Whether a record is wanted: what is in its columns may be cut short."""
        texts = ((self.hash, record.hash), (self.metric, record.metric), (self.name, record.name))
        return all(wanted is None or wanted == found for wanted, found in texts) and all(
            name in record.conditions and any(_same(record.conditions[name], value) for value in values)
            for name, values in self.conditions.items()
        )


def _written(name: str, value: Plain) -> str:
    """How a condition begins in a row's text; a number that may be written in two ways is looked at later."""
    if isinstance(value, float):
        return encode(name) + ":" if not value.is_integer() or abs(value) > _SHORT else f"{encode(name)}:{int(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _SHORT:
        return encode(name) + ":"
    return f"{encode(name)}:{encode(value)}"


def _same(found: Plain, wanted: Plain) -> bool:
    """1 and 1.0 are the same condition; 1 and true are not."""
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
