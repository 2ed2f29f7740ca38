"""Scores as tables: one row a network, one row a class, one row a category; the confusion matrix as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.scoring import Counts

DIGITS = 4
Cells = tuple[tuple[Cell, ...], ...]


def summary_table(rows: Sequence[tuple[str, Counts, dict[str, Cell]]], notes: tuple[str, ...]) -> Table:
    """One row for each of `(name, counts, further cells)`; further cells are headed by their names."""
    from archspec.scoring import metric_title, scores

    names = list(scores(rows[0][1]))
    further = list(rows[0][2])
    columns = (
        Column("network", "network"),
        *(Column(name, metric_title(name), kind="number", digits=DIGITS) for name in names),
        *(_further_column(name, [more[name] for _, _, more in rows]) for name in further),
    )
    cells: Cells = tuple(
        (name, *(_known(scores(counts)[metric]) for metric in names), *(more[key] for key in further))
        for name, counts, more in rows
    )
    return Table("", columns, cells, notes)


def class_table(rows: Sequence[tuple[str, Counts]], *, numbered: bool = False) -> Table:
    """The score of every class that counts: all scores of one network, or the IoU of each of several.

    `numbered`: networks are columns by number, and below the table by name.
    """
    import numpy as np

    from archspec.scoring import metric_title, per_class

    first = rows[0][1]
    share = np.where(first.labels.counted, first.matrix.sum(axis=1), 0)
    share = 100 * share / max(1, int(share.sum()))
    if len(rows) == 1:
        found = [(name, metric_title(name, part=True), values) for name, values in per_class(first).items()]
    else:
        found = [
            (f"network_{number}", f"[{number}]" if numbered else name, per_class(one)["miou"])
            for number, (name, one) in enumerate(rows, 1)
        ]
    columns = (
        Column("class", "class"),
        Column("share", "share of truth", "%", "number", 2),
        *(Column(identity, heading, kind="number", digits=DIGITS) for identity, heading, _ in found),
    )
    cells: Cells = tuple(
        (first.labels.names[label], float(share[label]), *(_known(float(values[label])) for _, _, values in found))
        for label in np.flatnonzero(first.labels.counted)
    )
    notes: tuple[str, ...] = () if len(rows) == 1 else ("IoU of each class",)
    notes += tuple(f"[{number}] {name}" for number, (name, _) in enumerate(rows, 1)) if numbered else ()
    return Table("", columns, cells, notes)


def category_table(counts: Counts) -> Table | None:
    """The scores of every category; None where there are none."""
    from archspec.scoring import metric_title, per_category

    found = per_category(counts)
    if not counts.labels.categories:
        return None
    columns = (
        Column("category", "category"),
        *(Column(name, metric_title(name, part=True), kind="number", digits=DIGITS) for name in found),
    )
    rows = tuple(
        (category, *(_known(values.get(category)) for values in found.values()))
        for category in counts.labels.category_names()
    )
    return Table("", columns, rows)


def confusion_table(counts: Counts) -> Table:
    """Pixels by true label (row) and predicted label (column), of all labels."""
    names = counts.labels.names
    columns = (Column("truth", "truth \\ predicted"), *(Column(f"label_{n}", name) for n, name in enumerate(names)))
    rows: Cells = tuple((name, *map(int, row)) for name, row in zip(names, counts.matrix, strict=True))
    return Table("", columns, rows)


def _known(value: float | None) -> float | None:
    """A score that is not defined (NaN) has no cell."""
    return None if value is None or value != value else value


def _further_column(name: str, cells: Sequence[Cell]) -> Column:
    identity = name.replace(" ", "_")
    if any(isinstance(cell, str) for cell in cells):
        return Column(identity, name)
    return Column(identity, name, kind="number", digits=1)
