"""An ablation with what the command line says instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archspec.ablation.ablation import Ablation
from archspec.devices import PRESETS
from archspec.errors import nearest, user_error


def chosen(
    ablation: Ablation,
    *,
    rows: Sequence[str] = (),
    seeds: tuple[int, ...] | None = None,
    data: tuple[str, ...] = (),
    workers: int | None = None,
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
