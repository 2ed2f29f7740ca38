"""What an ablation compares, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archspec.export import Precision
from archspec.network import Network
from archspec.search.study import Target
from archspec.spec import Spec

FLOAT32: Precision = "float32"
HOST = Target()


@dataclass(frozen=True)
class Row:
    """One line of the table: a network, and the precision that it is exported and timed in."""

    name: str
    spec: Spec
    precision: Precision = FLOAT32

    @cached_property
    def network(self) -> Network:
        """Its network; everything asked of it is worked out once."""
        return Network(self.spec)


@dataclass(frozen=True)
class Ablation:
    """`rows` in the order they are shown; `base` is the name of the one that the others are compared with.

    Metrics that train are taken once a seed. `published` are numbers of others: metric -> row -> value.
    `correct` says how p is corrected for the number of rows. `unreached` are common changes (`--set …`) that some rows
    do not hear of, with the names of those rows.
    """

    name: str
    rows: tuple[Row, ...]
    base: str
    metrics: tuple[str, ...]
    seeds: tuple[int, ...] = (0,)
    data: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    target: Target = HOST
    procedure: str = "default"
    workers: int = 2
    correct: str = "none"
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    summary: str = ""
    source: str = ""
    file: str = field(default="", compare=False)
    unreached: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def base_row(self) -> Row:
        """The row that the others are compared with."""
        return next(row for row in self.rows if row.name == self.base)

    def row(self, name: str) -> Row:
        """The row of a name. Raises `KeyError`."""
        return {row.name: row for row in self.rows}[name]
