"""What the numbers in truth and predictions stand for, as far as scores depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from archspec.arrays import Array


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in the order of their numbers, 0 first.

    `scored` says of each whether it counts (all, when empty); `categories` is the category of each (empty: there are
    none); `usual_sizes` is the mean size in pixels of an instance, by label, for the labels that have instances.
    """

    names: tuple[str, ...]
    scored: tuple[bool, ...] = ()
    categories: tuple[str, ...] = ()
    usual_sizes: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.scored:
            object.__setattr__(self, "scored", (True,) * len(self.names))
        if len(self.scored) != len(self.names) or (self.categories and len(self.categories) != len(self.names)):
            raise ValueError("labels need one entry each in `scored` and `categories`")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def counted(self) -> Array:
        """Which labels count `(labels,)`, bool."""
        return np.array(self.scored)

    def category_names(self) -> tuple[str, ...]:
        """The categories that hold a label that counts, in the order of their first label."""
        pairs = zip(self.categories, self.scored, strict=True) if self.categories else ()
        return tuple(dict.fromkeys(category for category, scored in pairs if scored))

    def instance_category_names(self) -> tuple[str, ...]:
        """Those categories in which every label, whether it counts or not, has instances."""
        without = {self.categories[label] for label in range(len(self)) if label not in self.usual_sizes}
        return tuple(category for category in self.category_names() if category not in without)

    def in_category(self, category: str) -> Array:
        """Which labels are of a category, whether they count or not `(labels,)`, bool."""
        return np.array([one == category for one in self.categories], bool)

    def same_category(self) -> Array:
        """Whether two labels are of one category `(labels, labels)`, bool."""
        categories = np.array(self.categories)
        same: Array = categories[:, None] == categories[None, :]
        return same
