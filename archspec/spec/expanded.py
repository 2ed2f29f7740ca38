"""What a spec expands to: plain values, ready to be traced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import Place


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a block: its arguments are plain values, already checked against the block's signature.

    `path` is where it stands (`backbone.steps[3]` in a part file, `backbone[3]` in the spec, `head.dpc`).
    `inputs` are the ids it reads; empty means the step before it.
    """

    block: str
    arguments: Mapping[str, Any]
    repeat: int
    id: str | None
    inputs: tuple[str, ...]
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class Section:
    """The steps of a section. `place` is the line of the spec that asks for it; `name` is None for written-out steps.

    `width_multiplier` and `variant` are the network's unless this section sets its own.
    """

    kind: str
    name: str | None
    steps: tuple[Step, ...]
    dilate: bool
    place: Place
    width_multiplier: float = 1.0
    variant: str = "paper"


@dataclass(frozen=True, slots=True)
class AuxiliaryHead:
    """Further scores for training only: what `sections` make of the tap `source`. Their loss counts `weight`."""

    source: str
    sections: tuple[Section, ...]
    weight: float
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Where a network's weights come from. `format` is empty for archspec's own; `only` names what to load of them."""

    file: str
    format: str
    only: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class ExpandedSpec:
    """A spec with every selector resolved. `sections` stand in the order data flows; `none` sections are left out.

    `auxiliary` are heads that only a training has.
    """

    name: str
    source: str
    input_size: tuple[int, int]
    channels: int
    dtype: str
    classes: int
    width_multiplier: float
    output_stride: int
    variant: str
    sections: tuple[Section, ...]
    weights: WeightsFile | None = None
    deep_range: tuple[float, float] | None = None
    auxiliary: tuple[AuxiliaryHead, ...] = ()
