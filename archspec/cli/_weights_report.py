"""What an import of weights says: what was loaded, what was skipped and why, and what stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.graph.weights import weight_specs
from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from archspec.graph import Graph
    from archspec.weights import Imported

SHOWN = 3
Row = tuple[str, str, int, int | None, str]


def imported_table(found: Imported, graph: Graph, network: str, output: Path, every: bool) -> Table:
    """Loaded, skipped and fresh arrays: one a row, or those of a part of the network together."""
    sizes = {key: _count(spec.shape) for key, _, spec in weight_specs(graph)}
    loaded = {key: _from(names) for key, names in found.sources.items()}
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


def tensors_table(file: str, format_name: str, tensors: Mapping[str, Any]) -> Table:
    """Every tensor of a file."""
    columns = (Column("name", "tensor"), Column("shape", "shape"), Column("dtype", "type"))
    rows = tuple(
        (name, " x ".join(map(str, array.shape)) or "scalar", str(array.dtype)) for name, array in tensors.items()
    )
    total = sum(array.size for array in tensors.values())
    return Table(f"{file} as {format_name}", columns, rows, (f"{len(rows)} tensors, {total:,} numbers",))


def formats_table() -> Table:
    """Every format with its conventions, a line each."""
    from archspec import weights
    from archspec.catalog import Catalog

    catalog, folder = Catalog(), Path(weights.__file__).parent
    rows = []
    for name in weights.formats():
        rows.append((name, catalog.summary(folder / f"{name}.py")))
        rows += [("", line) for line in weights.conventions(name)]
    return Table("", (Column("format", "format"), Column("what", "what it is", wraps=True)), tuple(rows), ())


def _from(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for axis in shape:
        count *= axis
    return count


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
