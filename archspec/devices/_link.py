"""What adb and ssh have in common: a shell on the other side, files to send there, a folder to take away again, and our
own small program there, which gives real samples, one by one, by the device's own clock.
"""

from __future__ import annotations

import re
import secrets
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from archspec.devices import _board
from archspec.devices._contract import SLOWEST, Model, Sample, System
from archspec.devices._faults import DeviceError, Garbled, TimedOut, ToolMissing, blame_device
from archspec.devices._machine import GOVERNOR_FILE, STATE_FILES, Machine, machine_of
from archspec.devices._process import Finished, Talk
from archspec.errors import user_error
from archspec.record import temporary_folder

_Found = TypeVar("_Found")
Before = Callable[[DeviceError], None]
_STATE_FILES = ("proc/cpuinfo", "proc/loadavg", "proc/device-tree/model", GOVERNOR_FILE, *STATE_FILES)
_PROPERTIES = ("ro.product.manufacturer", "ro.product.model", "ro.soc.model", "ro.build.version.release")
_SERVICES = ("battery", "thermalservice")
_TITLE = "@@archspec "
_EXIT = re.compile(r"\n?archspec-exit:(\d+)\s*\Z")
PAUSE_S = 0.2
SLOWEST_BYTES_PER_S = 500_000  # of a file that is sent
_CLEANING_S = 20.0


class Link(Protocol):
    """A way to a device. Everything raises `DeviceError` within its time."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> str:
        """Where folders of archspec's own are made on the device."""

    def shell(
        self, command: str, timeout_s: float | None = None, *, tries: int | None = None, before: Before | None = None
    ) -> Finished:
        """Run a command of the device's shell; its exit code is the device's own.

        `before` each further try: a command that was given up may still run over there.
        """

    def push(self, source: Path, target: str) -> None:
        """Send one file."""

    def talk(self, command: str) -> Talk:
        """Start a program there that answers questions."""


def with_exit(command: str) -> str:
    """A command that says its exit code itself: old devices' shells do not hand it on, and a cut output lacks it."""
    return f'( {command}\n); echo "\narchspec-exit:$?"'


def split_exit(output: str) -> tuple[int | None, str]:
    """The exit code that a command of `with_exit` said (None: it was cut), and the output before it."""
    output = output.replace("\r\n", "\n")
    found = _EXIT.search(output)
    return (int(found.group(1)), output[: found.start()]) if found else (None, output)


def again(
    call: Callable[[], _Found],
    tries: int,
    before: Before = lambda _: None,
    pause_s: float = PAUSE_S,
    hung_tries: int = 2,
) -> _Found:
    """The call's result; made up to `tries` times as long as it raises what may pass. `before` each further try.

    The pauses between grow: `pause_s`, twice that, and so on. A call that hung costs its whole time, so it is made
    `hung_tries` times at most.
    """
    hung = 0
    for number in range(1, tries):
        try:
            return call()
        except DeviceError as error:
            hung += isinstance(error, TimedOut)
            if not error.again or hung >= hung_tries:
                raise
            time.sleep(pause_s * number)
            before(error)
    return call()


def read_link(link: Link) -> Machine:
    """What the device is and its state now, from its files; what cannot be read is left out."""
    globs = " ".join(f"/{pattern}" for pattern in _STATE_FILES)
    title = shlex.quote(_TITLE)
    parts = [f'for f in {globs}; do if [ -r "$f" ]; then echo; echo {title}"${{f#/}}"; cat "$f"; fi; done 2>/dev/null']
    asked = ["uname -smr", "nproc"]
    parts += [_section(command) for command in asked]
    services = "; ".join(_section(f"dumpsys {name}") for name in _SERVICES)
    properties = "; ".join(_section(f"getprop {name}") for name in _PROPERTIES)
    parts += [f"if command -v getprop >/dev/null; then {properties}; fi"]
    parts += [f"if command -v dumpsys >/dev/null; then {services}; fi", "true"]
    output = link.shell("\n".join(parts)).output
    files = _sections(output)
    if "uname -smr" not in files:
        raise Garbled(f"its shell does not answer as one ({output.strip()[:60]!r})", device=link.name)
    return machine_of(files)


def _section(command: str) -> str:
    return f"echo; echo {shlex.quote(_TITLE + command)}; {command} 2>/dev/null"


def _sections(output: str) -> dict[str, str]:
    found = {}
    for part in ("\n" + output).split("\n" + _TITLE)[1:]:
        title, _, text = part.partition("\n")
        found[title.strip()] = text
    return found


class Folder:
    """A folder of our own on the device: made, filled, and taken away whatever happens."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.path = f"{link.folder.rstrip('/')}/archspec-{secrets.token_hex(4)}"
        checked(link, f"mkdir -p {shlex.quote(self.path)}", f"cannot make the folder {self.path}")

    def send(self, content: bytes, name: str) -> str:
        """Send bytes as a file; its path on the device."""
        with temporary_folder() as here:
            source = here / name
            source.write_bytes(content)
            return self.send_file(source, name)

    def send_file(self, source: Path, name: str) -> str:
        """Send a file of this machine; its path on the device."""
        target = f"{self.path}/{name}"
        self._link.push(source, target)
        return target

    def stop(self, _: DeviceError | None = None) -> None:
        """End what still runs there out of this folder: closing a connection does not end a program on every device."""
        name = self.path.rpartition("/")[2]
        pattern = f"[{name[0]}]{name[1:]}"  # so that the search does not find itself
        ends = 'p=${f#/proc/}; kill -9 "${p%/cmdline}" 2>/dev/null'
        command = f"for f in $(grep -la '{pattern}' /proc/[0-9]*/cmdline 2>/dev/null); do {ends}; done; true"
        with suppress(DeviceError):
            self._link.shell(command, _CLEANING_S, tries=1)

    def remove(self) -> None:
        """End what runs there and take the folder away; a device that is gone keeps it (`leftovers` finds it later)."""
        self.stop()
        with suppress(DeviceError):
            self._link.shell(f"rm -rf {shlex.quote(self.path)}", _CLEANING_S)


def leftovers(link: Link) -> tuple[str, ...]:
    """Folders of earlier sessions that a device which went away has kept."""
    found = link.shell(f"ls -d {shlex.quote(link.folder.rstrip('/'))}/archspec-* 2>/dev/null").output
    return tuple(line.strip() for line in found.splitlines() if re.search(r"/archspec-[0-9a-f]{8}$", line.strip()))


def checked(link: Link, command: str, fact: str) -> Finished:
    """Run a command that must succeed. Raises `DeviceError` with `fact` and what the device said."""
    done = link.shell(command)
    if done.code == 0:
        return done
    raise blame_device(done, fact, link.name)


def taskset(cpus: Sequence[int]) -> str:
    """What goes before a command to keep it on these processors: one bit each, in hexadecimal; '' for any."""
    return f"taskset {sum(1 << cpu for cpu in set(cpus)):x} " if cpus else ""


class Remote:
    """A `Device` behind a `Link` whose `python` (a command there) has LiteRT. Nothing is installed on it."""

    def __init__(self, link: Link, *, python: str, threads: int, timeout_s: float, prefix: str = "") -> None:
        self.name, self.threads, self.link = link.name, threads, link
        self._python, self._timeout_s, self._prefix = python, timeout_s, prefix

    def machine(self) -> Machine:
        return read_link(self.link)

    def open(self, model: Model, *, threads: int) -> RemoteSession:
        """Send model and runner to a folder of their own, start the runner there and run the model once."""
        from archspec.devices._litert import check_model

        check_model(model)
        folder = Folder(self.link)
        try:
            runner = folder.send_file(Path(_board.__file__), "board.py")
            sent = folder.send(model.content, "model.tflite")
            command = f"{self._prefix}{self._python} -u {shlex.quote(runner)}"
            talk = self.link.talk(command)
            try:
                return RemoteSession(talk, folder, model, sent, threads, self._timeout_s, self.name)
            except BaseException:
                talk.close()
                raise
        except BaseException:
            folder.remove()
            raise


class RemoteSession:
    """A `Session` that asks the runner."""

    def __init__(
        self, talk: Talk, folder: Folder, model: Model, path: str, threads: int, timeout_s: float, device: str
    ) -> None:
        self._talk, self._folder, self._model, self._device = talk, folder, model, device
        self._timeout_s = timeout_s
        self._closed = False
        answer = self._ask({"do": "open", "model": path, "threads": threads}, timeout_s)
        self.init_ms = self._number(answer, "init_ms")
        self.first_ms = self._number(answer, "first_ms")
        self.system = _system(answer)

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run on the device until its clock says that `seconds` have passed."""
        self._check_open()
        answer = self._ask({"do": "warm", "seconds": seconds}, self._limit_s(1) + seconds)
        return int(self._number(answer, "runs")), self._number(answer, "seconds")

    def run(self, runs: int) -> Sequence[Sample]:
        """`runs` samples. Raises `Garbled` when the device answers with another number of them."""
        self._check_open()
        found = self._ask({"do": "run", "runs": runs}, self._limit_s(runs)).get("samples_ms")
        try:
            samples = [Sample(float(wall), None if cpu is None else float(cpu)) for wall, cpu in found or ()]
        except (TypeError, ValueError) as error:
            raise Garbled(f"samples that are none ({str(found)[:60]})", device=self._device) from error
        if len(samples) != runs:
            raise Garbled(f"{len(samples)} samples instead of {runs}", device=self._device)
        return samples

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._talk.close()
        self._folder.remove()

    def _limit_s(self, runs: int) -> float:
        return self._timeout_s + runs * SLOWEST * self.first_ms / 1000

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this session is closed")

    def _ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        answer = self._talk.ask(question, timeout_s)
        fact = answer.get("error")
        if fact is None:
            return answer
        if answer.get("kind") == "runtime":
            raise ToolMissing(
                f"its Python has no LiteRT ({fact})",
                device=self._device,
                remedy="Run 'pip install ai-edge-litert' there, or name another python",
            )
        if answer.get("kind") == "model":
            raise user_error(f"cannot be run on {self._device} ({fact})", place=self._model.place)
        raise DeviceError(f"its runner gave up ({fact})", device=self._device)

    def _number(self, answer: Mapping[str, Any], key: str) -> float:
        try:
            return float(answer[key])
        except (KeyError, TypeError, ValueError) as error:
            raise Garbled(f"an answer without '{key}' ({str(answer)[:60]})", device=self._device) from error


def _system(answer: Mapping[str, Any]) -> System:
    from archspec.devices._litert import delegation, named_delegate

    operations, delegated = delegation(answer.get("nodes"))
    return System(
        runtime=str(answer.get("runtime", "")),
        version=str(answer.get("version", "")),
        delegate=named_delegate(delegated),
        operations=operations,
        delegated=delegated,
        inputs=tuple(map(str, answer.get("inputs", ()))),
    )
