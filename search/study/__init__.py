"""Studies: what to search, by which objectives and limits, how, what to measure of the front; and their results.

What runs a study, or reads one back, is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.doors import later
from archspec.search.study.kinds import COUNT, SEED, ByMetricKind, MetricKind, one_or_several
from archspec.search.study.study import Budget, Front, Pretrain, Study, Target
from archspec.search.study.study_file import load_study, parse_study, study_names

if TYPE_CHECKING:
    from archspec.search.study.progress import StudyProgress
    from archspec.search.study.result import Finalist, StudyResult, agreements
    from archspec.search.study.result_files import front_panels, study_record, write_outcome, write_specs
    from archspec.search.study.run import STUDY_FILE, StudyRun
    from archspec.search.study.rungs import paused_table, rung_table
    from archspec.search.study.study_folder import mirrored, shown, study_in
    from archspec.search.study.tables import agreement_table, counts_table, front_table

__all__ = [
    "COUNT", "SEED", "STUDY_FILE", "Budget", "ByMetricKind", "Finalist", "Front", "MetricKind", "Pretrain", "Study",
    "StudyProgress", "StudyResult", "StudyRun", "Target", "agreement_table", "agreements", "counts_table",
    "front_panels", "front_table", "load_study", "mirrored", "one_or_several", "parse_study", "paused_table",
    "rung_table", "shown", "study_in", "study_names", "study_record", "write_outcome", "write_specs",
]  # fmt: skip

_HOMES = {
    "progress": ("StudyProgress",),
    "result": ("Finalist", "StudyResult", "agreements"),
    "result_files": ("front_panels", "study_record", "write_outcome", "write_specs"),
    "run": ("STUDY_FILE", "StudyRun"),
    "rungs": ("paused_table", "rung_table"),
    "study_folder": ("mirrored", "shown", "study_in"),
    "tables": ("agreement_table", "counts_table", "front_table"),
}

__getattr__ = later(__name__, _HOMES)
