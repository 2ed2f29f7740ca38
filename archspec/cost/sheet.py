"""The cost sheet: every total of a network, with its convention."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from archspec.cost.file_size import predicted_sizes
from archspec.cost.layers import counts_of, receptive_fields
from archspec.cost.memory import arena_bytes, memory_access, outside_bytes
from archspec.graph import Graph, canonical_hash, collector_paused
from archspec.graph.program import build_program
from archspec.reporters import Table, Tabular, transposed


class _Runtime(NamedTuple):
    """The sums over the float32 program."""

    arena_bytes: int
    outside_bytes: int
    memory_access_bytes: int
    tflite_bytes: dict[str, int]


class AuxiliaryCost(NamedTuple):
    """What the auxiliary heads add while a network is trained: parameters that are trained, and MACs."""

    params: int
    macs: int

    def describe(self) -> str:
        """In a line."""
        return f"auxiliary heads (training only): {self.params:,} parameters, {self.macs:,} MACs"


@dataclass(frozen=True)
class CostSheet(Tabular):
    """Totals of one network at one input size, batch 1; `to_frame()` has one row.

    Parameters and operations are there at once. What needs the runtime program, the hash or the receptive field
    is worked out when it is asked for: a search refuses most candidates on the first.
    """

    graph: Graph = field(repr=False, compare=False)
    name: str
    input_size: tuple[int, int]
    classes: int
    output_stride: int
    params: int
    params_total: int
    macs: int
    other_operations: dict[str, int]
    auxiliary: AuxiliaryCost | None = None

    @cached_property
    def _runtime(self) -> _Runtime:
        """What is read off the program that a runtime would run. Raises `Problem` for a layer without a TFLite rule."""
        with collector_paused():  # the program is gone at the end, so the collector never sees it
            program = build_program(self.graph)
            moved = sum(memory_access(program).values())
            return _Runtime(arena_bytes(program), outside_bytes(program), moved, predicted_sizes(program))

    @property
    def peak_memory_bytes(self) -> int:
        """The activation arena, and what transposed convolutions keep beside it."""
        return self._runtime.arena_bytes + self._runtime.outside_bytes

    @property
    def arena_bytes(self) -> int:
        """The activation arena alone."""
        return self._runtime.arena_bytes

    @property
    def memory_access_bytes(self) -> int:
        return self._runtime.memory_access_bytes

    @property
    def tflite_bytes(self) -> dict[str, int]:
        """The predicted size of the file by precision."""
        return self._runtime.tflite_bytes

    @cached_property
    def matmul_macs(self) -> int:
        """Of `macs`, those of products of two activations; the others are of convolutions and dense layers."""
        counted = [node for node in self.graph.nodes if node.layer.multiplies_activations]
        return sum([counts_of(node).macs for node in counted if id(node) not in self.graph.unread])

    @cached_property
    def hash(self) -> str:
        return canonical_hash(self.graph)

    @cached_property
    def receptive_field(self) -> tuple[int, int]:
        """Height and width, in pixels, of what the last convolution (the classifier) reads."""
        fields = receptive_fields(self.graph)
        convolutions = [node for node in self.graph.nodes if node.layer.macs(node)]
        return fields[convolutions[-1].name if convolutions else self.graph.nodes[-1].name]

    @property
    def gmacs(self) -> float:
        return self.macs / 1e9

    @property
    def gflops(self) -> float:
        return 2 * self.macs / 1e9

    def to_table(self) -> Table:
        """One row."""
        from archspec.cost.tables import sheets_table

        return sheets_table([self])

    def table_for_people(self) -> Table:
        """One line for each number."""
        return transposed(self.to_table())

    def by(self, what: Literal["layer", "block", "section"]) -> Table:
        """The same numbers, a row for each layer, block or section, and their total."""
        from archspec.cost.tables import detail_table

        return detail_table(self.graph, what)

    def to_json(self) -> dict[str, Any]:
        """Plain values, in a stable order of keys."""
        return {
            "name": self.name,
            "hash": self.hash,
            "input_size": list(self.input_size),
            "classes": self.classes,
            "output_stride": self.output_stride,
            "params": self.params,
            "params_total": self.params_total,
            "macs": self.macs,
            "gmacs": self.gmacs,
            "gflops": self.gflops,
            "matmul_macs": self.matmul_macs,
            "other_operations": self.other_operations,
            "peak_memory_bytes": self.peak_memory_bytes,
            "arena_bytes": self.arena_bytes,
            "memory_access_bytes": self.memory_access_bytes,
            "tflite_bytes": self.tflite_bytes,
            "receptive_field": list(self.receptive_field),
            **({} if self.auxiliary is None else {"auxiliary": self.auxiliary._asdict()}),
        }


def price(graph: Graph, *, classes: int, output_stride: int, with_auxiliary: Graph | None = None) -> CostSheet:
    """Everything there is to know before building. `with_auxiliary` is the same network with its auxiliary heads."""
    params = params_total = macs = 0
    other: dict[str, int] = {}
    for node in graph.nodes:
        counts = counts_of(node)
        params += counts.params
        params_total += counts.params_total
        if id(node) in graph.unread:
            continue
        macs += counts.macs
        for kind, count in counts.other_operations.items():
            other[kind] = other.get(kind, 0) + count
    return CostSheet(
        graph=graph,
        name=graph.name,
        input_size=graph.inputs[0].size,
        classes=classes,
        output_stride=output_stride,
        params=params,
        params_total=params_total,
        macs=macs,
        other_operations=dict(sorted(other.items())),
        auxiliary=None if with_auxiliary is None else _auxiliary_cost(graph, with_auxiliary),
    )


def _auxiliary_cost(graph: Graph, trained: Graph) -> AuxiliaryCost:
    counts = [counts_of(node) for node in trained.nodes if not graph.has(node.name)]
    return AuxiliaryCost(sum(one.params for one in counts), sum(one.macs for one in counts))
