"""A network that numbers are asked of, and the conditions they are asked under; everything about it is made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archspec.measures._settings import Settings
from archspec.network import Network
from archspec.record import Plain
from archspec.spec import Spec

if TYPE_CHECKING:
    from archspec.datasets import Dataset

Made = TypeVar("Made")


@dataclass(frozen=True)
class Measurement:
    """What a measure found: `value` is None where there is none, and `fault` says why."""

    value: float | None
    circumstances: Mapping[str, Plain] = field(default_factory=dict)
    samples: tuple[float, ...] = ()
    fault: str = ""


class Case:
    """A network (or a spec, as one) under settings. What is asked of it may raise `UserError` or `Problem`: it may not
    be possible to build it."""

    def __init__(self, network: Network | Spec, settings: Settings) -> None:
        self.network = network if isinstance(network, Network) else Network(network)
        self.settings = settings
        self._kept: dict[str, Any] = {}

    def under(self, settings: Settings) -> Case:
        """The same network under other settings."""
        return self if settings is self.settings else Case(self.network, settings)

    @cached_property
    def network_conditions(self) -> dict[str, Plain]:
        """What every number of the network depends on, besides its hash."""
        cost = self.network.cost
        height, width = cost.input_size
        return {"input_height": height, "input_width": width, "classes": cost.classes, "batch": 1}

    @cached_property
    def file_conditions(self) -> dict[str, Plain]:
        """The same of what depends on the file in the settings' precision."""
        return {**self.network_conditions, **self.conditions_at(self.settings.precision)}

    def conditions_at(self, precision: str) -> dict[str, Plain]:
        """What a file in a precision depends on besides: how it is quantised, where that is not the usual way."""
        network = self.network
        if precision != "int8" or not network.quantization_digest:
            return {}
        return {"quantization": f"{network.expanded.quantization.describe()} ({network.quantization_digest})"}

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """The data sets of the settings by their references. Raises `UserError`."""
        return {reference: opened(reference) for reference in self.settings.data}

    @property
    def output(self) -> Path:
        """Where runs and features go."""
        return Path(self.settings.output)

    def made(self, key: str) -> Any:
        """What `once` keeps under a key; None where nobody asked for it yet."""
        return self._kept.get(key)

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
