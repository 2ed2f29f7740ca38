"""Layers that were called otherwise in earlier versions: files with the old names still fit.

`camvid_mobilenetv2` had its pyramid in the head; it is a neck now, of the same layers in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from archspec.weights._contents import Holding
from archspec.weights._readings import Part, Reading, read_parts

FORMER = (("neck.context.", "head.context."), ("neck.sums.", "head."))  # beginnings of names: now, then


def former_names(held: Collection[str], wanted: Collection[str]) -> dict[str, str]:
    """What the file calls arrays that the network calls otherwise: name now -> name then."""
    found = {}
    for key in wanted:
        for now, then in FORMER:
            old = then + key.removeprefix(now)
            if key.startswith(now) and key not in held and old in held and old not in wanted:
                found[key] = old
                break
    return found


def renamed(held: Holding, former: Mapping[str, str]) -> Holding:
    """The file's arrays under the names of now, with a note."""
    now = {then: key for key, then in former.items()}
    note = f"{len(former)} arrays are called otherwise in the file ('{next(iter(now))}' is '{next(iter(former))}' now)"
    return replace(
        held,
        arrays={now.get(key, key): array for key, array in held.arrays.items()},
        sources={now.get(key, key): names for key, names in held.sources.items()},
        readings={_node(now, name): reading for name, reading in held.readings.items()},
        notes=(*held.notes, note),
    )


def read_as_then(parts: Mapping[str, Part], former: Mapping[str, str]) -> dict[str, Reading]:
    """The readings of a network by the names of now, made of the names of then, as those in the file are."""
    then = {now.rpartition("/")[0]: old.rpartition("/")[0] for now, old in former.items()}
    old_parts = {
        then.get(name, name): part._replace(inputs=tuple((then.get(one, one), at) for one, at in part.inputs))
        for name, part in parts.items()
    }
    readings = read_parts(old_parts)
    return {name: readings[then.get(name, name)] for name in parts if then.get(name, name) in readings}


def _node(now: Mapping[str, str], name: str) -> str:
    """The node of now, by any of its arrays."""
    return next((key.rpartition("/")[0] for then, key in now.items() if then.rpartition("/")[0] == name), name)
