"""Predict how long a network takes, from what a device needs for each of its operators: no file, no TensorFlow.

`signatures(program)` says which operators a program runs; a `LatencyTable` holds what one device needs for them, as
`archspec.evaluate.calibrate` measured it; `table.predict(program)` adds up. Every prediction carries the error and the
rank correlation that the table had on networks it was not fitted to.
"""

from archspec.cost.latency.signature import Operand, Signature, signatures

__all__ = ["Operand", "Signature", "signatures"]
