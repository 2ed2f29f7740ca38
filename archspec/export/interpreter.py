"""Run a `.tflite` through LiteRT on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem, first_line
from archspec.export.census import take_census
from archspec.export.interpreter_process import LIMIT_S, Housed
from archspec.export.tflite_file import check_file, flat_model, is_own

PATIENCE_OPEN_S = 600.0  # where the file leaves its size open, and so its work
SLOWEST_MACS_A_SECOND = 1e8


def run(data: bytes, images: Sequence[Array]) -> list[Array]:
    """The first output for each image `(1, H, W, C)` of whole numbers in 0..255; integers of a scale become real again.

    Raises `Problem` when the runtime refuses the file.
    """
    return run_opened(opened(data), images)


def run_opened(interpreter: Any, images: Sequence[Array]) -> list[Array]:
    """The same with an interpreter that is ready to run."""
    entrance, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    results = []
    for image in images:
        if image.shape != tuple(entrance["shape"]):
            raise Problem(f"an image of shape {list(image.shape)} for an input of {entrance['shape'].tolist()}")
        interpreter.set_tensor(entrance["index"], enter(image, entrance["dtype"]))
        interpreter.invoke()
        results.append(leave(interpreter.get_tensor(exit_["index"]), exit_["quantization"]))
    return results


def opened(data: bytes, threads: int = 1) -> Any:
    """An interpreter that is ready to run; of a file that we did not write in a process of its own, with as much of
    the interface as is used here. Raises `Problem` for a damaged file, and when the runtime refuses it, dies or hangs.
    """
    check_file(data)
    return open_here(data, threads) if is_own(data) else HousedInterpreter(data, threads)


class HousedInterpreter:
    """LiteRT's interpreter in another process. Everything raises `Problem` when that refuses, dies or hangs."""

    def __init__(self, data: bytes, threads: int) -> None:
        self._limit_s = patience_s(data)
        self._housed = Housed("archspec.export.interpreter:open_here", data, threads, limit_s=self._limit_s)

    def get_input_details(self) -> list[dict[str, Any]]:
        """One a tensor that goes in: `index`, `shape`, `shape_signature`, `dtype`, `quantization`."""
        found: list[dict[str, Any]] = self._housed.call("get_input_details")
        return found

    def get_output_details(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._housed.call("get_output_details")
        return found

    def set_tensor(self, index: int, values: Array) -> None:
        self._housed.call("set_tensor", index, values, limit_s=self._limit_s)

    def invoke(self) -> None:
        self._housed.call("invoke", limit_s=self._limit_s)

    def get_tensor(self, index: int) -> Array:
        found: Array = self._housed.call("get_tensor", index, limit_s=self._limit_s)
        return found


def computed_shapes(data: bytes) -> dict[int, list[int]]:
    """The shape of each tensor that is not a constant, by its number, as the runtime finds them in one inference.

    Raises `Problem` as `opened` does.
    """
    check_file(data)
    if is_own(data):
        return shapes_here(data)
    housed = Housed("archspec.export.interpreter:shapes_here", data, limit_s=PATIENCE_OPEN_S)
    return {int(index): shape for index, shape in housed.call("copy").items()}


def shapes_here(data: bytes) -> dict[int, list[int]]:
    """`computed_shapes` in this process, without a delegate, which would hide what it takes over."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model, _ = flat_model(data)
    graph = model.Subgraphs(0)
    constant = [model.Buffers(graph.Tensors(index).Buffer()).DataLength() > 0 for index in range(graph.TensorsLength())]
    try:
        with quiet_runtime():
            interpreter = Interpreter(
                model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            )
            interpreter.allocate_tensors()
            for one in interpreter.get_input_details():
                interpreter.set_tensor(one["index"], np.zeros(one["shape"], one["dtype"]))
            interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        raise Problem(f"LiteRT cannot run it ({first_line(error)})") from error
    details = interpreter.get_tensor_details()
    return {
        int(one["index"]): [int(side) for side in one["shape"]]
        for one in details
        if one["index"] < len(constant) and not constant[one["index"]]
    }


def patience_s(data: bytes) -> float:
    """How long one inference of a file may take before it is called hung: ten times that of a very slow machine."""
    macs = take_census(data).macs
    return PATIENCE_OPEN_S if macs is None else LIMIT_S + macs / SLOWEST_MACS_A_SECOND


def open_here(data: bytes, threads: int = 1) -> Any:
    """An interpreter in this process. Raises `Problem` when the runtime refuses the file."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet_runtime():
            interpreter = Interpreter(model_content=data, num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise Problem(f"LiteRT refuses the file ({first_line(error)})", "Look at its operators and versions") from error
    return interpreter


def enter(image: Array, dtype: type) -> Array:
    """uint8 takes the image's bytes as they are, int8 takes them 128 lower, as TensorFlow's converter does."""
    if dtype == np.int8:
        return (np.rint(image) - 128).astype(np.int8)
    return (np.rint(image) if dtype == np.uint8 else image).astype(dtype)


def leave(output: Array, quantization: tuple[float, int]) -> Array:
    """Real numbers from integers of a scale; all others as they are."""
    scale, zero_point = quantization
    if scale == 0.0 or output.dtype.kind == "f":
        return output
    return (output.astype(np.float32) - zero_point) * np.float32(scale)


@contextmanager
def quiet_runtime() -> Iterator[None]:
    """Keep the runtime's own words ("INFO: Created …") out of standard error; errors come as exceptions anyway."""
    kept = null = -1
    with suppress(OSError, ValueError):
        sys.stderr.flush()
        kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
    try:
        yield
    finally:
        if null >= 0:
            os.dup2(kept, 2)
        for descriptor in (kept, null):
            if descriptor >= 0:
                os.close(descriptor)
