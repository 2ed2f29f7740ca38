"""Run a `.tflite` somewhere and say how long it takes, with all that is needed to trust the number.

A device is a file here with a function of its own name that returns a `Device`. `measure` runs one procedure on any
of them: warm-up by time, then rounds in which all models take turns, so that drift hits all alike.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec.devices._adb import attached as attached_phones
from archspec.devices._catalog import device, devices
from archspec.devices._checkup import Step, check_device
from archspec.devices._contract import Aggregate, Device, Model, Sample, Session, System
from archspec.devices._device_files import DeviceFile, device_files, read_device_file
from archspec.devices._faults import DeviceError
from archspec.devices._latency import Interrupted, Latency
from archspec.devices._machine import Machine, read_machine
from archspec.devices._measure import Progress, measure
from archspec.devices._procedure import PRESETS, Procedure, procedure
from archspec.devices._queue import Outcome, Patience, QueueInterrupted, measure_queue
from archspec.devices._records import latency_circumstances, latency_of_records, latency_table
from archspec.devices._settings import SetModel, measure_settings
from archspec.devices._state import State
from archspec.devices._statistics import Summary, median, percentile, summarise

if TYPE_CHECKING:
    from archspec.devices._operator_times import METHODS, SAID, Method, OperatorTimes, operator_times

__all__ = [
    "METHODS",
    "PRESETS",
    "SAID",
    "Aggregate",
    "Device",
    "DeviceError",
    "DeviceFile",
    "Interrupted",
    "Latency",
    "Machine",
    "Method",
    "Model",
    "OperatorTimes",
    "Outcome",
    "Patience",
    "Procedure",
    "Progress",
    "QueueInterrupted",
    "Sample",
    "Session",
    "SetModel",
    "State",
    "Step",
    "Summary",
    "System",
    "attached_phones",
    "check_device",
    "device",
    "device_files",
    "devices",
    "latency_circumstances",
    "latency_of_records",
    "latency_table",
    "measure",
    "measure_queue",
    "measure_settings",
    "median",
    "operator_times",
    "percentile",
    "procedure",
    "read_device_file",
    "read_machine",
    "summarise",
]

_OF_OPERATORS = ("METHODS", "SAID", "Method", "OperatorTimes", "operator_times")


def __getattr__(name: str) -> Any:
    """What times operators reads files, and is imported when it is asked for: listing devices needs nothing of it."""
    if name not in _OF_OPERATORS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}._operator_times"), name)
