"""The generated reader of the TFLite schema, for files that were checked: the only door to it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from archspec.export.provenance import check_file


def flat_model(data: bytes) -> tuple[Any, ModuleType]:
    """The file as the schema's `Model`, read where it is asked. Raises `Problem` for no `.tflite` or a damaged one."""
    schema = _schema(data)
    return schema.Model.GetRootAs(data), schema


def object_model(data: bytes) -> tuple[Any, ModuleType]:
    """The file as the schema's `ModelT`, to be changed and packed again. Raises `Problem` as `flat_model` does."""
    schema = _schema(data)
    return schema.ModelT.InitFromPackedBuf(data), schema


def _schema(data: bytes) -> ModuleType:
    from ai_edge_litert import schema_py_generated

    check_file(data)
    module: ModuleType = schema_py_generated
    return module
