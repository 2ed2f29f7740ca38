"""Times of single operators from LiteRT's own profiler, through its C API: a program, run as a process of its own.

`python -m archspec.devices._litert_profiler MODEL ANSWER THREADS ROUNDS RUNS` writes JSON to the file ANSWER: wall
times of plain runs, and of runs with the profiler on, in turns, and what the profiler said of the latter.

The C structures below are no stable interface: they were tried with the versions in `TRIED`, others are refused, and
a structure that does not fit kills this process only. The library lies in the wheel `ai-edge-litert`.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from ctypes import byref, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from archspec.devices._board import INPUT_SEED, input_values
from archspec.devices._litert import runtime_version

TRIED = ("2.3.0",)
LIBRARY = "libLiteRt.so"
ALIGNMENT = 64  # of memory that a tensor buffer may be made of
CPU = 1  # LiteRtHwAccelerators
ELEMENT_TYPES = {"FLOAT32": (1, "float32"), "INT32": (2, "int32"), "UINT8": (3, "uint8"), "INT64": (4, "int64"),
                 "BOOL": (6, "bool"), "INT16": (7, "int16"), "INT8": (9, "int8")}  # fmt: skip
OPERATOR, INSIDE_DELEGATE = 2, 8  # kinds of event that carry the time of one operator
START_OF_RUN = ("Invoke", 1)
MAX_RANK = 8


class _Layout(ctypes.Structure):
    _fields_ = (("rank", c_uint32), ("sizes", c_int32 * MAX_RANK), ("strides", c_uint32 * MAX_RANK))


class _TensorType(ctypes.Structure):
    _fields_ = (("element", c_int32), ("layout", _Layout))


class _Memory(ctypes.Structure):
    _fields_ = (("heap", c_size_t), ("mapped", c_size_t), ("in_use", c_size_t))


class _Event(ctypes.Structure):
    _fields_ = (
        ("tag", c_char_p), ("kind", c_int32), ("start_us", c_uint64), ("elapsed_us", c_uint64),
        ("before", _Memory), ("after", _Memory), ("index", c_uint64), ("subgraph", c_uint64), ("source", c_int32),
    )  # fmt: skip


_FREE = ctypes.CFUNCTYPE(None, c_void_p)


class ProfilerError(Exception):
    """What the library refused; it names the call."""


class _Compiled:
    """One model in LiteRT's compiled-model interface, with its buffers filled; what C points at is kept alive here."""

    def __init__(self, library: Any, content: bytes, tensors: tuple[list[Any], list[Any]], threads: int,
                 profiled: bool) -> None:  # fmt: skip
        self._library, self._content = library, content
        self._free = _FREE(lambda _: None)
        self._kept: list[Any] = []
        environment, model, options, compiled = (c_void_p() for _ in range(4))
        self._call("CreateEnvironment", 0, None, byref(environment))
        self._call("CreateModelFromBuffer", environment, content, c_size_t(len(content)), byref(model))
        self._call("CreateOptions", byref(options))
        self._call("SetOptionsHardwareAccelerators", options, CPU)
        self._option(options, "xnnpack", f"num_threads = {threads}\n")
        if profiled:
            self._option(options, "runtime_options_string", "enable_profiling = true\n")
        self._call("CreateCompiledModel", environment, model, options, byref(compiled))
        self._compiled = compiled
        self._inputs, self._outputs = (self._buffers(infos) for infos in tensors)
        self._profiler = c_void_p()
        if profiled:
            self._call("CompiledModelGetProfiler", compiled, byref(self._profiler))

    def run(self) -> float:
        """One inference; its wall time in ms."""
        start = time.perf_counter_ns()
        self._call("RunCompiledModel", self._compiled, c_size_t(0), c_size_t(len(self._inputs)), self._inputs,
                   c_size_t(len(self._outputs)), self._outputs)  # fmt: skip
        return (time.perf_counter_ns() - start) / 1e6

    def profiled(self, runs: int) -> tuple[list[float], list[tuple[str, int, int, int]]]:
        """`runs` inferences: their wall times in ms, and every event as `(tag, kind, index, µs)`."""
        self._call("ResetProfiler", self._profiler)
        self._call("StartProfiler", self._profiler)
        walls = [self.run() for _ in range(runs)]
        self._call("StopProfiler", self._profiler)
        count = c_int()
        self._call("GetNumProfilerEvents", self._profiler, byref(count))
        events = (_Event * count.value)()
        self._call("GetProfilerEvents", self._profiler, count.value, events)
        return walls, [((one.tag or b"").decode("utf-8", "replace"), one.kind, one.index, one.elapsed_us)
                       for one in events]  # fmt: skip

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, f"LiteRt{name}")(*arguments)
        if status:
            raise ProfilerError(f"LiteRt{name} gave {status}")

    def _option(self, options: c_void_p, kind: str, text: str) -> None:
        name, value, made = (
            ctypes.create_string_buffer(kind.encode()), ctypes.create_string_buffer(text.encode()), c_void_p()
        )  # fmt: skip
        self._kept += [name, value]
        self._call("CreateOpaqueOptions", name, ctypes.cast(value, c_void_p), self._free, byref(made))
        self._call("AddOpaqueOptions", options, made)

    def _buffers(self, infos: list[Any]) -> Any:
        import numpy as np

        made = []
        random = np.random.default_rng(INPUT_SEED)
        for info in infos:
            element, kind = ELEMENT_TYPES[info.dtype]
            shape = [1 if size < 0 else size for size in info.shape]  # open in the file: run as 1, as on the host
            values = input_values(shape, np.dtype(kind), random)
            held = np.zeros(values.nbytes + 2 * ALIGNMENT, np.uint8)
            offset = -held.ctypes.data % ALIGNMENT
            held[offset : offset + values.nbytes] = values.reshape(-1).view(np.uint8)
            self._kept.append(held)
            kind_of = _TensorType(element)
            kind_of.layout.rank = len(shape)
            kind_of.layout.sizes[: len(shape)] = shape
            buffer = c_void_p()
            self._call("CreateTensorBufferFromHostMemory", byref(kind_of), c_void_p(held.ctypes.data + offset),
                       c_size_t(values.nbytes), self._free, byref(buffer))  # fmt: skip
            made.append(buffer)
        return (c_void_p * len(made))(*made)


def profile(content: bytes, threads: int, rounds: int, runs: int) -> dict[str, Any]:
    """Plain and profiled runs in turns, after one round of warm-up. Raises `ProfilerError` where that cannot be."""
    from archspec.export import take_census

    version = runtime_version()
    if version not in TRIED:
        raise ProfilerError(f"LiteRT {version}'s profiler is not known here ({', '.join(TRIED)} is)")
    census = take_census(content)
    unknown = [one.name for one in (*census.inputs, *census.outputs) if one.dtype not in ELEMENT_TYPES]
    if unknown:
        raise ProfilerError(f"'{unknown[0]}' is of a type that is not known here")
    library = _library()
    tensors = (list(census.inputs), list(census.outputs))
    plain = _Compiled(library, content, tensors, threads, profiled=False)
    watched = _Compiled(library, content, tensors, threads, profiled=True)
    answer: dict[str, Any] = {"plain_ms": [], "profiled_ms": [], "runs": []}
    for number in range(rounds + 1):
        walls = [plain.run() for _ in range(runs)]
        watched_walls, events = watched.profiled(runs)
        if number:
            answer["plain_ms"] += walls
            answer["profiled_ms"] += watched_walls
            answer["runs"] += _by_run(events)
    return answer


def _by_run(events: list[tuple[str, int, int, int]]) -> list[list[tuple[str, int, int, int]]]:
    """The events of operators, run by run."""
    found: list[list[tuple[str, int, int, int]]] = []
    for event in events:
        if event[:2] == START_OF_RUN:
            found.append([])
        elif event[1] in (OPERATOR, INSIDE_DELEGATE) and found:
            found[-1].append(event)
    return found


def _library() -> Any:
    import ai_edge_litert

    path = Path(ai_edge_litert.__file__).parent / LIBRARY
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ProfilerError(f"{LIBRARY} cannot be loaded ({error})") from error
    for name in ("CreateCompiledModel", "CompiledModelGetProfiler", "GetProfilerEvents"):
        if not hasattr(library, f"LiteRt{name}"):
            raise ProfilerError(f"{LIBRARY} has no LiteRt{name}")
    return library


def main(arguments: list[str]) -> None:
    """The program: an answer, or `{"refused": why}`."""
    model, answer, *numbers = arguments
    try:
        found = profile(Path(model).read_bytes(), *map(int, numbers))
    except ProfilerError as error:
        found = {"refused": str(error)}
    Path(answer).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
