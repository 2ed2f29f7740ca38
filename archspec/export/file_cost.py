"""What a `.tflite` costs by what it says itself, ours or anybody's: no graph, nothing is run, no TensorFlow."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from archspec.cost.memory import ITEM_BYTES, arena_bytes, outside_bytes
from archspec.errors import Place, Problem, UserError
from archspec.export.census import Census, take_census
from archspec.export.file_macs import WEIGHTED, MacCount, mac_counts, total
from archspec.export.file_program import file_program
from archspec.export.operator_info import OPEN, OperationInfo, TensorInfo
from archspec.reporters import Table, Tabular

FLOATS = {"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"}
SMALL = {"INT8", "UINT8", "INT4", "INT2", "INT16"}  # integers that stand for weights, not for shapes
HALF, FULL = "float16", "float32"


class OperatorCost(NamedTuple):
    """An operator of the file: `macs` is None where they are not counted, and `why` says why."""

    node: OperationInfo
    params: int
    macs: int | None
    why: str

    @property
    def moved_bytes(self) -> int | None:
        """What it reads and writes, each once; None where a size is unknown."""
        return _moved(self.node)


@dataclass(frozen=True, slots=True)
class OperatorKindCost:
    """All operators of one code."""

    code: str
    count: int
    params: int
    macs: int | None
    why: str


class Memory(NamedTuple):
    """Bytes: the arena of activations, what is kept beside it; None, and why, where they cannot be planned."""

    arena_bytes: int | None
    outside_bytes: int | None
    why: str = ""


@dataclass(frozen=True)
class FileCost(Tabular):
    """Totals of one `.tflite`; `to_frame()` has one row."""

    name: str
    hash: str
    census: Census = field(repr=False, compare=False)

    # --- counted ------------------------------------------------------------------------------------------------------

    @cached_property
    def operators(self) -> tuple[OperatorCost, ...]:
        """Every operator in its order. A weight that several read is counted at the first."""
        known: set[int] = set()
        restored = _restored(self.census)
        return tuple(
            OperatorCost(node, _params(node, known, restored), count.macs, count.why)
            for node, count in zip(self.census.nodes, self._counts, strict=True)
        )

    @cached_property
    def _counts(self) -> tuple[MacCount, ...]:
        return mac_counts(self.census.nodes)

    def by_code(self) -> tuple[OperatorKindCost, ...]:
        """The operators by code, those with the most multiply-adds first, then those with the most operators."""
        groups: dict[str, list[OperatorCost]] = {}
        for one in self.operators:
            groups.setdefault(one.node.code, []).append(one)
        found = [_kind(code, some) for code, some in groups.items()]
        return tuple(sorted(found, key=lambda one: (-(one.macs or 0), one.macs is not None, -one.count)))

    @property
    def params(self) -> int:
        """Numbers in constant tensors of weights: kernels, biases, slopes, scales; not shapes, axes or sizes."""
        return sum(one.params for one in self.operators)

    @property
    def macs(self) -> int:
        """Of the operators that have a rule, for the whole batch."""
        return total(self._counts)

    @property
    def gflops(self) -> float:
        return 2 * self.macs / 1e9

    @property
    def not_counted(self) -> dict[str, str]:
        """Operators whose multiply-adds are not in `macs`, and why."""
        return {one.node.code: one.why for one in self.operators if one.macs is None}

    @cached_property
    def memory(self) -> Memory:
        """As the runtime plans it for one thread without a delegate."""
        try:
            program = file_program(self.census)
        except Problem as problem:
            return Memory(None, None, problem.fact)
        return Memory(arena_bytes(program), outside_bytes(program) + program.restored_bytes)

    @property
    def peak_memory_bytes(self) -> int | None:
        arena, outside, _ = self.memory
        return None if arena is None or outside is None else arena + outside

    @property
    def memory_access_bytes(self) -> int | None:
        """What all operators read and write, weights included; None where a size is unknown."""
        moved = [one.moved_bytes for one in self.operators]
        return None if None in moved else sum(one or 0 for one in moved)

    # --- said ---------------------------------------------------------------------------------------------------------

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the first input where it is one image; None for anything else."""
        shape = self.census.inputs[0].shape
        return (shape[1], shape[2]) if len(shape) == 4 and OPEN not in shape else None

    @property
    def batch(self) -> int:
        """The first dimension of the first input, 1 where it is open."""
        shape = self.census.inputs[0].shape
        return max(1, shape[0]) if shape else 1

    @cached_property
    def precision(self) -> str:
        """In which types weights and activations are, by most of their numbers."""
        return _precision(self.census)

    def notes(self) -> tuple[str, ...]:
        """What is to be known beside the numbers."""
        found = [
            f"not counted: {code}, {self.census.operations[code]} × ({why})" for code, why in self.not_counted.items()
        ]
        if self.memory.why:
            found.append(f"memory is not known: {self.memory.why}")
        elif any(one.node.code.startswith("CUSTOM:") for one in self.operators):
            found.append("the memory that custom operators take for themselves is not counted")
        if self.batch > 1:
            found.append(f"all numbers are of one run, which takes {self.batch} examples at once")
        return tuple(found)

    def to_table(self) -> Table:
        """One row."""
        from archspec.export.file_tables import files_table

        return files_table([self])

    def table_for_people(self) -> Table:
        """One line for each number."""
        from archspec.reporters import transposed

        return transposed(self.to_table())

    def to_json(self) -> dict[str, Any]:
        """Plain values, in a stable order of keys."""
        return {
            "name": self.name,
            "hash": self.hash,
            "kind": "tflite",
            "precision": self.precision,
            "inputs": [_described(one) for one in self.census.inputs],
            "outputs": [_described(one) for one in self.census.outputs],
            "params": self.params,
            "macs": self.macs,
            "gmacs": self.macs / 1e9,
            "gflops": self.gflops,
            "not_counted": self.not_counted,
            "peak_memory_bytes": self.peak_memory_bytes,
            "arena_bytes": self.memory.arena_bytes,
            "memory_access_bytes": self.memory_access_bytes,
            "weight_bytes": self.census.weight_bytes,
            "file_bytes": self.census.file_bytes,
            "tensors": self.census.tensors,
            "operators": [asdict(one) for one in self.by_code()],
        }


def file_cost(data: bytes, name: str, place: Place | None = None) -> FileCost:
    """Of the bytes of a `.tflite`. Raises `UserError` at `place` for no such file, and for a damaged one."""
    from hashlib import sha256

    try:
        return FileCost(name, sha256(data).hexdigest()[:32], take_census(data))
    except Problem as problem:
        raise UserError(problem.at(place or Place(name))) from problem


def _kind(code: str, some: list[OperatorCost]) -> OperatorKindCost:
    why = next((one.why for one in some if one.macs is None), "")
    macs = None if why else sum(one.macs or 0 for one in some)
    return OperatorKindCost(code, len(some), sum(one.params for one in some), macs, why)


def _restored(census: Census) -> dict[int, TensorInfo]:
    """The constant behind each tensor (by its `id`) that a DEQUANTIZE makes of it."""
    return {
        id(node.outputs[0]): node.inputs[0]
        for node in census.nodes
        if node.code == "DEQUANTIZE" and node.inputs[0].constant
    }


def _params(node: OperationInfo, known: set[int], restored: dict[int, TensorInfo]) -> int:
    """Numbers of the weights that an operator reads and nobody before it, by way of a DEQUANTIZE or not."""
    bias = WEIGHTED.get(node.code)
    found = 0
    if node.outputs and id(node.outputs[0]) in restored:
        return 0
    for position, read in enumerate(node.inputs):
        tensor = restored.get(id(read), read)
        if not tensor.constant or id(tensor) in known:
            continue
        if tensor.dtype in FLOATS or tensor.dtype in SMALL or position == bias:
            known.add(id(tensor))
            found += tensor.elements
    return found


def _moved(node: OperationInfo) -> int | None:
    found = 0
    for tensor in (*node.inputs, *node.outputs):
        if OPEN in tensor.shape:
            return None
        found += tensor.buffer_bytes or tensor.elements * ITEM_BYTES.get(tensor.dtype.lower(), 1)
    return found


def _precision(census: Census) -> str:
    """`float32`; `int8`; `float16 weights`; `int8 weights, float32 activations`."""
    weights: Counter[str] = Counter()
    activations: Counter[str] = Counter()
    for node in census.nodes:
        restores = node.code == "DEQUANTIZE" and node.inputs[0].constant
        for position, tensor in enumerate(node.inputs):
            if tensor.constant and (restores or node.code in WEIGHTED) and position in (0, 1):
                weights[tensor.dtype.lower()] += tensor.elements
        if not restores:
            activations.update({tensor.dtype.lower(): tensor.elements for tensor in node.outputs})
    held = weights.most_common(1)[0][0] if weights else ""
    runs = activations.most_common(1)[0][0] if activations else ""
    if not held or held == runs:
        return runs
    return f"{held} weights" if held == HALF and runs == FULL else f"{held} weights, {runs} activations"


def _described(tensor: TensorInfo) -> dict[str, Any]:
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype.lower()}
