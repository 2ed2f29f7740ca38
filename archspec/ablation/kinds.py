"""What may stand in an ablation file: the kind of each key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archspec.ablation.comparing import CORRECTIONS
from archspec.devices import PRESETS
from archspec.export import PRECISIONS
from archspec.search.study.kinds import COUNT, SEED, ByMetricKind, MetricKind, one_or_several
from archspec.search.study.study import Target
from archspec.spec import (
    INVALID,
    NAME,
    Kind,
    ListKind,
    LiteralKind,
    MadeKind,
    Node,
    Reads,
    RecordKind,
    TextKind,
    UnionKind,
)


@dataclass(frozen=True)
class DistinctKind(MadeKind):
    """A list of at least one, none of them twice: a tuple."""

    inner: Kind
    make: Callable[[Any], Any] = tuple

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        found = super().read(node, path, reader)
        if found is INVALID:
            return INVALID
        if not found:
            return reader.fault("nothing in it", f"Write {self.example}", path, node.place)
        twice = next((one for one in found if found.count(one) > 1), None)
        return found if twice is None else reader.fault(f"'{twice}' is there twice", "Leave one", path, node.place)


_TARGET = RecordKind({"name": TextKind(), "threads": COUNT, "latency_table": TextKind()})

# The networks (base, overrides, variants, grid, one_at_a_time, leave_one_out) are specs, which their own reader reads.
ABLATION_KINDS: dict[str, Kind] = {
    "name": NAME,
    "summary": TextKind(),
    "source": TextKind(),
    "metrics": DistinctKind(one_or_several(MetricKind())),
    "seeds": DistinctKind(ListKind(SEED)),
    "data": one_or_several(TextKind()),
    "recipes": ByMetricKind(TextKind()),
    "device": UnionKind((MadeKind(_TARGET, lambda one: Target(**one)), MadeKind(TextKind(), Target))),
    "procedure": LiteralKind(tuple(PRESETS)),
    "precisions": DistinctKind(ListKind(LiteralKind(PRECISIONS))),
    "workers": COUNT,
    "correct": LiteralKind(CORRECTIONS),
}
ROW_KEYS = ("base", "overrides", "variants", "grid", "one_at_a_time", "leave_one_out", "published", "compare_with")
KEYS = (*ABLATION_KINDS, *ROW_KEYS)
