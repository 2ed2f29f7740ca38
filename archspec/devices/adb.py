"""Android, through the `adb` program: LiteRT's `benchmark_model`, or a Python on the phone that has LiteRT."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from archspec.devices._benchmark import (
    SAMPLES_A_CALL,
    Report,
    benchmark_command,
    delegate_flags,
    find_binary,
    parse,
)
from archspec.devices._contract import SLOWEST, Aggregate, Device, Model, Sample
from archspec.devices._faults import (
    Cut,
    DeviceError,
    Full,
    Garbled,
    Offline,
    TimedOut,
    blame_adb,
    blame_device,
    first_line,
)
from archspec.devices._link import (
    SLOWEST_BYTES_PER_S,
    Before,
    Folder,
    Link,
    Remote,
    again,
    checked,
    read_link,
    split_exit,
    taskset,
    with_exit,
)
from archspec.devices._litert import check_model
from archspec.devices._machine import Machine
from archspec.devices._process import Conversation, Finished, run
from archspec.errors import user_error
from archspec.graph import Range

_CONNECT_S = 10.0
_NOT_FOUND = 127
_Found = TypeVar("_Found")


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
        limit_s = phone.timeout_s + warmup_s + runs * SLOWEST * self.first_ms / 1000
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


@dataclass(frozen=True, slots=True)
class AdbLink:
    """A `Link` to one phone. No `serial`: the only phone there is; no `server_port`: adb's own choice.

    Every call but a conversation is made up to `tries` times: none of them does harm twice.
    """

    name: str
    serial: str = ""
    server_port: int | None = None
    folder: str = "/data/local/tmp"
    timeout_s: float = 60.0
    tries: int = 3
    program: str = "adb"
    _met: list[str] = field(default_factory=list, repr=False, compare=False)

    def shell(
        self, command: str, timeout_s: float | None = None, *, tries: int | None = None, before: Before | None = None
    ) -> Finished:
        limit = timeout_s or self.timeout_s

        def once() -> Finished:
            done = run(self._command("shell", with_exit(command)), limit, device=self.name)
            code, output = split_exit(done.output)
            if code is None:
                raise self._fault(done)
            return Finished(code, output, done.errors)

        return self._try(once, tries, before)

    def push(self, source: Path, target: str) -> None:
        limit = self.timeout_s + source.stat().st_size / SLOWEST_BYTES_PER_S

        def once() -> None:
            done = run(self._command("push", str(source), target), limit, device=self.name)
            if done.code != 0:
                raise self._fault(done)

        self._try(once)

    def talk(self, command: str) -> Conversation:
        """Start a program on the phone. Without a terminal there, so that lines arrive as they were written."""
        return Conversation(self._command("shell", "-T", command), device=self.name, blame=self._blame)

    def _command(self, *words: str) -> list[str]:
        port = ["-P", str(self.server_port)] if self.server_port else []
        return [self.program, *port, *(["-s", self.serial] if self.serial else []), *words]

    def _blame(self, said: str) -> DeviceError | None:
        return blame_adb(said, self.name)

    def _fault(self, done: Finished) -> DeviceError:
        said = f"{done.errors}\n{done.output}"
        return self._blame(said) or Cut(f"the connection was cut ({first_line(said)})", device=self.name)

    def _try(self, once: Callable[[], _Found], tries: int | None = None, before: Before | None = None) -> _Found:
        if not self._met:
            self._reconnect()
            self._met.append(self.serial)

        def prepare(fault: DeviceError) -> None:
            self._reconnect(fault)
            if before is not None:
                before(fault)

        return again(once, tries or self.tries, prepare)

    def _reconnect(self, fault: DeviceError | None = None) -> None:
        """The server must be told of a phone that is reached by network, and one that was started anew told again."""
        if ":" not in self.serial:
            return
        if isinstance(fault, Offline):  # it holds on to a connection that is dead
            _quietly(self._command("disconnect", self.serial), self.name)
        _quietly(self._command("connect", self.serial), self.name)


def _quietly(command: list[str], device: str) -> None:
    """Whether that worked, the next call will say."""
    with suppress(TimedOut):
        run(command, _CONNECT_S, device=device)


def attached_phones(server_port: int | None = None, *, timeout_s: float = 15.0, program: str = "adb") -> dict[str, str]:
    """The phones that the adb server knows, with their states ("device" is well)."""
    port = ["-P", str(server_port)] if server_port else []
    call: Callable[[], Finished] = lambda: run([program, *port, "devices"], timeout_s, device="adb")  # noqa: E731
    done = again(call, 2)
    if done.code != 0:
        raise blame_adb(done.errors, "adb") or DeviceError(first_line(done.errors, done.output), device="adb")
    rows = (line.split("\t") for line in done.output.splitlines() if "\t" in line)
    return {row[0]: row[1].strip() for row in rows}


def quoted(*words: str) -> str:
    """Words as the device's shell reads them."""
    return " ".join(map(shlex.quote, words))
