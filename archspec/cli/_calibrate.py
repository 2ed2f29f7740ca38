"""What `archspec latency --calibrate` prints: the table's conditions, its score on networks never seen, its factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from archspec.devices import Device
    from archspec.predictor import LatencyTable, Score
    from archspec.predictor.calibrate import Progress

COLUMNS = (Column("what", "Calibration"), Column("value", "Value", wraps=True))


def calibrate_and_report(
    device: Device, path: Path | None = None, *, threads: int = 1, told: Callable[[Progress], None] = lambda _: None
) -> Table:
    """Calibrate a device on sampled networks (minutes; what its file holds is not measured again) and tell the score.

    Raises `UserError` for a file that is of another device or no table. Ctrl-C keeps what was measured until then.
    """
    from archspec.predictor.device_table import calibrate_file

    return calibration_report(*calibrate_file(device, path, threads=threads, told=told))


def calibration_report(table: LatencyTable, path: Path) -> Table:
    """One row a fact."""
    from archspec.predictor.correction import ALONE

    conditions = table.conditions
    rows: list[tuple[Cell, ...]] = [
        ("device", f"{conditions.device}, {conditions.cpu}"),
        ("runtime", f"{conditions.runtime} {conditions.version}, threads {conditions.threads}, {conditions.precision}"),
        ("operators measured", str(len(table.entries))),
    ]
    if table.correction is not None:
        fitted = {code: factor for code, factor in table.correction.factors.items() if factor != ALONE}
        factors = ", ".join(f"{code} {factor:.2f}" for code, factor in fitted.items())
        rows.append(("fitted to networks", str(table.correction.networks)))
        rows.append(("factors in a network", factors))
    if table.score is not None:
        rows.extend(_score_rows(table.score))
    notes = (
        f"table: {path}",
        "scored on networks that neither an operator nor a factor was measured or fitted with",
    )
    return Table("Latency table", COLUMNS, tuple(rows), notes)


def _score_rows(score: Score) -> list[tuple[Cell, ...]]:
    equal = "fewer than 5 networks"
    if score.equal_spearman is not None:
        equal = f"{score.equal_spearman:.3f} (n = {score.equal_networks})"
    return [
        ("scored on networks", f"{score.networks}, {score.time[:10]}"),
        ("median error", f"{100 * score.median_error:.1f} %"),
        ("9 of 10 within", f"{100 * score.p90_error:.1f} %"),
        ("rank correlation", f"{score.spearman:.3f}"),
        ("rank correlation among equal FLOPs", equal),
        ("time interpolated", f"{100 * score.interpolated:.0f} %"),
    ]
