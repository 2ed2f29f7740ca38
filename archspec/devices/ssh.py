"""A board with Python and LiteRT, through the `ssh` program with a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from archspec.devices._contract import Device
from archspec.devices._link import taskset
from archspec.devices._remote import Remote
from archspec.devices._ssh import SshLink
from archspec.errors import user_error
from archspec.graph import Range


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
