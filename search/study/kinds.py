"""What may stand in a study: the kind of each key."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise
from typing import Any

from archspec.catalog import load_function
from archspec.errors import Problem, nearest
from archspec.experiment import EngineKind
from archspec.export import PRECISIONS
from archspec.graph import Range
from archspec.measures import Limit, measure_named, measures
from archspec.search.fidelity import Fidelity
from archspec.search.samplers import samplers
from archspec.search.study.study import EQUAL, Budget, Front, Pretrain, Target
from archspec.search.trials import Direction, Objective
from archspec.spec import (
    INVALID,
    NAME,
    BoolKind,
    Items,
    Kind,
    ListKind,
    LiteralKind,
    MadeKind,
    NamedKind,
    Node,
    NumberKind,
    Reads,
    RecordKind,
    Scalar,
    Schema,
    Table,
    TextKind,
    UnionKind,
    Wrap,
    one_line,
    plain,
)

DIRECTIONS = ("maximize", "minimize")
COUNT = NumberKind(limits=Range(ge=1), sample="24")
SEED = NumberKind(limits=Range(ge=0), sample="0")
BOUND = NumberKind(real=True, sample="0.6")


class MetricKind(TextKind):
    """The name of a measure."""

    words = "a metric"
    example = "gflops"

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        name = super().read(node, path, reader)
        return name if name is INVALID else checked_metric(name, node, path, reader)


def direction(metric: str) -> Direction:
    """Which way is better."""
    return "minimize" if measure_named(metric).less_is_better else "maximize"


def sampler_function(name: str) -> Callable[..., Any]:
    """The sampler of that name; its signature is that of its options, which can only be named."""
    function = load_function("samplers", name)

    @wraps(function)
    def options(*given: Any, **named: Any) -> Any:
        return function(*given, **named)

    signature = inspect.signature(function)
    task, *others = signature.parameters.values()
    changed = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in others]
    options.__signature__ = signature.replace(parameters=[task, *changed])  # type: ignore[attr-defined]
    return options


def checked_metric(name: str, node: Node, path: str, reader: Reads) -> Any:
    """The name, or INVALID after a fault."""
    names = measures()
    if name in names:
        return name
    return reader.fault(f"unknown metric '{one_line(name)}'", nearest(name, names), path, node.place)


@dataclass(frozen=True)
class ByMetricKind(Kind):
    """A mapping of metrics to something, read by `value`."""

    value: Kind
    words = "a mapping of metrics"

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"{{gflops: {self.value.example}}}"

    def fits(self, node: Node) -> bool:
        return isinstance(node, Table)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if not isinstance(node, Table):
            return reader.mismatch(self, node, path)
        found = {}
        for key, entry in node.entries.items():
            name = checked_metric(key, Scalar(key, entry.place), f"{path}.{key}", reader)
            found[key] = INVALID if name is INVALID else reader.read(self.value, entry.node, f"{path}.{key}")
        return INVALID if INVALID in found.values() else found

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "object", "additionalProperties": wrap(self.value.schema(wrap))}


class ObjectivesKind(Kind):
    """Metrics with their directions, or only metrics: then each has its usual direction."""

    words = "a list or a mapping of metrics"
    example = "{gflops: minimize}"

    def fits(self, node: Node) -> bool:
        return isinstance(node, Items | Table | Scalar)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if isinstance(node, Table):
            found = ByMetricKind(LiteralKind(DIRECTIONS)).read(node, path, reader)
            if found is INVALID:
                return INVALID
            objectives = [Objective(metric, way) for metric, way in found.items()]
        else:
            names = one_or_several(MetricKind()).read(node, path, reader)
            if names is INVALID:
                return INVALID
            objectives = [Objective(name, direction(name)) for name in names]
        if not objectives:
            return reader.fault("no objective", f"Write {self.example}", path, node.place)
        return tuple(objectives)

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": ["array", "object", "string"]}


def one_or_several(kind: Kind) -> Kind:
    """A value of a kind, or a list of them: always a tuple."""
    return UnionKind((MadeKind(ListKind(kind), tuple), MadeKind(kind, lambda one: (one,))))


def _limits(found: dict[str, Any]) -> tuple[Limit, ...]:
    made = []
    for metric, bounds in found.items():
        for way, bound in bounds.items():
            made.append(Limit(metric, bound, at_most=way == "at_most"))
    return tuple(made)


def _fidelity(found: dict[str, Any]) -> Fidelity:
    steps = found["steps"]
    if len(steps) < 2 or any(one >= other for one, other in pairwise(steps)):
        fact = f"steps of rungs must rise, from the first to a full training ({steps})"
        raise Problem(fact, "Write steps: [100, 300, 900]")
    return Fidelity(**{**found, "steps": tuple(steps)})


def _pretrain(found: dict[str, Any]) -> Pretrain:
    return Pretrain(found["recipe"], tuple(found["with"].items())) if "with" in found else Pretrain(found["recipe"])


class ChangesKind(Kind):
    """Paths of a spec with the values they get, which the spec's own reader checks when they are laid on."""

    words = "a mapping of paths to values"
    example = "{head: basic}"

    def fits(self, node: Node) -> bool:
        return isinstance(node, Table)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        return plain(node) if isinstance(node, Table) else reader.mismatch(self, node, path)

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "object"}


_BOUNDS = UnionKind(
    (MadeKind(BOUND, lambda bound: {"at_most": bound}), RecordKind({"at_most": BOUND, "at_least": BOUND}))
)
_TARGET = RecordKind(
    {"name": TextKind(), "threads": COUNT, "precision": LiteralKind(PRECISIONS), "latency_table": TextKind()}
)
_FRONT = RecordKind(
    {
        "metrics": one_or_several(MetricKind()),
        "seeds": MadeKind(ListKind(SEED), tuple),
        "points": COUNT,
        "recipes": ByMetricKind(TextKind()),
        "random": UnionKind((LiteralKind((EQUAL,)), COUNT)),
        "base": TextKind(),
    }
)
_PRETRAIN = RecordKind({"recipe": TextKind(), "with": ChangesKind()}, required=("recipe",))
_FIDELITY = RecordKind(
    {
        "steps": ListKind(COUNT),
        "eta": NumberKind(real=True, limits=Range(gt=1), sample="3"),
        "decay": NumberKind(real=True, limits=Range(gt=0, lt=1), sample="0.3"),
    },
    required=("steps",),
)
_TRAININGS = NumberKind(real=True, limits=Range(ge=1), sample="20")
SHARE_KIND = NumberKind(real=True, limits=Range(ge=0, le=1), sample="0.5")
_MINUTES = NumberKind(real=True, limits=Range(gt=0), sample="5")

# The space (spec, set, choices), its priors and the networks beside it are specs, which their own reader reads.
STUDY_KINDS: dict[str, Kind] = {
    "name": NAME,
    "summary": TextKind(),
    "source": TextKind(),
    "objectives": ObjectivesKind(),
    "limits": MadeKind(ByMetricKind(_BOUNDS), _limits),
    "metrics": one_or_several(MetricKind()),
    "sampler": NamedKind("sampler", samplers, sampler_function),
    "fidelity": MadeKind(_FIDELITY, _fidelity),
    "inherit": BoolKind(),
    "budget": MadeKind(
        RecordKind({"evaluations": COUNT, "minutes": _MINUTES, "trainings": _TRAININGS}), lambda one: Budget(**one)
    ),
    "data": one_or_several(TextKind()),
    "recipes": ByMetricKind(TextKind()),
    "pretrain": MadeKind(_PRETRAIN, _pretrain),
    "device": UnionKind((MadeKind(_TARGET, lambda one: Target(**one)), MadeKind(TextKind(), Target))),
    "workers": COUNT,
    "engine": EngineKind(),
    "seed": SEED,
    "front": MadeKind(_FRONT, lambda one: Front(**one)),
}
SPACE_KEYS = ("spec", "set", "choices", "beside", "priors")
KEYS = (*STUDY_KINDS, *SPACE_KEYS)
