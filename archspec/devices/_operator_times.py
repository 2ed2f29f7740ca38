"""How long each operator of a `.tflite` takes on this machine, and how long the whole takes when nobody watches."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from archspec.devices._contract import Model, System
from archspec.devices._latency import Procedure
from archspec.devices._litert_profiler import INSIDE_DELEGATE, OPERATOR
from archspec.devices._measure import measure
from archspec.devices.host import HostSession, HousedSession, host
from archspec.errors import Problem, UserError, user_error
from archspec.export import take_census
from archspec.export.surgery import Isolation
from archspec.record import temporary_folder

Method = Literal["runtime", "alone"]
METHODS: tuple[Method, ...] = ("runtime", "alone")
METHOD_DESCRIPTIONS: dict[Method, str] = {
    "runtime": "LiteRT's own profiler",
    "alone": "each operator alone in a file of its own, on cold caches of its own: a rough picture",
}
LIMIT_S = 300.0
QUIET_SHARE = 0.25
ALONE = Procedure("alone", warmup_s=0.005, rounds=4, runs_per_round=5)
WHOLE = Procedure("whole", warmup_s=0.3, rounds=20, runs_per_round=5)
# The first words of XNNPACK's step names (LiteRT 2.3.0) -> the operators that become such a step.
STEPS: dict[str, tuple[str, ...]] = {
    "Fully Connected": ("CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL"),
    "Batch Matrix Multiply": ("BATCH_MATMUL", "FULLY_CONNECTED"),
    "Convolution": ("CONV_2D", "DEPTHWISE_CONV_2D"),
    "Deconvolution": ("TRANSPOSE_CONV", "CUSTOM:Convolution2DTransposeBias"),
    "Slice": ("SLICE", "STRIDED_SLICE", "SPLIT"),
    "Strided Slice": ("STRIDED_SLICE",),
    "Copy": ("CONCATENATION", "RESHAPE", "SPLIT", "EXPAND_DIMS", "SQUEEZE", "PACK"),
    "Static Reshape": ("RESHAPE", "EXPAND_DIMS", "SQUEEZE"),
    "Convert": ("QUANTIZE", "DEQUANTIZE", "CAST"),
    "Invalid Unary Op": ("QUANTIZE", "DEQUANTIZE", "MUL", "SUB", "ADD"),
    "Clamp": ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"),
    "Add": ("ADD",),
    "Subtract": ("SUB",),
    "Multiply": ("MUL",),
    "Divide": ("DIV",),
    "Maximum": ("MAXIMUM",),
    "Minimum": ("MINIMUM",),
    "Squared Difference": ("SQUARED_DIFFERENCE",),
    "Reciprocal Square Root": ("RSQRT",),
    "Negate": ("NEG",),
    "Max Pooling": ("MAX_POOL_2D",),
    "Average Pooling": ("AVERAGE_POOL_2D", "MEAN"),
    "Global Average Pooling": ("MEAN", "AVERAGE_POOL_2D"),
    "Mean": ("MEAN", "AVERAGE_POOL_2D"),
    "Sum": ("SUM",),
    "Resize Bilinear": ("RESIZE_BILINEAR",),
    "Constant Pad": ("PAD", "PADV2"),
    "PReLU": ("PRELU",),
    "Leaky ReLU": ("LEAKY_RELU",),
    "HardSwish": ("HARD_SWISH",),
    "Sigmoid": ("LOGISTIC",),
    "Softmax": ("SOFTMAX",),
    "Tanh": ("TANH",),
    "Space To Depth": ("SPACE_TO_DEPTH",),
    "Depth To Space": ("DEPTH_TO_SPACE",),
    "Transpose": ("TRANSPOSE",),
}
DEPTHWISE_MARK = "DWConv"
BEFORE = ("Convert",)  # a step of its own for the operator that comes next: its input, quantised at run time
FITS, STEP_LEFT, OPERATOR_LEFT, MISFIT = 4, -1, -1, -50


@dataclass(frozen=True, slots=True)
class OperatorTimes:
    """Mean ms of each operator over the quiet runs, in the file's order, and of whole runs without a profiler.

    Quiet runs are the fastest quarter: whoever is pushed aside for a moment loses it in one operator of a run, and
    medians of operators would not see what the median of the whole does. Means over the same runs add up.
    `method` says how operators were timed, `notes` what a reader should know, `system` what ran the file.
    """

    method: Method
    operators_ms: tuple[float, ...]
    whole_ms: float
    whole_samples_ms: tuple[float, ...]
    profiled_ms: float | None
    threads: int
    system: System
    notes: tuple[str, ...] = ()

    @property
    def sum_ms(self) -> float:
        return sum(self.operators_ms)

    @property
    def share(self) -> float:
        """The sum as a share of the whole: near 1 when the picture is complete."""
        return self.sum_ms / self.whole_ms if self.whole_ms else 0.0


def operator_times(
    model: Model, *, threads: int = 1, rounds: int = 20, runs: int = 5, method: Method | None = None
) -> OperatorTimes:
    """By LiteRT's profiler, or where that cannot be, each operator alone, which the notes then say.

    `method` insists on one. Whole runs and profiled runs take turns, `rounds` times `runs` each. Raises `UserError`
    for a file that cannot be run, and for an insisted method that cannot be used.
    """
    with closing(host().open(model, threads=threads)) as session:  # what cannot be run is refused here, with its reason
        if method == "alone":
            return _alone(model, threads, session.system, ())
        try:
            return _by_runtime(model, session, threads, rounds, runs)
        except Problem as problem:
            if method == "runtime":
                raise UserError(problem.at(model.place)) from problem
            return _alone(model, threads, session.system, (f"LiteRT's profiler was not used: {problem.fact}",))


# --- LiteRT's profiler --------------------------------------------------------------------------------------
def _by_runtime(
    model: Model, session: HostSession | HousedSession, threads: int, rounds: int, runs: int
) -> OperatorTimes:
    answer = _ask(model, threads, rounds, runs)
    codes = [node.code for node in take_census(model.content).nodes]
    first = answer["runs"][0] if answer["runs"] else []
    shape = [event[:3] for event in first]
    if not first or any([event[:3] for event in run] != shape for run in answer["runs"]):
        raise Problem("its events differ from run to run")
    owners, loose = _owners(first, codes, session.delegated_parts())
    times_ms = [0.0] * len(codes)
    quiet_runs = [answer["runs"][index] for index in quiet(answer["profiled_ms"])]
    for position, owner in enumerate(owners):
        times_ms[owner] += fmean([run[position][3] for run in quiet_runs]) / 1000
    notes: tuple[str, ...] = ()
    if loose:
        notes = (f"{loose} of {len(first)} steps of the delegate fit no operator and are told with a neighbour",)
    return OperatorTimes(
        "runtime",
        tuple(times_ms),
        _quiet_mean(answer["plain_ms"]),
        tuple(answer["plain_ms"]),
        _quiet_mean(answer["profiled_ms"]),
        threads,
        session.system,
        notes,
    )


def _ask(model: Model, threads: int, rounds: int, runs: int) -> dict[str, Any]:
    """The profiler's answer, from a process of its own. Raises `Problem` when it refuses, dies or hangs."""
    with temporary_folder() as folder:
        file, answer = folder / "model.tflite", folder / "answer.json"
        file.write_bytes(model.content)
        numbers = (str(threads), str(rounds), str(runs))
        code = ("import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
                "from archspec.devices._litert_profiler import main; main(sys.argv[1:])")  # fmt: skip
        roots = "\n".join(path for path in sys.path if path)
        command = [sys.executable, "-c", code, roots, str(file), str(answer), *numbers]
        try:
            done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Problem(f"it did not answer within {LIMIT_S:g} s") from error
        if done.returncode or not answer.is_file():
            raise Problem(f"its process died with code {done.returncode}")
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    if "refused" in found:
        raise Problem(found["refused"])
    return found


def _owners(
    events: Sequence[Sequence[Any]], codes: Sequence[str], parts: Sequence[Sequence[int]]
) -> tuple[list[int], int]:
    """The operator of each event, and how many events fit none. Raises `Problem` when events and file disagree."""
    owners = [-1] * len(events)
    groups: list[list[int]] = []
    for position, (tag, kind, index, _) in enumerate(events):
        if kind == OPERATOR:
            if index >= len(codes) or (codes[index] != tag and not codes[index].startswith("CUSTOM:")):
                raise Problem(f"it calls operator {index} {tag}")
            owners[position] = index
        elif kind == INSIDE_DELEGATE:
            if index == 0 or not groups:
                groups.append([])
            groups[-1].append(position)
    if len(groups) != len(parts):
        raise Problem(f"it saw the delegate {len(groups)} times, the interpreter has it {len(parts)} times")
    loose = 0
    for group, part in zip(groups, parts, strict=True):
        found, misfits = align([events[position][0] for position in group], [codes[index] for index in part])
        loose += len(misfits)
        for position, own in zip(group, found, strict=True):
            owners[position] = part[own]
    return owners, loose


# --- each alone ---------------------------------------------------------------------------------------------
def _alone(model: Model, threads: int, system: System, notes: tuple[str, ...]) -> OperatorTimes:
    isolation = Isolation(model.content)
    (whole,) = measure(model, procedure=WHOLE, threads=threads)
    unable: list[int] = []

    def one(number: int) -> float:
        content = isolation.alone(number)
        return 0.0 if content is None else _time_of(content, number, threads, unable)

    times = tuple(one(number) for number in range(len(isolation)))
    if len(unable) == len(times):
        raise user_error("none of its operators runs alone", "Use a version of LiteRT whose profiler is known",
                         place=model.place)  # fmt: skip
    if unable:
        notes += (f"{len(unable)} operators do not run alone and count as 0 (the first is number {unable[0]})",)
    return OperatorTimes("alone", times, _quiet_mean(whole.samples_ms), whole.samples_ms, None, threads, system, notes)


def _time_of(content: bytes, number: int, threads: int, unable: list[int]) -> float:
    try:
        (latency,) = measure(Model(f"operator {number}", content), procedure=ALONE, threads=threads)
    except UserError:
        unable.append(number)
        return 0.0
    return _quiet_mean(latency.samples_ms)


# --- quiet runs ---------------------------------------------------------------------------------------------
def quiet(walls_ms: Sequence[float]) -> list[int]:
    """The positions of the fastest quarter of the runs, one at least."""
    order = sorted(range(len(walls_ms)), key=walls_ms.__getitem__)
    return order[: max(1, round(len(order) * QUIET_SHARE))]


def _quiet_mean(walls_ms: Sequence[float]) -> float:
    return fmean([walls_ms[index] for index in quiet(walls_ms)])


# --- a delegate's own steps ---------------------------------------------------------------------------------
# XNNPACK names its steps, not the operators that they are for. Both lists are in execution order, so they are laid
# beside each other as two texts are compared. An operator may become no step (a dequantised constant, a clamp fused
# into the step before) or several (a clamp behind an addition).
def align(steps: Sequence[str], operators: Sequence[str]) -> tuple[list[int], list[int]]:
    """For each step the position of its operator, and the positions of steps that fit none: a neighbour gets them.

    The best laying-side-by-side by dynamic programming: quadratic in a partition's length. Raises `ValueError` for
    steps without any operator.
    """
    if steps and not operators:
        raise ValueError("steps of a delegate that took no operator")
    if len(steps) == len(operators) and all(map(_fits, steps, operators)):
        return list(range(len(steps))), []
    matched = _matches(steps, operators)
    found, loose = [], []
    for position, step in enumerate(steps):
        if (own := matched.get(position)) is None:
            own = _neighbour(position, step, matched, len(steps), len(operators))
            if not _is_extra(step):
                loose.append(position)
        found.append(own)
    return found, loose


def _fits(step: str, operator: str) -> bool:
    name = step.partition(" (")[0]
    if DEPTHWISE_MARK in step and operator != "DEPTHWISE_CONV_2D":
        return operator == "CONV_2D"  # one input channel
    return operator in STEPS.get(name, ()) or name.upper().replace(" ", "_") == operator


def _is_extra(step: str) -> bool:
    """A step that belongs to another's operator: a clamp behind it, or a conversion of its input."""
    return step.startswith(("Clamp", "Copy", "Slice", *BEFORE))


def _matches(steps: Sequence[str], operators: Sequence[str]) -> dict[int, int]:
    """Step -> operator, in order, with the largest score."""
    rows, columns = len(steps) + 1, len(operators) + 1
    score = [[STEP_LEFT * row + OPERATOR_LEFT * column for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            pair = FITS if _fits(steps[row - 1], operators[column - 1]) else MISFIT
            score[row][column] = max(
                score[row - 1][column - 1] + pair,
                score[row - 1][column] + STEP_LEFT,
                score[row][column - 1] + OPERATOR_LEFT,
            )
    found: dict[int, int] = {}
    row, column = rows - 1, columns - 1
    while row and column:
        fits = _fits(steps[row - 1], operators[column - 1])
        if fits and score[row][column] == score[row - 1][column - 1] + FITS:
            row, column = row - 1, column - 1
            found[row] = column
        elif score[row][column] == score[row - 1][column] + STEP_LEFT:
            row -= 1
        else:
            column -= 1
    return found


def _neighbour(position: int, step: str, matched: dict[int, int], steps: int, operators: int) -> int:
    """The operator of the nearest matched step: the next one for a conversion, else the one before."""
    before = next((matched[other] for other in range(position, -1, -1) if other in matched), None)
    after = next((matched[other] for other in range(position, steps) if other in matched), None)
    first, second = (after, before) if step.startswith(BEFORE) else (before, after)
    chosen = first if first is not None else second
    return min(chosen if chosen is not None else 0, operators - 1)
