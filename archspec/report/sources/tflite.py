"""A `.tflite`, anybody's: its costs as the file says them."""

from __future__ import annotations

from pathlib import Path

from archspec.devices import Model
from archspec.export.file_cost import FileCost, file_cost
from archspec.file_kinds import TFLITE, kind_of_file
from archspec.record import Plain, Record
from archspec.report._subject import Subject


def recognises(path: Path) -> bool:
    """By its first bytes."""
    return kind_of_file(path) == TFLITE


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its costs. Raises `UserError` for a damaged one."""
    model = Model.of(path)
    cost = file_cost(model.content, model.name, model.place)
    return Subject(
        name=model.name,
        kind=".tflite",
        path=path,
        plugins=plugins,
        records=(_written(cost),),
        lead=f"{cost.precision} .tflite.",
        file=cost,
    )


def _written(cost: FileCost) -> Record:
    """The size of the file, with what is known of how it was made."""
    conditions: dict[str, Plain] = {"precision": cost.precision, "batch": cost.batch}
    if cost.input_size is not None:
        conditions |= dict(zip(("input_height", "input_width"), cost.input_size, strict=True))
    return Record(cost.hash, "written_mb", cost.census.file_bytes / 1e6, "MB", cost.name, conditions=conditions)
