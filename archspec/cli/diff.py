"""`archspec diff`: what changed between two networks, in structure and in cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import catalog, format_option, narrower, output_option, plugins_option, put_table, set_option

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.graph import Node
    from archspec.network import Network
    from archspec.reporters import Table

Row = tuple[str, str, str | None, str | None, str]
SHAPE = "shape"
BESIDE = 56  # terminal cells of a layer's name and what changed of it


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@set_option
@click.option("--set-b", "second_overrides", metavar="PATH=VALUE", multiple=True,
              help="Change a value of B alone, as --set does of both. Repeatable.")  # fmt: skip
@click.option("--all", "everything", is_flag=True,
              help="Also list layers that differ only in the size of their feature maps.")  # fmt: skip
@plugins_option
@format_option
@output_option
def diff(
    first: str,
    second: str,
    overrides: tuple[str, ...],
    second_overrides: tuple[str, ...],
    everything: bool,
    plugins: tuple[Path, ...],
    reporter: str,
    output: Path | None,
) -> None:
    """Compare spec A with spec B: first the totals, then the layers that only one has or that differ.

    Either may be anybody's .tflite: then both are compared as files, a spec as the float32 file that export writes of
    it, and the operators take the place of the layers.

    One spec with and without a change: archspec diff shufflenetv2_dpc shufflenetv2_dpc --set-b output_stride=8
    """
    from archspec.file_kinds import TFLITE, kind_of_file
    from archspec.network import Network
    from archspec.reporters import Column, Table

    folder = catalog(plugins)
    if TFLITE in (kind_of_file(first), kind_of_file(second)):
        changes = (overrides, (*overrides, *second_overrides))
        put_table(_files_table((first, second), changes, folder), reporter, output)
        return
    a = Network.load(first, overrides, catalog=folder)
    b = Network.load(second, (*overrides, *second_overrides), catalog=folder)
    names = [f"A: {a.graph.name}", f"B: {b.graph.name}"]
    narrow = narrower(names, BESIDE, reporter, output)
    columns = (
        Column("what", "what", detail=2),
        Column("name", "name"),
        Column("a", "A" if narrow else names[0], wraps=True, detail=1, of="b"),
        Column("b", "B" if narrow else names[1], wraps=True, detail=1, of="a"),
        Column("change", "change", wraps=True),
    )
    layers = _layers(a, b)
    shown = [row for row in layers if everything or row[-1] != SHAPE]
    notes = [*(names if narrow else ()), _verdict(a, b)]
    if len(shown) < len(layers):
        notes.append(
            f"{len(layers) - len(shown)} further layers differ only in the size of their maps (--all lists them)"
        )
    costs = _costs(a, b)
    if narrow and shown:  # layers have long names, beside which the totals would have no room
        put_table(Table("", columns, tuple(costs)), reporter, output)
        print()
        costs = []
    put_table(Table("", columns, (*costs, *shown), tuple(notes)), reporter, output)


def _files_table(sources: tuple[str, str], changes: tuple[tuple[str, ...], tuple[str, ...]], folder: Catalog) -> Table:
    from archspec.api.networks import file_cost
    from archspec.export.file_tables import difference_table
    from archspec.file_kinds import TFLITE, kind_of_file
    from archspec.network import Network

    costs = []
    for source, some in zip(sources, changes, strict=True):
        if kind_of_file(source) == TFLITE:
            costs.append(file_cost(source))
        else:
            network = Network.load(source, some, catalog=folder)
            costs.append(replace(file_cost(network.to_tflite()), name=f"{network.name} as a float32 file"))
    return difference_table(costs[0], costs[1])


def _verdict(a: Network, b: Network) -> str:
    from archspec.graph import canonical_hash, equivalence_key

    if canonical_hash(a.graph) == canonical_hash(b.graph):
        return "one network: the canonical hashes are equal"
    if equivalence_key(a.graph) == equivalence_key(b.graph):
        return "two networks that compute the same function at another cost"
    return "two networks"


def _costs(a: Network, b: Network) -> list[Row]:
    first, second = a.cost.to_json(), b.cost.to_json()
    rows: list[Row] = []
    for key in (
        "input_size",
        "classes",
        "output_stride",
        "params",
        "macs",
        "gflops",
        "peak_memory_bytes",
        "memory_access_bytes",
    ):
        rows.append(("cost", key, _text(first[key]), _text(second[key]), _change(first[key], second[key])))
    for precision, size in first["tflite_bytes"].items():
        other = second["tflite_bytes"][precision]
        rows.append(("cost", f"tflite_bytes.{precision}", _text(size), _text(other), _change(size, other)))
    return rows


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _change(before: object, after: object) -> str:
    if before == after:
        return "="
    if isinstance(before, (int, float)) and isinstance(after, (int, float)) and before:
        return f"{(after - before) / before:+.1%}"
    return "changed"


def _layers(a: Network, b: Network) -> list[Row]:
    first = {node.name: node for node in a.graph.nodes}
    second = {node.name: node for node in b.graph.nodes}
    rows: list[Row] = []
    for name in dict.fromkeys((*first, *second)):
        if name not in second:
            rows.append(("layer", name, _whole(first[name]), None, "only in A"))
        elif name not in first:
            rows.append(("layer", name, None, _whole(second[name]), "only in B"))
        else:
            rows += _layer(name, first[name], second[name])
    return rows


def _layer(name: str, a: Node, b: Node) -> list[Row]:
    """Nothing for layers alike; else what differs, the arguments before the shapes."""
    if type(a.layer) is not type(b.layer):
        return [("layer", name, _whole(a), _whole(b), "another layer")]
    first, second = _arguments(a), _arguments(b)
    keys = [key for key in first if first[key] != second.get(key)]
    if keys:
        before, after = (", ".join(f"{key}={found.get(key)}" for key in keys) for found in (first, second))
        return [("layer", name, before, after, ", ".join(keys))]
    if a.output.shape != b.output.shape:
        return [("layer", name, _shape(a), _shape(b), SHAPE)]
    before, after = (", ".join(tensor.node.name for tensor in node.inputs) for node in (a, b))
    return [] if before == after else [("layer", name, f"reads {before}", f"reads {after}", "inputs")]


def _whole(node: Node) -> str:
    return f"{type(node.layer).__name__} -> {_shape(node)}"


def _shape(node: Node) -> str:
    return " x ".join(map(str, node.output.shape))


def _arguments(node: Node) -> dict[str, object]:
    """How a layer's weights start is no difference between networks."""
    return {key: value for key, value in node.layer.config.items() if not key.endswith("initializer")}
