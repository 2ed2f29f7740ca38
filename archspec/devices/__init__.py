"""Run a `.tflite` somewhere and say how long it takes, with all that is needed to trust the number.

A device is a file here with a function of its own name that returns a `Device`. `measure` runs one procedure on any
of them: warm-up by time, then rounds in which all models take turns, so that drift hits all alike.
"""

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
from archspec.devices._records import latency_records, latency_table
from archspec.devices._state import State
from archspec.devices._statistics import Summary, median, percentile, summarise

__all__ = [
    "PRESETS",
    "Aggregate",
    "Device",
    "DeviceError",
    "DeviceFile",
    "Interrupted",
    "Latency",
    "Machine",
    "Model",
    "Outcome",
    "Patience",
    "Procedure",
    "Progress",
    "QueueInterrupted",
    "Sample",
    "Session",
    "State",
    "Step",
    "Summary",
    "System",
    "attached_phones",
    "check_device",
    "device",
    "device_files",
    "devices",
    "latency_records",
    "latency_table",
    "measure",
    "measure_queue",
    "median",
    "percentile",
    "procedure",
    "read_device_file",
    "read_machine",
    "summarise",
]
