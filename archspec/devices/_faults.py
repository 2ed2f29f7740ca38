"""What goes wrong with a device at the end of a cable or a network: one class a cause, each with its remedy.

`again` says whether the same call may succeed if it is simply made again; `hand` that somebody has to do something at
the device first, so a queue pauses rather than burns its models.
"""

from __future__ import annotations

from typing import ClassVar

from archspec.errors import Fault, UserError


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
