"""What a spec expands to: plain values, ready to be traced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from archspec.arrays import PLAIN_CALIBRATION, Calibration
from archspec.errors import NOWHERE, Place, Problem, nearest
from archspec.spec.nodes import Entry
from archspec.spec.words import NONE


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a block: its arguments are plain values, already checked against the block's signature.

    `path` is where it stands (`backbone.steps[3]` in a part file, `backbone[3]` in the spec, `head.dpc`).
    `inputs` are the ids it reads; empty means the step before it. `units`: how many of `repeat` are made, the others
    are cut away; None for all.
    """

    block: str
    arguments: Mapping[str, Any]
    repeat: int
    id: str | None
    inputs: tuple[str, ...]
    place: Place
    path: str
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The steps of a section. `place` is the line of the spec that asks for it; `name` is None for written-out steps.

    `width_multiplier` and `variant` are the network's unless this section sets its own. `until` is the step that it
    ends with, empty for its last; `cut` are the steps after that.
    """

    kind: str
    name: str | None
    steps: tuple[Step, ...]
    dilate: bool
    place: Place
    width_multiplier: float = 1.0
    variant: str = "paper"
    until: str = ""
    cut: tuple[Step, ...] = ()


def cut_section(section: Section, until: str) -> Section:
    """The section up to a step, by its id, or up to a unit of a step that is repeated: `stage3.1` is the second.

    Raises `Problem` for one that it does not have.
    """
    name, _, unit = until.partition(".")
    steps = section.steps
    at = next((number for number, step in enumerate(steps) if step.id == name), None)
    if at is None:
        raise Problem(
            f"no step of the {section.kind} has the id '{name}'", nearest(name, [one.id for one in steps if one.id])
        )
    last = steps[at]
    if unit and int(unit) >= last.repeat:
        remedy = f"Write {name}.0 to {name}.{last.repeat - 1}" if last.repeat > 1 else f"Write {name}"
        raise Problem(f"'{name}' has {last.repeat} unit{'s' * (last.repeat > 1)} (no '{until}')", remedy)
    units = int(unit) + 1 if unit else last.repeat
    kept = (*steps[:at], replace(last, units=units) if units < last.repeat else last)
    return replace(section, steps=kept, until=until, cut=steps[at + 1 :])


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
    """Where a network's weights come from. `format` is empty for archspec's own; `only` names what to load of them;
    `source` is the page where the file can be had."""

    file: str
    format: str
    only: tuple[str, ...]
    place: Place
    source: str = ""

    @classmethod
    def of(cls, value: Any, written: Entry | None) -> WeightsFile | None:
        """Of what a spec says, written there; None for `none`."""
        if value == NONE or written is None:
            return None
        asked = {"file": value} if isinstance(value, str) else value
        only, source = tuple(asked.get("only", ())), asked.get("source", "")
        return cls(asked["file"], asked.get("format", ""), only, written.node.place, source)


@dataclass(frozen=True, slots=True)
class Quantization:
    """How an int8 file is made of the network. `keep_float` are layers that compute in float32: their names, what the
    names of several begin with (a section, a step), `first` or `last`."""

    keep_float: tuple[str, ...] = ()
    calibration: Calibration = PLAIN_CALIBRATION
    place: Place = NOWHERE

    @classmethod
    def of(cls, value: Mapping[str, Any], written: Entry | None) -> Quantization:
        """Of what a spec says, written there."""
        if not value or written is None:
            return cls()
        calibration = {key: one for key, one in value.items() if key != "keep_float"}
        return cls(tuple(dict.fromkeys(value.get("keep_float", ()))), Calibration(**calibration), written.node.place)

    def describe(self) -> str:
        """In words; empty for the usual way."""
        words = [f"float32: {', '.join(self.keep_float)}"] if self.keep_float else []
        words += [str(self.calibration)] if self.calibration != PLAIN_CALIBRATION else []
        return "; ".join(words)

    @property
    def values(self) -> dict[str, Any]:
        """As it is written in a spec: what is not the default."""
        found: dict[str, Any] = {"keep_float": list(self.keep_float)} if self.keep_float else {}
        found |= {"ranges": self.calibration.ranges} if self.calibration.ranges != PLAIN_CALIBRATION.ranges else {}
        return found | ({"bias_correction": True} if self.calibration.bias_correction else {})


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
    quantization: Quantization = Quantization()
