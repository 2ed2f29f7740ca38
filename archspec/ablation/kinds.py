"""What may stand in an ablation file: the kind of each key."""

from __future__ import annotations

from archspec.devices import PRESETS
from archspec.export import PRECISIONS
from archspec.search.study.kinds import (
    COUNT,
    SEED,
    ByMetricKind,
    MadeKind,
    MetricKind,
    one_or_several,
)
from archspec.search.study.study import Target
from archspec.spec.composite_kinds import ListKind, RecordKind, UnionKind
from archspec.spec.document import NAME
from archspec.spec.kinds import Kind, LiteralKind, TextKind

_TARGET = RecordKind({"name": TextKind(), "threads": COUNT, "latency_table": TextKind()})

# The networks (base, overrides, variants, grid, one_at_a_time, leave_one_out) are specs, which their own reader reads.
ABLATION_KINDS: dict[str, Kind] = {
    "name": NAME,
    "summary": TextKind(),
    "source": TextKind(),
    "metrics": one_or_several(MetricKind()),
    "seeds": MadeKind(ListKind(SEED), tuple),
    "data": one_or_several(TextKind()),
    "recipes": ByMetricKind(TextKind()),
    "device": UnionKind((MadeKind(_TARGET, lambda one: Target(**one)), MadeKind(TextKind(), Target))),
    "procedure": LiteralKind(tuple(PRESETS)),
    "precisions": MadeKind(ListKind(LiteralKind(PRECISIONS)), tuple),
    "workers": COUNT,
}
ROW_KEYS = ("base", "overrides", "variants", "grid", "one_at_a_time", "leave_one_out", "published", "compare_with")
KEYS = (*ABLATION_KINDS, *ROW_KEYS)
