"""Android, through the `adb` program: LiteRT's `benchmark_model`, or a Python on the phone that has LiteRT."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from archspec.devices._adb import AdbLink, quoted
from archspec.devices._benchmark import (
    SAMPLES_A_CALL,
    Report,
    benchmark_command,
    delegate_flags,
    find_binary,
    parse,
)
from archspec.devices._blame import blame_device
from archspec.devices._contract import Aggregate, Device, Model, Sample
from archspec.devices._faults import DeviceError, Full, Garbled
from archspec.devices._link import Folder, Link, checked, read_link, taskset
from archspec.devices._litert import check_model
from archspec.devices._machine import Machine
from archspec.devices._process import first_line
from archspec.devices._remote import Remote
from archspec.errors import user_error
from archspec.graph import Range

_SLOWEST = 10
_NOT_FOUND = 127


def adb(
    *,
    name: str = "adb",
    serial: str = "",
    server_port: int | None = None,
    threads: Annotated[int, Range(ge=1)] = 1,
    delegate: Literal["default", "none", "xnnpack", "gpu", "nnapi"] = "default",
    cpus: Sequence[int] = (),
    benchmark_model: str = "",
    flags: Sequence[str] = (),
    python: str = "",
    settle_s: Annotated[float, Range(ge=0)] = 0.5,
    folder: str = "/data/local/tmp",
    timeout_s: Annotated[float, Range(gt=0)] = 60.0,
    tries: Annotated[int, Range(ge=1)] = 3,
) -> Device:
    """An Android phone.

    Args:
        serial: which phone, as `adb devices` lists it, or HOST:PORT; needed when there are several.
        server_port: the port of the adb server, adb's own choice without it.
        threads: how many, where the caller does not say.
        delegate: who runs the operations; `default` is the program's own choice.
        cpus: the processors it may run on, by number (taskset).
        benchmark_model: the file of that program; without it litert-cli's cache and PATH are looked at.
        flags: further flags of benchmark_model.
        python: a Python on the phone that has LiteRT, used instead of benchmark_model.
        settle_s: warm-up of each call of benchmark_model, which is a new process.
        folder: where a folder of our own is made on the phone.
        timeout_s: how long a command may take beyond what it was asked to run.
        tries: how often a command that failed is made.
    """
    link = AdbLink(name, serial, server_port, folder, timeout_s, tries)
    prefix = taskset(cpus)
    if python:
        if delegate not in ("default", "xnnpack"):
            raise user_error(f"a Python runner has no delegate '{delegate}'", "Use benchmark_model for it", path=name)
        return Remote(link, python=python, threads=threads, timeout_s=timeout_s, prefix=prefix)
    return Phone(
        link,
        threads=threads,
        binary=benchmark_model,
        prefix=prefix,
        flags=(*delegate_flags(delegate), *flags),
        settle_s=settle_s,
        timeout_s=timeout_s,
        tries=tries,
    )


class Phone:
    """A `Device` that runs `benchmark_model`."""

    def __init__(
        self,
        link: Link,
        *,
        threads: int,
        binary: str,
        prefix: str,
        flags: tuple[str, ...],
        settle_s: float,
        timeout_s: float,
        tries: int,
    ) -> None:
        self.name, self.threads, self.link = link.name, threads, link
        self.binary, self.prefix, self.flags = binary, prefix, flags
        self.settle_s, self.timeout_s, self.tries = settle_s, timeout_s, tries

    def machine(self) -> Machine:
        """The phone, and its state now."""
        return read_link(self.link)

    def open(self, model: Model, *, threads: int) -> PhoneSession:
        """Send program and model to a folder of their own and run once."""
        check_model(model)
        abi = checked(self.link, "getprop ro.product.cpu.abi", "does not say its ABI").output.strip()
        program = find_binary(self.binary, abi, self.name)
        folder = Folder(self.link)
        try:
            session = PhoneSession(self, folder, model, folder.send_file(program, "benchmark_model"), threads)
        except BaseException:
            folder.remove()
            raise
        if not session.system.version:  # an old program does not say it, so the file must
            digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
            session.system = replace(session.system, version=f"sha256 {digest}")
        return session


class PhoneSession:
    """A `Session` of calls of `benchmark_model`, each a new process that warms up for `settle_s` first."""

    def __init__(self, phone: Phone, folder: Folder, model: Model, program: str, threads: int) -> None:
        self._phone, self._folder, self._model = phone, folder, model
        self._program, self._threads = program, threads
        self._closed = False
        self._path = folder.send(model.content, "model.tflite")
        checked(phone.link, quoted("chmod", "755", program), "cannot make the program executable")
        self.first_ms = 0.0
        report = self._call(1, 0.0)
        self.init_ms, self.first_ms = report.init_ms, report.first_ms
        self.system = report.system

    def warm(self, seconds: float) -> tuple[int, float]:
        """One call that runs for `seconds`; what it warms is the phone, not the next call's process."""
        self._check_open()
        if seconds <= 0:
            return 0, 0.0
        warm = self._call(1, seconds).warm
        return warm.count, warm.count * warm.mean_ms / 1000

    def run(self, runs: int) -> Sequence[Sample]:
        """`runs` samples, two a call: more of a call are not printed. Raises `Garbled` rather than invent one."""
        self._check_open()
        samples: list[Sample] = []
        while len(samples) < runs:
            wanted = min(SAMPLES_A_CALL, runs - len(samples))
            samples += self._call(wanted, self._phone.settle_s).samples()
        return samples

    def aggregate(self, runs: int, warmup_s: float) -> Aggregate:
        """The statistics of one call of many runs, as published measurements were taken."""
        self._check_open()
        return self._call(runs, warmup_s).aggregate()

    def close(self) -> None:
        """Take the folder away."""
        if not self._closed:
            self._closed = True
            self._folder.remove()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this session is closed")

    def _call(self, runs: int, warmup_s: float) -> Report:
        try:
            return self._once(runs, warmup_s)
        except Garbled:  # what the link can try again, it has
            if self._phone.tries == 1:
                raise
            return self._once(runs, warmup_s)

    def _once(self, runs: int, warmup_s: float) -> Report:
        phone = self._phone
        limit_s = phone.timeout_s + warmup_s + runs * _SLOWEST * self.first_ms / 1000
        command = benchmark_command(
            self._program,
            self._path,
            runs=runs,
            warmup_s=warmup_s,
            limit_s=limit_s,
            threads=self._threads,
            flags=phone.flags,
        )
        done = phone.link.shell(f"{phone.prefix}{quoted(*command)} 2>&1", limit_s, before=self._folder.stop)
        if done.code != 0:
            raise self._failed(done.code, done.output, blame_device(done, "benchmark_model failed", phone.name))
        report = parse(done.output, phone.name)
        if report.timed.count != runs:
            raise Garbled(f"{report.timed.count} runs instead of {runs}", device=phone.name)
        return report

    def _failed(self, code: int, output: str, blame: DeviceError) -> Exception:
        """The program's own complaint is the model's fault, unless the device is full or cannot start it."""
        if isinstance(blame, Full) or code == _NOT_FOUND or "not executable" in output:
            return blame
        lines = [line for line in output.splitlines() if line.startswith("ERROR")]
        said = first_line("\n".join(lines), output).removeprefix("ERROR:").strip()
        return user_error(f"cannot be run on {self._phone.name} ({said})", place=self._model.place)
