"""`benchmark_model`, LiteRT's own timing program: where it is found, how it is called, what it prints.

It prints statistics, not samples: `count= first= curr= min= max= avg= std=`, and in newer versions percentiles. But
`first` is the first run and `curr` the last, so a call of one or two runs says each of them, to the microsecond. That
is how samples are made here; statistics of many runs are an `Aggregate`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archspec.devices._contract import Aggregate, Sample, System
from archspec.devices._faults import Garbled, ToolMissing
from archspec.files import expanded, is_file, is_folder

NAME = "benchmark_model"
SAMPLES_A_CALL = 2
_CACHE = Path("~/.cache/litert-cli/binaries")
_US_PER_MS = 1000.0
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_STATISTICS = re.compile(r"\bcount=(\d+)\b([^\n]*)")
_TIMINGS = re.compile(rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}")
_VERSION = re.compile(r"Tensorflow Version\s*:\s*(\S+)", re.IGNORECASE)
_REPLACED = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \((\w+)\)")
_APPLIED = re.compile(r"Explicitly applied (\w+) delegate, and the model graph will be")
_TOOK_NOTHING = re.compile(r"Though \w+ delegate is explicitly applied, the model graph will not be")
_DELEGATES = {"TfLiteXNNPackDelegate": "XNNPACK", "TfLiteGpuDelegateV2": "GPU", "TfLiteNnapiDelegate": "NNAPI"}


@dataclass(frozen=True, slots=True)
class Statistics:
    """One `count=…` line, in ms. `first_ms` and `last_ms` are single runs."""

    count: int
    first_ms: float
    last_ms: float
    mean_ms: float
    std_ms: float
    min_ms: float
    max_ms: float
    median_ms: float | None = None
    p5_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one call printed."""

    init_ms: float
    first_ms: float
    warm: Statistics
    timed: Statistics
    system: System

    def samples(self) -> tuple[Sample, ...]:
        """The runs of a call of one or two. Raises `ValueError` for more: those were not printed."""
        if self.timed.count == 1:
            return (Sample(self.timed.first_ms),)
        if self.timed.count == SAMPLES_A_CALL:
            return (Sample(self.timed.first_ms), Sample(self.timed.last_ms))
        raise ValueError(f"{self.timed.count} runs, of which only the first and the last are known")

    def aggregate(self) -> Aggregate:
        timed = self.timed
        return Aggregate(
            timed.count, self.warm.count, timed.mean_ms, timed.std_ms, timed.min_ms, timed.max_ms,
            timed.median_ms, timed.p5_ms, timed.p95_ms,
        )  # fmt: skip


def parse(output: str, device: str) -> Report:
    """What a call printed, by an old version or a new one. Raises `Garbled` when the numbers are not there."""
    lines = [_statistics(count, rest) for count, rest in _STATISTICS.findall(output)]
    found = [line for line in lines if line is not None]
    timings = _TIMINGS.search(output)
    if len(found) != 2 or len(lines) != 2 or timings is None:
        said = next((line.strip() for line in output.splitlines() if line.strip()), "nothing")
        raise Garbled(f"{NAME} printed no timings ({said[:80]})", device=device)
    init_us, first_us = map(float, timings.groups())
    return Report(init_us / _US_PER_MS, first_us / _US_PER_MS, found[0], found[1], _system(output))


def _statistics(count: str, rest: str) -> Statistics | None:
    """`count=1 curr=7` and `count=3 curr=7(all same)` are what it prints when all runs are equal; None for none."""
    values = {key: float(number) / _US_PER_MS for key, number in re.findall(rf"\b(\w+)={_NUMBER}", rest)}
    last = values.get("curr")
    if last is None or not int(count):
        return None
    if "first" not in values:
        return Statistics(int(count), last, last, last, 0.0, last, last)
    try:
        needed = (values["first"], last, values["avg"], values["std"], values["min"], values["max"])
    except KeyError:
        return None
    return Statistics(int(count), *needed, values.get("median"), values.get("p5"), values.get("p95"))


def _system(output: str) -> System:
    version = _VERSION.search(output)
    operations, delegated, delegate = _delegation(output)
    return System("benchmark_model", version.group(1) if version else "", delegate, operations, delegated)


def _delegation(output: str) -> tuple[int | None, int | None, str | None]:
    replaced = _REPLACED.search(output)
    if replaced:
        name = _DELEGATES.get(replaced.group(3), replaced.group(3))
        return int(replaced.group(2)), int(replaced.group(1)), name
    applied = _APPLIED.search(output)
    if applied:
        return None, None, applied.group(1)
    return (None, 0, "none") if _TOOK_NOTHING.search(output) else (None, None, None)


def benchmark_command(
    program: str, model: str, *, runs: int, warmup_s: float, limit_s: float, threads: int, flags: Sequence[str]
) -> list[str]:
    """One call: at least one warm-up run and at least `warmup_s` of them, then exactly `runs` (or `limit_s`)."""
    settings: dict[str, object] = {
        "graph": model,
        "num_threads": threads,
        "warmup_runs": 1,
        "warmup_min_secs": f"{warmup_s:g}",
        "num_runs": runs,
        "min_secs": 0,
        "max_secs": f"{limit_s:g}",
    }
    return [program, *(f"--{key}={value}" for key, value in settings.items()), *flags]


def delegate_flags(delegate: str) -> list[str]:
    """`default` leaves the choice to the program: newer ones take XNNPACK by themselves."""
    flags = {
        "default": [],
        "none": ["--use_xnnpack=false"],
        "xnnpack": ["--use_xnnpack=true"],
        "gpu": ["--use_gpu=true"],
        "nnapi": ["--use_nnapi=true"],
    }
    return flags[delegate]


def find_binary(named: str, abi: str, device: str, cache: Path = _CACHE) -> Path:
    """The program for the device: the file named, else that of litert-cli's cache for its ABI, else the one on PATH.

    Raises `ToolMissing` with all places that were looked at; a file that is named is the only one looked at.
    """
    if named:
        path = expanded(named)
        if is_file(path):
            return path
        raise ToolMissing(f"no such file ({named})", device=device, remedy=f"Name the {NAME} for {abi}")
    folder = expanded(cache) / abi
    found = sorted(folder.glob(f"{NAME}*"), key=lambda path: (len(path.name), path.name)) if is_folder(folder) else []
    on_path = shutil.which(NAME)
    if found or on_path:
        return found[0] if found else Path(str(on_path))
    raise ToolMissing(
        f"no {NAME} for {abi} (looked in {folder} and on PATH)",
        device=device,
        remedy=f"Download it from the LiteRT releases and name it with {NAME}: FILE, or name a runner with python:",
    )
