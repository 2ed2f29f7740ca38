"""Measurements as plain values: one `Record` is one number and everything needed to know what it means.

`write_records`, `read_records` keep them in a JSON file; `write_text`, `write_bytes` are how every file is written;
`interruption` keeps Ctrl-C until the end of a step; `TrainingRun` is what others find in the folder of a training.
"""

from archspec.record.atomic import write_bytes, write_text
from archspec.record.destination import check_file, check_folder
from archspec.record.environment import package_versions
from archspec.record.files import read_command, read_digests, read_records, records_text, write_records
from archspec.record.interruption import Interruption, interruption
from archspec.record.locking import held, turn
from archspec.record.plugins import note_plugins, noted_plugins, plugins_words
from archspec.record.record import Plain, Record, timestamp
from archspec.record.replacement import SAVED_MODEL, foreign_in, replacing_folder
from archspec.record.shell_command import shell_command
from archspec.record.temporary import sweep, temporary_folder
from archspec.record.training_run import TrainingRun

__all__ = [
    "SAVED_MODEL",
    "Interruption",
    "Plain",
    "Record",
    "TrainingRun",
    "check_file",
    "check_folder",
    "foreign_in",
    "held",
    "interruption",
    "note_plugins",
    "noted_plugins",
    "package_versions",
    "plugins_words",
    "read_command",
    "read_digests",
    "read_records",
    "records_text",
    "replacing_folder",
    "shell_command",
    "sweep",
    "temporary_folder",
    "timestamp",
    "turn",
    "write_bytes",
    "write_records",
    "write_text",
]
