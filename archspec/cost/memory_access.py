"""Memory access cost: what operators read and write (arXiv:1807.11164, guideline 1), of the network as it runs."""

from __future__ import annotations

from archspec.graph.program import Program

FLOAT_BYTES = 4


def memory_access(program: Program) -> dict[str, int]:
    """Bytes by the name of the node that an operator belongs to, in float32: inputs, weights and outputs, each once."""
    elements = [tensor.elements for tensor in program.tensors]
    found: dict[str, int] = {}
    for operation in program.operations:
        moved = 0
        for index in operation.inputs:
            moved += elements[index]
        for index in operation.outputs:
            moved += elements[index]
        found[operation.node] = found.get(operation.node, 0) + FLOAT_BYTES * moved
    return found
