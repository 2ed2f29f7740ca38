"""Studies: what to search, by which objectives and limits, how, and what to measure of the front; as YAML and as value."""

from archspec.search.study.reading import load_study, parse_study, study_names
from archspec.search.study.study import Budget, Front, Study, Target

__all__ = ["Budget", "Front", "Study", "Target", "load_study", "parse_study", "study_names"]
