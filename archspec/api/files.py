"""`file_cost`: what anybody's `.tflite` costs, as the file says it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archspec.devices import Model
from archspec.export.file_cost import FileCost
from archspec.export.file_cost import file_cost as _file_cost

if TYPE_CHECKING:
    from archspec.export import Exported


def file_cost(source: str | os.PathLike[str] | bytes | Exported) -> FileCost:
    """What a `.tflite` costs by what it says itself, whoever made it: no graph, nothing is run, no TensorFlow.

    Args:
        source: a path, the bytes of a file, or what `Network.to_tflite` gave.

    Returns:
        A `FileCost`: `params`, `macs`, `gflops`, `peak_memory_bytes`, `precision`, `by_code()`, `operators`;
        `not_counted` names the operators whose multiply-adds nobody has a rule for.

    Raises:
        UserError: for a file that cannot be read, is no `.tflite`, or is damaged.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_basic", {"input.size": [64, 64]})
        >>> cost = archspec.file_cost(net.to_tflite())
        >>> cost.macs == net.cost.macs, cost.peak_memory_bytes == net.cost.peak_memory_bytes
        (True, True)
        >>> [one.code for one in cost.by_code()][:2]
        ['CONV_2D', 'DEPTHWISE_CONV_2D']
    """
    model = Model.of(source if isinstance(source, str | bytes | os.PathLike) else source.data)
    return _file_cost(model.content, model.name, model.place)
