"""From a traced spec to records: one build, its stages cheapest first, each shown as soon as it is known."""

from archspec.evaluate.build import Agreement, Build
from archspec.evaluate.options import BuildOptions
from archspec.evaluate.records import build_records

__all__ = ["Agreement", "Build", "BuildOptions", "build_records"]
