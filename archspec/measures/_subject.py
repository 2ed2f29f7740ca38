"""A network that numbers are asked of, and the conditions they are asked under; everything about it is made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archspec.catalog import Catalog
from archspec.cost import CostSheet, price
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.measures._settings import Settings
from archspec.record import Plain
from archspec.spec import ExpandedSpec, Spec, dump, expand

if TYPE_CHECKING:
    from archspec.datasets import Dataset

Made = TypeVar("Made")


@dataclass(frozen=True)
class Reading:
    """What a measure found: `value` is None where there is none, and `fault` says why."""

    value: float | None
    circumstances: Mapping[str, Plain] = field(default_factory=dict)
    samples: tuple[float, ...] = ()
    fault: str = ""


class Subject:
    """A spec under settings. Who has its network, graph or cost sheet already gives them, and they are not made again.

    What is asked of it may raise `UserError` or `Problem`: it may not be possible to build it.
    """

    def __init__(
        self,
        spec: Spec,
        settings: Settings,
        *,
        network: ExpandedSpec | None = None,
        graph: Graph | None = None,
        sheet: CostSheet | None = None,
    ) -> None:
        self.spec, self.settings = spec, settings
        given = {"network": network, "graph": graph, "sheet": sheet}
        self.__dict__.update((name, value) for name, value in given.items() if value is not None)
        self._kept: dict[str, Any] = {}

    def under(self, settings: Settings) -> Subject:
        """The same network under other settings."""
        made = {name: value for name, value in self.__dict__.items() if name in ("network", "graph", "sheet")}
        return self if settings is self.settings else Subject(self.spec, settings, **made)

    @cached_property
    def catalog(self) -> Catalog:
        """What the spec names."""
        return self.spec.catalog

    @cached_property
    def network(self) -> ExpandedSpec:
        """The expanded spec."""
        return expand(self.spec)

    @cached_property
    def graph(self) -> Graph:
        """The graph."""
        return trace(self.network, self.catalog)

    @cached_property
    def sheet(self) -> CostSheet:
        """The cost sheet."""
        return price(self.graph, classes=self.network.classes, output_stride=self.network.output_stride)

    @cached_property
    def spec_text(self) -> str:
        """The spec as YAML."""
        return dump(self.spec)

    @cached_property
    def network_conditions(self) -> dict[str, Plain]:
        """What every number of the network depends on, besides its hash."""
        height, width = self.sheet.input_size
        return {"input_height": height, "input_width": width, "classes": self.sheet.classes, "batch": 1}

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """The data sets of the settings by their references. Raises `UserError`."""
        return {reference: opened(reference) for reference in self.settings.data}

    @property
    def output(self) -> Path:
        """Where runs and features go."""
        return Path(self.settings.output)

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """What several measures share, made by the first that asks."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made


@cache
def opened(reference: str) -> Dataset:
    """A data set, opened once a process. Raises `UserError`."""
    from archspec.datasets import open_dataset

    return open_dataset(reference)
