"""Measurements as plain values: one `Record` is one number and everything needed to know what it means.

`write_records`, `read_records` keep them in a JSON file; `write_text`, `write_bytes` are how every file is written;
`interruption` keeps Ctrl-C until the end of a step; `TrainingRun` is what others find in the folder of a training.
"""

from archspec.record.destination import check_file, check_folder, make_folder
from archspec.record.protection import Interruption, held, interruption, turn
from archspec.record.provenance import (
    TrainingRun,
    describe_plugins,
    note_plugins,
    noted_plugins,
    package_versions,
    shell_command,
    without_password,
)
from archspec.record.record import (
    Plain,
    Record,
    read_command,
    read_digests,
    read_records,
    records_text,
    timestamp,
    write_records,
)
from archspec.record.replacement import SAVED_MODEL, foreign_in, replacing_folder, write_bytes, write_text
from archspec.record.temporary_files import sweep, temporary_folder

__all__ = [
    "SAVED_MODEL", "Interruption", "Plain", "Record", "TrainingRun", "check_file", "check_folder", "describe_plugins",
    "foreign_in", "held", "interruption", "make_folder", "note_plugins", "noted_plugins", "package_versions",
    "read_command", "read_digests", "read_records", "records_text", "replacing_folder", "shell_command", "sweep",
    "temporary_folder", "timestamp", "turn", "without_password", "write_bytes", "write_records",
    "write_text",
]  # fmt: skip
