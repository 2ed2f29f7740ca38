"""Networks that unpool make choices, and a choice between numbers that are equal to rounding proves nothing.

Which of a window's four numbers is the largest hangs, here and there, on the last bit. Two runtimes round
differently, choose differently, and a decoder's number lands on the pixel beside: logits then differ far more than
by rounding, and both are right. So the proof takes two steps, and together they leave nothing out: the reference's
choices are among the file's largest numbers, to the tolerance; and with those choices the logits are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.running import enter, leave
from archspec.export.schema import object_model

Places = Callable[[Array], Sequence[Array]]
WINDOW_AXIS = 2  # of what ARG_MAX reads: (1, positions, 4, C)


def run_with_places(data: bytes, images: Sequence[Array], places: Places, tolerance: float) -> list[Array]:
    """The first output for each image, with the reference's choices in place of the file's own.

    `places` gives, for an image, an array `(1, h, w, C)` of 0 to 3 for each pooling in execution order. Raises
    `Problem` where one is not, to `tolerance`, a largest number of its window, and where there are not as many.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=_freed(data), num_threads=1)
    interpreter.allocate_tensors()
    entrance, *choices = interpreter.get_input_details()
    exit_, *windows = interpreter.get_output_details()
    results = []
    for image in images:
        given = [np.asarray(one, np.int32) for one in places(image)]
        if len(given) != len(choices):
            raise Problem(f"the file makes {len(choices)} choices, the reference {len(given)}: different networks")
        interpreter.set_tensor(entrance["index"], enter(image, entrance["dtype"]))
        for detail, one in zip(choices, given, strict=True):
            interpreter.set_tensor(detail["index"], one.reshape(detail["shape"]))
        interpreter.invoke()
        for number, (detail, choice) in enumerate(zip(windows, choices, strict=True)):
            numbers = leave(interpreter.get_tensor(detail["index"]), detail["quantization"])
            _check(numbers, given[number].reshape(choice["shape"]), tolerance, number)
        results.append(leave(interpreter.get_tensor(exit_["index"]), exit_["quantization"]))
    return results


def _check(windows: Array, places: Array, tolerance: float, number: int) -> None:
    """Raises `Problem` unless each place holds a largest number of its window, to rounding."""
    taken = np.take_along_axis(windows, places[:, :, None], WINDOW_AXIS)[:, :, 0]
    gap = float((windows.max(WINDOW_AXIS) - taken).max() / np.abs(windows).max())
    if not gap <= tolerance:  # `not <=` also catches NaN
        raise Problem(
            f"pooling {number} of the reference chooses a number {gap:.2e} below the file's largest",
            "This is a fault of archspec's export: please report the spec",
        )


def _freed(data: bytes) -> bytes:
    """A copy in which what an ARG_MAX would say comes in from outside, and what it would read goes out."""
    import flatbuffers

    model, schema = object_model(data)
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    chosen = [one for one in graph.operators if codes[one.opcodeIndex] == schema.BuiltinOperator.ARG_MAX]
    graph.operators = [one for one in graph.operators if one not in chosen]
    graph.inputs = [*_numbers(graph.inputs), *(int(one.outputs[0]) for one in chosen)]
    graph.outputs = [*_numbers(graph.outputs), *(int(one.inputs[0]) for one in chosen)]
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _numbers(indices: Any) -> list[int]:
    return [int(index) for index in indices]
