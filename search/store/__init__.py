"""Where trials are kept: one SQLite file that says what was proposed and what became of it, written by one driver.

The store, not Optuna, is the truth between sessions: every candidate has one row (unique by key), and every transition
is one short transaction that survives the end of its process at any moment.
"""

from archspec.search.store.store import Study, StudyInfo, TrialStore, open_store

__all__ = ["Study", "StudyInfo", "TrialStore", "open_store"]
