"""What a device promises, and what it is given.

To add a device, write `archspec/devices/<name>.py` with a function `<name>(...) -> Device` whose arguments all have
defaults or are written in the device's YAML. The promises, tested for every device file:

* `open` readies one model and returns a `Session`, or raises `UserError` that names the model.
* `Session.warm` runs the model until the device's own clock says that the seconds have passed; 0 s is no run.
* `Session.run(n)` returns exactly n samples in the order they were taken, and raises rather than invent one.
* `Session.close` may be called twice, and after any failure.
* No call hangs: a device that can (a cable, a network) has its own time limit and raises.
* What is the device's fault and not the model's is a `DeviceError`, which says whether another try can help.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from archspec.devices._machine import Machine
from archspec.errors import Place, Problem
from archspec.files import read_bytes

SLOWEST = 10  # a run that takes this many times the first inference is hung


@dataclass(frozen=True)
class Model:
    """A `.tflite`: its bytes, and the name it goes by in tables and errors."""

    name: str
    content: bytes = field(repr=False)
    place: Place = Place("")

    @classmethod
    def of(cls, source: Model | bytes | str | os.PathLike[str], name: str = "") -> Model:
        """From a path or from bytes; `<folder>/model.tflite` goes by its folder's name, any other file by its stem.

        Raises `UserError` for a file that cannot be read.
        """
        if isinstance(source, Model):
            return source
        if isinstance(source, bytes):
            return cls(name or "model", source, Place(name or "<bytes>"))
        path = Path(source)
        content = read_bytes(path, remedy="Name a .tflite file")
        stem = path.absolute().parent.name if path.stem == "model" else path.stem
        return cls(name or stem or "model", content, Place(str(path)))

    @cached_property
    def batch(self) -> int:
        """How many images go in at once; 1 for what cannot be told."""
        from archspec.export.input_size import input_size

        try:
            return input_size(self.content).batch
        except Problem:
            return 1

    @cached_property
    def hash(self) -> str:
        """sha256 of the bytes, 32 hex digits: what is measured, for a file of which nothing else is known."""
        return hashlib.sha256(self.content).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: by the clock on the wall, and the time its thread had the processor (None in all runs or in none)."""

    wall_ms: float
    cpu_ms: float | None = None


@dataclass(frozen=True, slots=True)
class System:
    """What runs the model, as far as it can be known; None is "not known", never "no".

    `operations` counts the model's own; `delegated` how many of them the delegate took over.
    """

    runtime: str
    version: str
    delegate: str | None = None
    operations: int | None = None
    delegated: int | None = None
    inputs: tuple[str, ...] = ()

    @property
    def fully_delegated(self) -> bool | None:
        """Whether every operation was delegated; None when it cannot be known."""
        return None if self.operations is None or self.delegated is None else self.operations == self.delegated


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Statistics of runs that a device took in one go without saying each: what `benchmark_model` prints.

    They are no samples and never become some: a `Session` of such a program makes its samples otherwise, and offers
    `aggregate` beside. `std_ms` is of the population. Old programs print no percentiles: None.
    """

    runs: int
    warmup_runs: int
    mean_ms: float
    std_ms: float
    min_ms: float
    max_ms: float
    median_ms: float | None = None
    p5_ms: float | None = None
    p95_ms: float | None = None


class Session(Protocol):
    """One model, ready to run on one device."""

    @property
    def system(self) -> System: ...

    @property
    def init_ms(self) -> float: ...

    @property
    def first_ms(self) -> float: ...

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run for `seconds`; the runs it took and the seconds that really passed."""

    def run(self, runs: int) -> Sequence[Sample]: ...

    def close(self) -> None: ...


class Device(Protocol):
    """A place where models run."""

    @property
    def name(self) -> str: ...

    def machine(self) -> Machine:
        """What the device is, and the state it is in now."""

    def open(self, model: Model, *, threads: int) -> Session: ...
