"""From a traced spec to records: one build, its stages cheapest first, each shown as soon as it is known."""

from archspec.evaluate.build import Agreement, Build, BuildOptions

__all__ = ["Agreement", "Build", "BuildOptions"]
