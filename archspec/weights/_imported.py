"""Weights imported into a network: checked both ways, adapted where that is exact, with what became of each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph import Graph, split_ranges, weight_specs
from archspec.reporters import Column, Table
from archspec.weights._contents import Holding, equal_scale, is_in, refuse
from archspec.weights._former_names import former_names, read_as_then, renamed
from archspec.weights._readings import (
    Reading,
    difference,
    fold_image_scale,
    graph_parts,
    image_readers,
    image_scale,
    read_parts,
)

SHOWN = 3  # names in a cell
CUT = "unused: of what the backbone was cut before (until)"
Row = tuple[str, str, int, int | None, str]


@dataclass(frozen=True)
class Imported:
    """What was loaded into a network, and what was not.

    `arrays` by the network's names, in its own conventions; `sources` the tensors each is made of; `skipped` tensors
    of the file and `fresh` arrays of the network, each with the reason; `notes` what was converted.
    """

    file: str
    format: str
    arrays: Mapping[str, Array]
    sources: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    fresh: Mapping[str, str]
    notes: tuple[str, ...]
    spec: str = ""
    settings: tuple[str, ...] = ()
    ranges: Mapping[str, Array] = field(default_factory=dict)  # of int8, that a training left

    def complete(self, fresh: Weights) -> dict[str, Array]:
        """Every array: those that were loaded, and the others from `fresh`; with int8 ranges where there are any."""
        return {**{key: self.arrays.get(key, array) for key, array in fresh.items()}, **self.ranges}

    def describe(self, fresh: str) -> str:
        """In a line: how many arrays come from the file, and what became of the others."""
        count = f"{len(self.arrays)} of {len(self.arrays) + len(self.fresh)} arrays from {self.file} ({self.format})"
        return f"{count}; {len(self.fresh)} {fresh}" if self.fresh else count

    @property
    def digest(self) -> str:
        """16 hexadecimal letters that stand for the numbers that were loaded."""
        found = hashlib.blake2b(digest_size=8)
        both = {**self.arrays, **self.ranges}
        for key in sorted(both):
            found.update(key.encode())
            found.update(both[key].tobytes())
        return found.hexdigest()


def fit(file: str, format_name: str, held: Holding, graph: Graph, only: tuple[str, ...] = ()) -> Imported:
    """The arrays of `held` as `graph` needs them; `only` names sections, or layers by the beginning of their names.

    Raises `UserError` with everything that does not fit. Dilation may differ, which is noted.
    """
    shapes = {key: spec.shape for key, _, spec in weight_specs(graph)}
    own, ranges = split_ranges(held.arrays)
    held = replace(held, arrays=own)
    former = former_names(held.arrays, shapes)
    if former:
        held = renamed(held, former)
    cut = {key for key in held.arrays if graph.cut and is_in(_node(key), graph.cut)}
    arrays = {key: array for key, array in held.arrays.items() if is_in(_node(key), only) and key not in cut}
    wanted = {key for key in shapes if is_in(_node(key), only)}
    facts = _misfits(arrays, shapes, wanted, held)
    parts = graph_parts(graph)
    readings = read_as_then(parts, former) if former else read_parts(parts)
    nodes = list(dict.fromkeys(_node(key) for key in arrays if key in shapes))
    facts += _differences(nodes, held.readings, readings)
    rates = _other_rates(nodes, held.readings, readings)
    if rates and held.exact_rate:
        facts.append(rates)
    if not arrays:
        facts.append(f"the file has nothing for {', '.join(only) or 'the network'}")
    notes = list(held.notes)
    if not facts:
        notes += _adapt_epsilon(arrays, nodes, held.readings, readings)
        try:
            notes += _adapt_image(arrays, held, graph)
        except Problem as problem:
            facts.append(problem.fact)
    refuse(file, facts, _remedy(held, bool(only)))
    if rates:
        notes.append(rates)
    ranges = {} if only or cut or (set(shapes) - set(arrays)) else ranges  # of this very network, or none
    left = {
        name: CUT if key in cut else _left_out(only)
        for key, names in held.sources.items()
        if key not in arrays and key not in ranges
        for name in names
    }
    used = {name for key in (*arrays, *ranges) for name in held.sources[key]}
    skipped = {**held.skipped, **{name: why for name, why in left.items() if name not in used}}
    kept = ", ".join(held.covers)
    fresh = {
        key: f"not in the file, which holds the {kept}" if key in wanted else _left_out(only)
        for key in shapes
        if key not in arrays
    }
    sources = {key: held.sources[key] for key in arrays}
    return Imported(file, format_name, arrays, sources, skipped, fresh, tuple(notes), held.spec, held.settings, ranges)


def _node(key: str) -> str:
    return key.rpartition("/")[0]


def _left_out(only: tuple[str, ...]) -> str:
    return f"left out: only {', '.join(only)} was asked for"


def _misfits(
    arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]], wanted: set[str], held: Holding
) -> list[str]:
    import numpy as np

    found = [f"the network has no '{key}', which the file holds" for key in arrays if key not in shapes]
    for key, array in arrays.items():
        if key in shapes and array.shape != shapes[key]:
            found.append(f"'{key}' is {list(array.shape)} in the file, and the network needs {list(shapes[key])}")
        elif not np.isfinite(array).all():
            found.append(f"'{key}' holds numbers in the file that are not finite")
    missing = [key for key in shapes if key in wanted and key not in arrays and is_in(_node(key), held.covers)]
    return found + [f"the file has nothing for '{key}' {list(shapes[key])}" for key in missing]


def _differences(nodes: list[str], given: Mapping[str, Reading], wanted: Mapping[str, Reading]) -> list[str]:
    """Layers that the network reads otherwise, by what is different."""
    by_reason: dict[str, list[str]] = {}
    for node in nodes:
        if node in given and (reason := difference(given[node], wanted[node])):
            by_reason.setdefault(reason, []).append(node)
    return [
        f"{_count(found)} not as in the network that was trained, by {reason} (the first is '{found[0]}')"
        for reason, found in by_reason.items()
    ]


def _count(nodes: list[str]) -> str:
    return "a layer is" if len(nodes) == 1 else f"{len(nodes)} layers are"


def _other_rates(nodes: list[str], given: Mapping[str, Reading], wanted: Mapping[str, Reading]) -> str:
    other = [node for node in nodes if node in given and given[node].rate != wanted[node].rate]
    if not other:
        return ""
    rates = f"{list(given[other[0]].rate)}, and the network has {list(wanted[other[0]].rate)}"
    return f"{_count(other)} trained with another dilation (the first is '{other[0]}': {rates})"


def _adapt_epsilon(
    arrays: dict[str, Array], nodes: list[str], given: Mapping[str, Reading], wanted: Mapping[str, Reading]
) -> list[str]:
    """Where a batch norm's epsilon differs, gamma makes up for it."""
    changed = [node for node in nodes if node in given and given[node].epsilon != wanted[node].epsilon]
    for node in changed:
        factor = equal_scale(arrays[f"{node}/moving_variance"], given[node].epsilon, wanted[node].epsilon)
        arrays[f"{node}/gamma"] = (arrays[f"{node}/gamma"] * factor).astype("float32")
    return [f"another epsilon folded into gamma of {len(changed)} batch norms"] if changed else []


def _adapt_image(arrays: dict[str, Array], held: Holding, graph: Graph) -> tuple[str, ...]:
    parts = graph_parts(graph)

    if not held.readings or not any(f"{name}/kernel" in arrays for name in image_readers(parts)):
        return ()
    wanted = image_scale(parts)
    if held.image is None or wanted is None:
        raise Problem("what is done to the image before the first convolution cannot be followed, and so not compared")
    return fold_image_scale(arrays, held.image, wanted, parts)


def _remedy(held: Holding, partly: bool) -> str:
    fitting = " ".join(f"--set {setting}" for setting in held.settings)
    network = f"They fit the network {held.spec} {fitting}".rstrip() if held.spec else "Use the network they are of"
    return network if partly else f"{network}; to load a part, name it with --only (in a spec: weights.only)"


def imported_table(found: Imported, graph: Graph, network: str, output: Path, every: bool) -> Table:
    """Loaded, skipped and fresh arrays: one a row, or those of a part of the network together."""
    sizes = {key: math.prod(spec.shape) for key, _, spec in weight_specs(graph)}
    loaded = {key: ", ".join(names) for key, names in found.sources.items()}
    rows: list[Row] = []
    if every:
        rows += [("loaded", key, 1, sizes[key], why) for key, why in loaded.items()]
        rows += [("skipped", name, 1, None, why) for name, why in found.skipped.items()]
        rows += [("fresh", key, 1, sizes[key], why) for key, why in found.fresh.items()]
    else:
        rows += [("loaded", part, len(keys), sum(sizes[key] for key in keys), "") for part, keys in _parts(loaded)]
        rows += [("skipped", _some(names), len(names), None, why) for why, names in _by_reason(found.skipped).items()]
        rows += [
            ("fresh", _some([part for part, _ in _parts(keys)]), len(keys), sum(sizes[key] for key in keys), why)
            for why, keys in _by_reason(found.fresh).items()
        ]
    columns = (
        Column("what", "what"),
        Column("name", "name", wraps=not every),
        Column("arrays", "arrays", kind="integer"),
        Column("numbers", "numbers", kind="integer"),
        Column("why", "from" if every else "why", wraps=True),
    )
    total = sum(sizes[key] for key in found.arrays)
    notes = (
        f"network: {network}",
        *found.notes,
        f"loaded {len(found.arrays)} of {len(sizes)} arrays, {total:,} of {sum(sizes.values()):,} numbers",
        f"skipped {len(found.skipped)} tensors of the file; written to {output}",
    )
    return Table(f"{found.file} as {found.format}", columns, tuple(rows), notes)


def _parts(keys: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Arrays by the first two words of their layer's name."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(".".join(key.split("/")[0].split(".")[:2]), []).append(key)
    return list(found.items())


def _by_reason(named: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in named.items():
        found.setdefault(why, []).append(name)
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
