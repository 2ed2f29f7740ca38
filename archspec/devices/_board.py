"""Runs on the device, as a file of its own: Python 3.8, NumPy and LiteRT (or tflite_runtime), nothing of archspec.

Reads questions, one line of JSON each, from its input and answers each with one marked line: `open` loads a model and
runs it once, `warm` and `run` time it with the device's own clock. Ends with its input, or when nobody asks for an
hour.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

MARK = "archspec:"
IDLE_S = 3600.0
INPUT_SEED = 0
RUNTIMES = ("ai_edge_litert", "tflite_runtime")


class Board:
    """Answers questions about one model. `load` gives something with `fill`, `invoke` and `describe`."""

    def __init__(self, load: Callable[[str, int], Any], wall_ns: Callable[[], int], cpu_ns: Callable[[], int]) -> None:
        self._load, self._wall_ns, self._cpu_ns = load, wall_ns, cpu_ns
        self._model: Any = None
        self._single = True

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        wanted = question.get("do")
        if wanted == "open":
            return self._opened(question["model"], question["threads"])
        if wanted == "warm":
            return self._warmed(question["seconds"])
        if wanted == "run":
            return {"samples_ms": [self._timed() for _ in range(question["runs"])]}
        return {"error": "unknown question", "kind": "question"}

    def _opened(self, path: str, threads: int) -> dict[str, Any]:
        self._single = threads == 1
        start = self._wall_ns()
        model = self._load(path, threads)
        init_ms = (self._wall_ns() - start) / 1e6
        model.fill()
        self._model = model
        first_ms, _ = self._timed()
        return {"init_ms": init_ms, "first_ms": first_ms, **model.describe()}

    def _warmed(self, seconds: float) -> dict[str, Any]:
        start, runs, passed_ns = self._wall_ns(), 0, 0
        while passed_ns < seconds * 1e9:
            self._model.invoke()
            runs += 1
            passed_ns = self._wall_ns() - start
        return {"runs": runs, "seconds": passed_ns / 1e9}

    def _timed(self) -> tuple[float, float | None]:
        cpu_start = self._cpu_ns()
        start = self._wall_ns()
        self._model.invoke()
        wall = self._wall_ns() - start
        cpu = self._cpu_ns() - cpu_start
        return wall / 1e6, cpu / 1e6 if self._single else None


def input_values(shape: Sequence[int], kind: Any, random: Any) -> Any:
    """What an input is filled with: floats in [0, 1), 8-bit integers over their range, zeros for the rest.

    `kind` is a NumPy dtype, `random` a NumPy generator.
    """
    import numpy as np

    if kind.kind == "f":
        return random.random(shape).astype(kind)
    if kind.itemsize == 1 and kind.kind in "iu":
        return random.integers(np.iinfo(kind).min, np.iinfo(kind).max, shape, kind, endpoint=True)
    return np.zeros(shape, kind)  # an index or a size: 0 is always valid


class LoadedModel:
    """A `.tflite` in this device's runtime."""

    def __init__(self, module: Any, runtime: str, path: str, threads: int) -> None:
        self._runtime = runtime
        self._interpreter = module.Interpreter(model_path=path, num_threads=threads)
        self._interpreter.allocate_tensors()

    def fill(self) -> None:
        """The same inputs as on the host."""
        import numpy as np

        random = np.random.default_rng(INPUT_SEED)
        for details in self._interpreter.get_input_details():
            values = input_values(details["shape"], np.dtype(details["dtype"]), random)
            self._interpreter.set_tensor(details["index"], values)

    def invoke(self) -> None:
        self._interpreter.invoke()

    def describe(self) -> dict[str, Any]:
        """Runtime, version, inputs, and the interpreter's list of nodes (None when it does not tell)."""
        inputs = self._interpreter.get_input_details()
        shown = ["x".join(str(int(size)) for size in one["shape"]) + " " + one["dtype"].__name__ for one in inputs]
        return {"runtime": "LiteRT", "version": self._version(), "inputs": shown, "nodes": self._nodes()}

    def _nodes(self) -> list[dict[str, Any]] | None:
        try:
            found = self._interpreter._get_ops_details()
            return [
                {"op_name": node["op_name"], **{key: [int(i) for i in node[key]] for key in ("inputs", "outputs")}}
                for node in found
            ]
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
            return None

    def _version(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(self._runtime.replace("_", "-"))
        except PackageNotFoundError:
            return ""


def load_runtime() -> tuple[Any, str]:
    """The first runtime that is installed. Raises `ImportError` when none is."""
    for name in RUNTIMES:
        try:
            return import_module(name + ".interpreter"), name
        except ImportError:
            continue
    raise ImportError("neither ai_edge_litert nor tflite_runtime can be imported")


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the runtime prints must not stand between answers
    runtime: list[tuple[Any, str]] = []

    def load(path: str, threads: int) -> LoadedModel:
        return LoadedModel(*runtime[0], path, threads)

    board = Board(load, time.perf_counter_ns, time.thread_time_ns)
    while select.select([sys.stdin], [], [], IDLE_S)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        try:
            if not runtime:
                runtime.append(load_runtime())  # before the clock of `open` starts
            answer = board.answer(json.loads(line))
        except ImportError as error:
            answer = {"error": str(error), "kind": "runtime"}
        except (ValueError, RuntimeError, KeyError, TypeError, MemoryError, OSError) as error:
            answer = {"error": (str(error).strip() or type(error).__name__).splitlines()[0], "kind": "model"}
        answers.write(MARK + json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
