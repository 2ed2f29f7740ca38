"""What was trained, built, scored, searched or compared, for readers: one HTML page, side-by-side tables, figures.

A kind of source is a file in `sources/`, found by its stem: `recognises(path) -> bool` and `read(path) -> Subject`.
Everything is read from files that other commands wrote, so the same files give the same bytes.
"""

from archspec.report._comparison import ROOM, comparison
from archspec.report._page import page_of, write_figures
from archspec.report._subject import Subject, open_subjects, source_kinds

__all__ = ["ROOM", "Subject", "comparison", "open_subjects", "page_of", "source_kinds", "write_figures"]
