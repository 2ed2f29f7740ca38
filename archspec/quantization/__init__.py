"""Training with quantisation in mind: an int8 file's arithmetic in TensorFlow, with gradients.

The exporter's plan and recipes (archspec/export/int8_plan.py, archspec/graph/program) are run on variables, so what is
trained through is what is exported.
"""

from archspec.quantization.program import FakeQuantised, joined

__all__ = ["FakeQuantised", "joined"]
