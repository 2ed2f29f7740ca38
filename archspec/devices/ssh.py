"""A board with Python and LiteRT, through the `ssh` program with a key.

One master connection serves every call, each with its time limit and its faults by type. Files go through `cat` on the
other side: a board needs no SFTP server for it.
"""

from __future__ import annotations

import atexit
import shlex
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from archspec.devices._contract import Device
from archspec.devices._faults import Cut, DeviceError, blame_device, blame_ssh, first_line
from archspec.devices._link import SLOWEST_BYTES_PER_S, Before, Remote, again, split_exit, taskset, with_exit
from archspec.devices._process import Conversation, Finished, run
from archspec.errors import user_error
from archspec.files import expanded
from archspec.graph import Range
from archspec.record import temporary_folder

_KEEP_S = 60
_END_S = 5.0


def ssh(
    *,
    host: str,
    name: str = "ssh",
    port: int | None = None,
    key: str = "",
    python: str = "python3",
    threads: Annotated[int, Range(ge=1)] = 1,
    cpus: Sequence[int] = (),
    folder: str = "/tmp",
    options: Sequence[str] = (),
    timeout_s: Annotated[float, Range(gt=0)] = 60.0,
    connect_timeout_s: Annotated[int, Range(ge=1)] = 10,
    tries: Annotated[int, Range(ge=1)] = 3,
) -> Device:
    """A board.

    Args:
        host: what one types after `ssh`: a name of ~/.ssh/config, HOST or USER@HOST.
        port: without it, ssh's own choice.
        key: the file of the private key; without it, ssh's own choice.
        python: a Python on the board that has LiteRT; nothing is installed there.
        threads: how many, where the caller does not say.
        cpus: the processors it may run on, by number (taskset).
        folder: where a folder of our own is made on the board.
        options: further `-o` options of ssh.
        timeout_s: how long a command may take beyond what it was asked to run.
        connect_timeout_s: how long connecting may take, whole seconds.
        tries: how often a command that failed is made.
    """
    if not host or host.startswith("-"):
        raise user_error(f"no host to connect to ('{host}')", "Write host: USER@HOST", path=name)
    link = SshLink(name, host, port, key, tuple(options), folder, timeout_s, tries, connect_timeout_s)
    return Remote(link, python=python, threads=threads, timeout_s=timeout_s, prefix=taskset(cpus))


@dataclass(frozen=True)
class SshLink:
    """A `Link` to a board. `host` is what one types after `ssh`; keys only, a password is never asked for.

    `options` are further `-o` options, such as `StrictHostKeyChecking=accept-new`.
    """

    name: str
    host: str
    port: int | None = None
    key: str = ""
    options: tuple[str, ...] = ()
    folder: str = "/tmp"
    timeout_s: float = 60.0
    tries: int = 3
    connect_timeout_s: int = 10
    program: str = "ssh"
    _masters: list[ExitStack] = field(default_factory=list, repr=False, compare=False)

    def shell(
        self, command: str, timeout_s: float | None = None, *, tries: int | None = None, before: Before | None = None
    ) -> Finished:
        limit = timeout_s or self.timeout_s
        return again(lambda: self._once(command, limit), tries or self.tries, before or (lambda _: None))

    def push(self, source: Path, target: str) -> None:
        """Send one file and compare its size."""
        size = source.stat().st_size
        limit = self.timeout_s + size / SLOWEST_BYTES_PER_S
        place = shlex.quote(target)
        command = f"cat > {place} && test $(wc -c < {place}) -eq {size}"

        def once() -> None:
            done = self._once(command, limit, source)
            if done.code != 0:
                raise blame_device(done, f"{target} did not arrive whole", self.name)

        again(once, self.tries)

    def talk(self, command: str) -> Conversation:
        return Conversation(self._command(command), device=self.name, blame=self._blame)

    def close(self) -> None:
        while self._masters:
            master = self._masters.pop()
            with suppress(DeviceError):
                run([self.program, *self._options, "-O", "exit", self.host], _END_S, device=self.name)
            master.close()

    def _once(self, command: str, timeout_s: float, given: Path | None = None) -> Finished:
        done = run(self._command(with_exit(command)), timeout_s, device=self.name, given=given)
        code, output = split_exit(done.output)
        if code is None:
            said = done.errors or done.output
            raise self._blame(done.errors) or Cut(f"the connection was cut ({first_line(said)})", device=self.name)
        return Finished(code, output, done.errors)

    def _blame(self, said: str) -> DeviceError | None:
        return blame_ssh(said, self.name)

    def _command(self, command: str) -> list[str]:
        return [self.program, *self._options, "-T", self.host, command]

    @cached_property
    def _options(self) -> list[str]:
        master = ExitStack()
        folder = master.enter_context(temporary_folder())  # the path of a socket has about 100 letters
        self._masters.append(master)
        atexit.register(self.close)
        settings = [
            *self.options,  # ssh takes the first value that it finds for an option
            "BatchMode=yes",
            f"ConnectTimeout={self.connect_timeout_s}",
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            "ControlMaster=auto",
            f"ControlPath={folder}/%C",
            f"ControlPersist={_KEEP_S}",
        ]
        words = [word for setting in settings for word in ("-o", setting)]
        words += ["-p", str(self.port)] if self.port else []
        return words + (["-i", str(expanded(self.key)), "-o", "IdentitiesOnly=yes"] if self.key else [])
