"""What `archspec latency --calibrate` and `--predict` do: a device's latency table made, and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.cli._network import traced
from archspec.cli._progress import watching
from archspec.errors import user_error
from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from archspec.catalog import Catalog
    from archspec.devices import Device
    from archspec.evaluate.calibration import Progress as Calibrating


def calibrated_table(device: Device, threads: int, path: Path | None) -> Table:
    """Calibrate the device, or go on where that was stopped, and say how good its table is."""
    from archspec.cli._calibrate import calibrate_and_report
    from archspec.devices import Progress

    def told(now: Calibrating) -> None:
        watch(Progress("round", now.stage, now.done, now.total))

    with watching("calibrating") as watch:
        return calibrate_and_report(device, path, threads=threads, told=told)


def predictions_table(
    sources: tuple[str, ...], overrides: tuple[str, ...], catalog: Catalog, device: Device, threads: int,
    path: Path | None,
) -> Table:  # fmt: skip
    """`predicted_latency_ms` of each spec; nothing is built. Raises `UserError` where the device is not calibrated."""
    from archspec.evaluate.latency_tables import predictor_for

    for source in sources:
        if source.endswith(".tflite"):
            raise user_error(f"{source}: only specs can be predicted", "Leave out --predict: it can be measured")
    graphs = [traced(source, overrides, catalog).graph for source in sources]
    predictor = predictor_for(device, path, threads=threads)
    found = [predictor.predict(graph) for graph in graphs]
    rows = tuple((graph.name, one.latency_ms, 100 * one.interpolated) for graph, one in zip(graphs, found, strict=True))
    columns = (
        Column("network", "network"),
        Column("predicted_latency_ms", "predicted latency", "ms", "number", 2),
        Column("interpolated_percent", "interpolated", "%", "number", 0),
    )
    return Table("", columns, rows, (f"float32, threads {threads}; the table's {predictor.table.score}",))
