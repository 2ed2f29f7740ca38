"""The `adb` program: one call with its time limit, its faults by type, and another try where that may help."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from archspec.devices._blame import blame_adb
from archspec.devices._faults import Cut, DeviceError, Offline, TimedOut
from archspec.devices._link import Before, again, split_exit, with_exit
from archspec.devices._process import Finished, first_line, run
from archspec.devices._talk import Conversation

_SLOWEST_BYTES_PER_S = 500_000
_CONNECT_S = 10.0
_Found = TypeVar("_Found")


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
        """Run a command on the phone."""
        limit = timeout_s or self.timeout_s

        def once() -> Finished:
            done = run(self._command("shell", with_exit(command)), limit, device=self.name)
            code, output = split_exit(done.output)
            if code is None:
                raise self._fault(done)
            return Finished(code, output, done.errors)

        return self._try(once, tries, before)

    def push(self, source: Path, target: str) -> None:
        """Send one file; a part of it that an earlier try left is written over."""
        limit = self.timeout_s + source.stat().st_size / _SLOWEST_BYTES_PER_S

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


def attached(server_port: int | None = None, *, timeout_s: float = 15.0, program: str = "adb") -> dict[str, str]:
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
