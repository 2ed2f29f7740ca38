"""What `archspec latency --calibrate` prints: the table's conditions, its score on networks never seen, its factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from archspec.devices import Device
    from archspec.predictor import Accuracy, CalibrationProgress, LatencyTable

COLUMNS = (Column("what", "Calibration"), Column("value", "Value", wraps=True))


def calibrate_and_report(
    device: Device,
    path: Path | None = None,
    *,
    threads: int = 1,
    progress: Callable[[CalibrationProgress], None] = lambda _: None,
) -> Table:
    """Calibrate a device on sampled networks (minutes; what its file holds is not measured again) and report it.

    Raises `UserError` for a file that is of another device or no table. Ctrl-C keeps what was measured until then.
    """
    from archspec.predictor import calibrate_file

    return calibration_report(*calibrate_file(device, path, threads=threads, progress=progress))


def calibration_report(table: LatencyTable, path: Path) -> Table:
    """One row a fact."""
    from archspec.predictor import ALONE

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
    if table.accuracy is not None:
        rows.extend(_accuracy_rows(table.accuracy))
    notes = (
        f"table: {path}",
        "scored on networks that neither an operator nor a factor was measured or fitted with",
    )
    return Table("Latency table", COLUMNS, tuple(rows), notes)


def _accuracy_rows(found: Accuracy) -> list[tuple[Cell, ...]]:
    equal = "fewer than 5 networks"
    if found.equal_spearman is not None:
        equal = f"{found.equal_spearman:.3f} (n = {found.equal_networks})"
    return [
        ("scored on networks", f"{found.networks}, {found.time[:10]}"),
        ("median error", f"{100 * found.median_error:.1f} %"),
        ("9 of 10 within", f"{100 * found.p90_error:.1f} %"),
        ("rank correlation", f"{found.spearman:.3f}"),
        ("rank correlation among equal FLOPs", equal),
        ("time interpolated", f"{100 * found.interpolated:.0f} %"),
    ]
