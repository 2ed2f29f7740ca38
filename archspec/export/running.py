"""Run a `.tflite` through LiteRT on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from archspec.errors import Problem
from archspec.export.model import Array


def run(data: bytes, images: Sequence[Array]) -> list[Array]:
    """The first output for each image `(1, H, W, C)` of whole numbers in 0..255; integers of a scale become real again.

    Raises `Problem` when the runtime refuses the file.
    """
    interpreter = opened(data)
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
    """An interpreter that is ready to run. Raises `Problem` when the runtime refuses the file."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet_runtime():
            interpreter = Interpreter(model_content=data, num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise Problem(
            f"LiteRT refuses the file ({_first_line(error)})", "Look at its operators and versions"
        ) from error
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


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
