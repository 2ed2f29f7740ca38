"""Search spaces: the open choices of a spec as decisions, and what each taking of them stands for."""

from archspec.search.space.space import Folding, Space

__all__ = ["Folding", "Space"]
