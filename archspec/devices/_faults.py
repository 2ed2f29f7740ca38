"""What goes wrong with a device at the end of a cable or a network: one class a cause, each with its remedy, and from
what adb, ssh and a device's shell print to the class that it means.

`again` says whether the same call may succeed if it is simply made again; `hand` that somebody has to do something at
the device first, so a queue pauses rather than burns its models.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from archspec.errors import Fault, UserError

if TYPE_CHECKING:
    from archspec.devices._process import Finished


class DeviceError(UserError):
    """The device, not the model, is at fault. `device` is the name it goes by."""

    remedy: ClassVar[str] = "Look at the device"
    again: ClassVar[bool] = True
    hand: ClassVar[bool] = False

    def __init__(self, fact: str, *, device: str, remedy: str = "") -> None:
        self.fact, self.device = fact, device
        super().__init__(Fault(fact, remedy or self.remedy, path=device))


class Unplugged(DeviceError):
    """Not there: cable out, switched off, no route to it."""

    remedy = "Plug it in or switch it on"
    hand = True


class Offline(DeviceError):
    """There, but does not answer its server."""

    remedy = "Unlock it, or plug it in again"
    hand = True


class Unauthorised(DeviceError):
    """It does not trust this machine."""

    remedy = "Let this machine in on the device"
    again = False
    hand = True


class Full(DeviceError):
    """No space left for the model."""

    remedy = "Make room in its folder for temporary files"
    again = False
    hand = True


class ServerLost(DeviceError):
    """The adb server of this machine died or cannot be reached."""

    remedy = "Run 'adb kill-server', then 'adb start-server'"


class Cut(DeviceError):
    """The connection ended in the middle of a command."""

    remedy = "Check the cable or the network"


class TimedOut(DeviceError):
    """A command took longer than it may; it was killed here."""

    remedy = "Give it more time with timeout_s, or restart the device"


class Garbled(DeviceError):
    """An answer that means nothing."""

    remedy = "Check the program that runs on the device"


class Ambiguous(DeviceError):
    """Several devices, and none named."""

    remedy = "Write the serial into the device file"
    again = False


class ToolMissing(DeviceError):
    """A program of this machine, or of the device, that is needed and not installed."""

    remedy = "Install it"
    again = False


# The first pattern that is found decides; the words are those of adb 1.0.31 to 1.0.41 and OpenSSH 7 to 10.
_ADB: tuple[tuple[str, type[DeviceError], str, str], ...] = (
    (r"no space left|ENOSPC", Full, "is full", ""),
    (r"unauthorized|authenticat", Unauthorised, "does not trust this machine", "Unlock it and allow USB debugging"),
    (r"no permissions", Unauthorised, "may not be opened by this user", "Add a udev rule for it, or run as its owner"),
    (r"device (still )?(offline|connecting|authorizing)", Offline, "is offline", ""),
    (r"more than one", Ambiguous, "one of several phones", ""),
    (r"no devices|device .*not found|failed to connect", Unplugged, "is not connected",
     "Plug it in; 'adb devices' lists what is there"),
    (r"cannot connect to daemon|failed to (start|check)|didn't ack|smartsocket|protocol fault|server .*(kill|version)",
     ServerLost, "the adb server does not answer", ""),
    (r"closed|connection reset|broken pipe|connect failed|read failed|eof", Cut, "the connection was cut", ""),
)  # fmt: skip
_SSH: tuple[tuple[str, type[DeviceError], str, str], ...] = (
    (r"no space left", Full, "is full", ""),
    (r"host key verification failed|host identification has changed", Unauthorised, "its host key is not the known one",
     "Connect once by hand with ssh, and check the key"),
    (r"permission denied|too many authentication|no such identity", Unauthorised, "does not accept the key",
     "Copy the key with ssh-copy-id; passwords are never asked for"),
    (r"could not resolve|no route|network is unreachable|connection refused|timed out|not responding", Unplugged,
     "cannot be reached", "Switch it on, and check host and port"),
    (r"closed|connection reset|broken pipe|lost connection", Cut, "the connection was cut", ""),
)  # fmt: skip


def blame_adb(said: str, device: str) -> DeviceError | None:
    """What adb complains of; None when it says nothing that is known."""
    lines = (line for line in said.splitlines() if not line.startswith("* daemon"))  # it says so when all is well, too
    return _blame(_ADB, "\n".join(lines), device)


def blame_ssh(said: str, device: str) -> DeviceError | None:
    """What ssh complains of; None when it says nothing that is known."""
    return _blame(_SSH, said, device)


def blame_device(done: Finished, fact: str, device: str) -> DeviceError:
    """What a command on the device complains of."""
    said = first_line(done.errors, done.output)
    if re.search(r"no space left|disk quota", done.errors + done.output, re.IGNORECASE):
        return Full(f"is full ({said})", device=device)
    return DeviceError(f"{fact} ({said})", device=device)


def _blame(table: tuple[tuple[str, type[DeviceError], str, str], ...], said: str, device: str) -> DeviceError | None:
    for pattern, kind, fact, remedy in table:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(f"{fact} ({first_line(said)})", device=device, remedy=remedy)
    return None


def first_line(*texts: str) -> str:
    """The first line that says something, short enough for an error."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return next((line[:240] for line in lines if line and not line.startswith("* daemon")), "no reason given")
