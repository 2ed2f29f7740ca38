"""Where trials are kept: one table in SQLite, PostgreSQL or MySQL that says what was proposed and what became of it.

The store, not Optuna, is the truth: every candidate has one row (unique by key), every transition is one short
transaction that takes the study's row first, so that claims are in one order whoever makes them.
"""

from archspec.search.store.store import TrialStore, check_shared, open_store
from archspec.search.store.study import LEASE_S, Claim, Study, StudyInfo

__all__ = ["LEASE_S", "Claim", "Study", "StudyInfo", "TrialStore", "check_shared", "open_store"]
