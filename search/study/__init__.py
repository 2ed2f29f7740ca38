"""Studies: what to search, by which objectives and limits, how, what to measure of the front. YAML and value."""

from archspec.search.study.study import Budget, Front, Pretrain, Study, Target
from archspec.search.study.study_file import load_study, parse_study, study_names

__all__ = ["Budget", "Front", "Pretrain", "Study", "Target", "load_study", "parse_study", "study_names"]
