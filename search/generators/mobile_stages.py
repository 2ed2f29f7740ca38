"""MobileNet-style backbone: a stem, then stages of equal units, each with its block, filters, repeats and kernel open.

A stage is a row of Table 2 of arXiv:1801.04381; the strides are the user's. What has one value is no decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from archspec.errors import Problem
from archspec.graph import Range
from archspec.search.candidates import Decision, DecisionValue, Generated, Genome

Count = Annotated[int, Range(ge=1)]
Unit = Literal["inverted_residual", "separable_conv_bn"]  # of MobileNetV2, of MobileNetV1
EXPANDING = "inverted_residual"


class Stem(TypedDict):
    """The first convolution, 3×3: which numbers of filters to choose from, and its stride (2)."""

    filters: Sequence[Count]
    stride: NotRequired[Count]


class Stage(TypedDict):
    """A row of equal units: each list is what to choose from. `stride` is of the first unit (1)."""

    filters: Sequence[Count]
    stride: NotRequired[Count]
    block: NotRequired[Sequence[Unit]]
    expansion: NotRequired[Sequence[Count]]
    kernel: NotRequired[Sequence[Count]]
    repeat: NotRequired[Sequence[Count]]


DEFAULTS: Mapping[str, Sequence[DecisionValue]] = {
    "block": (EXPANDING,),
    "expansion": (3, 6),
    "kernel": (3, 5),
    "repeat": (1, 2, 3),
}


def mobile_stages(*, stem: Stem, stages: Sequence[Stage]) -> Generated:
    """The steps of a backbone, with the ids `stem`, `stage1`, `stage2`, … for decoders to read.

    Args:
        stem: the first convolution.
        stages: in order; their strides and the stem's must multiply to the output stride, or beyond.
    """
    if not stages:
        raise Problem("a backbone needs at least one stage ([])", "Write stages: [{filters: [16, 24]}]")
    decisions = _Decisions()
    decisions.add("stem", "filters", stem["filters"])
    for number, stage in enumerate(stages, 1):
        given = {key: list(stage[key]) for key in DEFAULTS if key in stage}  # type: ignore[literal-required]
        row: dict[str, Sequence[DecisionValue]] = {**DEFAULTS, **given}
        decisions.stage(f"stage{number}", row | {"filters": list(stage["filters"])})

    def value(genome: Genome) -> list[dict[str, Any]]:
        return _steps({**decisions.fixed, **genome}, stem, stages)

    return Generated(tuple(decisions.open), value)


class _Decisions:
    """What is open, and what has one value."""

    def __init__(self) -> None:
        self.open: list[Decision] = []
        self.fixed: dict[str, DecisionValue] = {}

    def stage(self, name: str, row: Mapping[str, Sequence[DecisionValue]]) -> None:
        for key in ("block", "filters", "repeat", "kernel"):
            self.add(name, key, row[key])
        if len(row["block"]) == 1:
            self.add(name, "expansion", row["expansion"])
        else:
            self.add(name, "expansion", row["expansion"], f".{name}.block")

    def add(self, step: str, key: str, options: Sequence[DecisionValue], parent: str = "") -> None:
        if not options or len(set(options)) < len(options):
            raise Problem(f"{step}: '{key}' needs values, each once ({list(options)})", "Write a list such as [16, 24]")
        name = f".{step}.{key}"
        if len(options) == 1:
            self.fixed[name] = options[0]
            return
        ordered = key != "block"
        values = tuple(sorted(options)) if ordered else tuple(options)
        self.open.append(Decision(name, values, ordered, parent=parent, parent_value=EXPANDING if parent else ""))


def _steps(genome: Mapping[str, DecisionValue], stem: Stem, stages: Sequence[Stage]) -> list[dict[str, Any]]:
    first = {"filters": genome[".stem.filters"], "stride": stem.get("stride", 2), "activation": "relu6"}
    steps: list[dict[str, Any]] = [{"conv_bn": first, "id": "stem"}]
    for number, stage in enumerate(stages, 1):
        name = f"stage{number}"
        block = str(genome[f".{name}.block"])
        keys = ("filters", "kernel", "expansion") if block == EXPANDING else ("filters", "kernel")
        arguments: dict[str, Any] = {key: genome[f".{name}.{key}"] for key in keys}
        arguments["stride"] = stage.get("stride", 1)
        steps.append({block: arguments, "repeat": genome[f".{name}.repeat"], "id": name})
    return steps
