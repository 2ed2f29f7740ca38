"""What is known of one thing that is reported: plain values, each part empty where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.record import Plain, Record
from archspec.reporters.page import Section

if TYPE_CHECKING:
    from archspec.cost import CostSheet
    from archspec.reporters.page import Curves


DESCRIBED = ("images", "image_sizes", "mode", "recipe", "crop", "steps")  # circumstances that are told as conditions


def held_under(record: Record) -> dict[str, Plain]:
    """What a number holds under, with what else is told of how it was taken."""
    told = {name: record.circumstances[name] for name in DESCRIBED if name in record.circumstances}
    return {**told, **record.conditions}


def shown_metric(record: Record) -> str:
    """What a page calls a record: the score at the end of a training is not the one of `archspec evaluate`."""
    return "val_miou" if record.metric == "miou" and "recipe_digest" in record.conditions else record.metric


def again(what: str, command: object) -> dict[str, str]:
    """A command that was written down, by what it does; nothing where none was (by an older archspec, from Python)."""
    return {what: command} if isinstance(command, str) and command.startswith("archspec ") else {}


@dataclass(frozen=True)
class Subject:
    """`name` as it is shown, `kind` in words, `path` where it lies. `spec` is the merged text, `records` every number
    with its conditions, `curves` those of a training, `class_iou` shares (0..1) by class, `facts` what else is said in
    conditions, `commands` how to repeat it by name, `sections` what a kind of source shows by itself, `plugins` the
    folders that the spec needs."""

    name: str
    kind: str
    path: Path
    spec: str = ""
    records: tuple[Record, ...] = ()
    curves: Curves | None = None
    class_iou: Mapping[str, float | None] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    data: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    lead: str = ""
    plugins: tuple[Path, ...] = ()

    def record(self, metric: str) -> Record | None:
        """The first record that is shown as that metric."""
        return next((one for one in self.records if shown_metric(one) == metric and one.value is not None), None)

    def value(self, metric: str) -> float | None:
        """The number of that metric, None where there is none."""
        found = self.record(metric)
        return float(found.value) if found is not None and isinstance(found.value, int | float) else None

    @cached_property
    def sheet(self) -> CostSheet | None:
        """Costs, worked out from the spec; None where there is none, or it cannot be traced (a plugin is missing)."""
        if not self.spec:
            return None
        from archspec.cost import price
        from archspec.graph.trace import trace
        from archspec.spec import expand, override, parse
        from archspec.spec.sources import bundled_catalog

        catalog = Catalog(self.plugins) if self.plugins else bundled_catalog()
        try:
            network = expand(override(parse(self.spec, file=self.name, catalog=catalog), {"weights": "none"}))
            graph = trace(network, catalog)
        except UserError:
            return None
        return price(graph, classes=network.classes, output_stride=network.output_stride)
