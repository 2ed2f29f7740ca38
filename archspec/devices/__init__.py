"""Run a `.tflite` somewhere and say how long it takes, with all that is needed to trust the number.

A device is a file here with a function of its own name that returns a `Device`. `measure` runs one procedure on any
of them: warm-up by time, then rounds in which all models take turns, so that drift hits all alike.
"""

from typing import TYPE_CHECKING

from archspec.devices._catalog import (
    DeviceFile,
    device,
    device_files,
    device_node,
    device_path,
    devices,
    read_device_file,
)
from archspec.devices._checkup import Step, check_device
from archspec.devices._contract import Aggregate, Device, Model, Sample, Session, System
from archspec.devices._faults import DeviceError
from archspec.devices._latency import (
    PRESETS,
    Interrupted,
    Latency,
    Procedure,
    Summary,
    median,
    percentile,
    procedure,
    summarise,
)
from archspec.devices._machine import Machine, State, read_machine
from archspec.devices._measure import Progress, SetModel, measure, measure_settings
from archspec.devices._queue import Patience, QueueInterrupted, QueueResult, measure_queue
from archspec.devices._records import (
    latency_cells,
    latency_circumstances,
    latency_columns,
    latency_notes,
    latency_of_records,
    latency_table,
)
from archspec.doors import later

if TYPE_CHECKING:
    from archspec.devices._operator_times import METHOD_DESCRIPTIONS, METHODS, Method, OperatorTimes, operator_times
    from archspec.devices.adb import attached_phones

__all__ = [
    "METHODS", "METHOD_DESCRIPTIONS", "PRESETS", "Aggregate", "Device", "DeviceError", "DeviceFile", "Interrupted",
    "Latency", "Machine", "Method", "Model", "OperatorTimes", "Patience", "Procedure", "Progress", "QueueInterrupted",
    "QueueResult", "Sample", "Session", "SetModel", "State", "Step", "Summary", "System", "attached_phones",
    "check_device", "device", "device_files", "device_node", "device_path", "devices", "latency_cells",
    "latency_circumstances", "latency_columns", "latency_notes", "latency_of_records", "latency_table", "measure",
    "measure_queue", "measure_settings", "median", "operator_times", "percentile", "procedure", "read_device_file",
    "read_machine", "summarise",
]  # fmt: skip

_LATER = {
    "_operator_times": ("METHODS", "METHOD_DESCRIPTIONS", "Method", "OperatorTimes", "operator_times"),
    "adb": ("attached_phones",),
}

# What reads `.tflite` files is imported when it is asked for: listing devices needs nothing of it.
__getattr__ = later(__name__, _LATER)
