"""What an ablation compares, as plain frozen values, and the same with what a command line says instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from archspec.devices import PRESETS
from archspec.errors import nearest, user_error
from archspec.experiment import LOCAL, engine_named
from archspec.export import Precision
from archspec.network import Network
from archspec.search.study import Target
from archspec.spec import Named, Spec

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
    engine: Named = LOCAL
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


def chosen(
    ablation: Ablation,
    *,
    rows: Sequence[str] = (),
    seeds: tuple[int, ...] | None = None,
    data: tuple[str, ...] = (),
    workers: int | None = None,
    engine: str | None = None,
    procedure: str | None = None,
    correct: str | None = None,
) -> Ablation:
    """Only some rows (the base stays), other seeds, data, and so on. Raises `UserError` for unknown names."""
    names = [row.name for row in ablation.rows]
    for name in rows:
        if name not in names:
            raise user_error(f"no row is called '{name}'", nearest(name, names), path="--only")
    if procedure is not None and procedure not in PRESETS:
        raise user_error(f"unknown procedure '{procedure}'", nearest(procedure, PRESETS), path="--procedure")
    kept = tuple(row for row in ablation.rows if not rows or row.name in (*rows, ablation.base))
    specs = {name for row in kept for name in (row.name, row.name.removesuffix(f", {row.precision}"))}
    return replace(
        ablation,
        rows=kept,
        seeds=seeds or ablation.seeds,
        data=data or ablation.data,
        workers=workers or ablation.workers,
        engine=engine_named(engine, ablation.engine),
        procedure=procedure or ablation.procedure,
        correct=correct or ablation.correct,
        unreached={
            option: some
            for option, names in ablation.unreached.items()
            if (some := tuple(name for name in names if name in specs))
        },
        published={
            metric: {name: value for name, value in of.items() if name in {row.name for row in kept}}
            for metric, of in ablation.published.items()
        },
    )
