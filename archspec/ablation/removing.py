"""A list without one of its elements: what a leave-one-out row is of."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from archspec.errors import Problem
from archspec.spec import Spec, split_path

READS = "input"


def list_at(spec: Spec, path: str) -> list[Any]:
    """The list at a path of the spec, a block's own default where it is not written. Raises `Problem`."""
    section, *keys = split_path(path)
    value: Any = spec.values.get(section)
    for key in keys:
        value = _inside(value, key, spec)
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Problem(f"'{path}' is no list of several elements ({value!r})", "Name a list, such as head.dpc.branches")
    return [dict(item) if isinstance(item, Mapping) else item for item in value]


def _inside(value: Any, key: str, spec: Spec) -> Any:
    if isinstance(value, str) and value == key:  # `head: dpc` is short for `head: {dpc: {}}`
        return {"": key}
    if isinstance(value, Mapping) and key in value:
        inner = value[key]
        return {**inner, "": key} if isinstance(inner, Mapping) and key in spec.catalog.blocks() else inner
    block = value.get("") if isinstance(value, Mapping) else None
    if block is not None:
        parameter = inspect.signature(spec.catalog.function(block)).parameters.get(key)
        if parameter is not None and parameter.default is not inspect.Parameter.empty:
            return parameter.default
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    raise Problem(f"the spec has no '{key}' there", "Write the path of a list, such as head.dpc.branches")


def without(items: Sequence[Any], index: int) -> list[Any]:
    """The list without element `index`.

    Branches of a dense prediction cell name what they read by number: whoever read the one that is gone reads what it
    read, and the numbers behind it move up.
    """
    kept = [item for place, item in enumerate(items) if place != index]
    if not all(isinstance(item, Mapping) and READS in item for item in items):
        return kept
    gone = items[index][READS]
    return [{**item, READS: _rewired(item[READS], index, gone)} for item in kept]


def _rewired(reads: int, index: int, gone: int) -> int:
    source = gone if reads == index else reads
    return source - 1 if source > index else source
