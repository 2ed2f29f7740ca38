"""The runtime program: a graph as the list of TFLite operators a phone would run, still without a byte of weights.

Batch norm is folded into the convolution before it, activations are fused, and channel shuffles are followed
and folded into the next convolution's weights. The cost room reads memory and file size off it; the export
room writes it down. Constants are recipes, evaluated only when there are weights.
"""

from archspec.graph.program.program import Operation, Program, ProgramTensor, build_program
from archspec.graph.program.values import Value

__all__ = ["Operation", "Program", "ProgramTensor", "Value", "build_program"]
