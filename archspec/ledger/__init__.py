"""Measured numbers, kept: a number of the same network under the same conditions is never taken twice.

`Ledger.open` takes a path (SQLite) or a database's URL; a row is one `Record`, found again by its `key`.
"""

from archspec.ledger.database import FORMER_LEDGER, VARIABLE, default_ledger
from archspec.ledger.former_names import read_records_today, renamed
from archspec.ledger.ledger import Ledger, all_but_latest
from archspec.ledger.light import KnownNumbers, LightLedger, open_light, shared_ledger
from archspec.ledger.query import Merged, Summary, Wanted

__all__ = [
    "FORMER_LEDGER",
    "VARIABLE",
    "KnownNumbers",
    "Ledger",
    "LightLedger",
    "Merged",
    "Summary",
    "Wanted",
    "all_but_latest",
    "default_ledger",
    "open_light",
    "read_records_today",
    "renamed",
    "shared_ledger",
]
