"""Measured numbers, kept: a number of the same network under the same conditions is never taken twice.

`Ledger.open` takes a path (SQLite) or a database's URL; a row is one `Record`, found again by its `key`.
"""

from archspec.ledger.ledger import Ledger
from archspec.ledger.summary import Merged, Summary
from archspec.ledger.url import VARIABLE, default_ledger
from archspec.ledger.wanted import Wanted

__all__ = ["VARIABLE", "Ledger", "Merged", "Summary", "Wanted", "default_ledger"]
