"""Evaluation of classifiers: what `archspec.evaluate` does where the data have one class for each image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archspec.catalog import Catalog
from archspec.datasets import Dataset
from archspec.errors import user_error
from archspec.network import Network
from archspec.record import note_plugins
from archspec.reporters import Table, Tabular, transposed
from archspec.scoring import SegmenterOptions, Viewing, folders_named
from archspec.scoring.class_scores import (
    ClassScore,
    accuracies_table,
    class_records,
    score_classifiers,
    scores_table,
    write_class_scores,
)
from archspec.scoring.classifiers import open_classifiers

if TYPE_CHECKING:
    from archspec.api.evaluation import Evaluation

SHOWN = "the middle of each image, 7/8 of the side that fits"
MOST_CLASSES = 5


@dataclass(frozen=True)
class ClassificationResult(Tabular):
    """Scores of classifiers on one split: `to_frame()` has one row for each network, `per_class()` one for each
    class."""

    scores: tuple[ClassScore, ...]
    notes: tuple[str, ...]

    @property
    def top1(self) -> float:
        """Of the (first) network, the share of images whose class has the highest score."""
        return self.scores[0].counts.top1

    @property
    def top5(self) -> float:
        """The share of images whose class is among the five of the highest scores."""
        return self.scores[0].counts.top5

    def per_class(self) -> Table:
        """The accuracy of each class."""
        return accuracies_table(self.scores)

    def to_table(self) -> Table:
        """One row for each network."""
        return scores_table(self.scores, self.notes)

    def table_for_people(self) -> Table:
        """Of a single network one line for each score."""
        return transposed(self.to_table()) if len(self.scores) == 1 else self.to_table()


def evaluate_classifiers(
    wanted: Evaluation,
    dataset: Dataset,
    sources: Sequence[str | Network],
    catalog: Catalog,
    viewing: Viewing,
    options: SegmenterOptions,
    progress: Callable[[int, int], None],
) -> ClassificationResult:
    """Score networks in one pass, and write what is asked for. Raises `UserError`, also for what is of label maps."""
    _check_asked(wanted, viewing)
    dataset.examples(wanted.split)  # what is wrong with them is said before anything slow
    named = open_classifiers(sources, catalog, replace(options, channels=dataset.channels))
    folders = {} if wanted.output is None else folders_named(wanted.output, [one.name for one in named])
    dataset = dataset.in_form(named[0].form)
    found = score_classifiers(named, dataset, wanted.split, limit=wanted.limit, progress=progress)
    images = f"{found[0].counts.images} images" + (" (the first ones)" if wanted.limit else "")
    few = len(dataset.classes) <= MOST_CLASSES
    notes = (
        f"{wanted.data}, split {wanted.split}: {images}; data {found[0].data_digest}",
        f"shown: {SHOWN}",
        *((f"top-5 of {len(dataset.classes)} classes is always 1",) if few else ()),
        *(f"{one.named.name}: {note}" for one in found for note in one.named.notes),
    )
    conditions = {**wanted.conditions(), "shown": SHOWN}
    for one in found:
        records = class_records(one, conditions)
        wanted.keep(records)
        if folders:
            note_plugins(folders[one.named.name], catalog.plugins)
            write_class_scores(folders[one.named.name], one, records, notes, wanted.command)
    return ClassificationResult(tuple(found), notes)


def _check_asked(wanted: Evaluation, viewing: Viewing) -> None:
    """Raises `UserError` for options that only label maps have."""
    asked = [
        option
        for option, value in (
            ("--boundary", wanted.boundary),
            ("--predictions-to", wanted.predictions),
            ("--overlays", wanted.overlays),
            ("--fit, --scales and --flip", viewing != Viewing()),
        )
        if value
    ]
    if asked:
        verb = "is" if len(asked) == 1 and " " not in asked[0] else "are"
        fact = f"{' and '.join(asked)} {verb} of label maps, and {wanted.data} has one class for each image"
        raise user_error(fact, "Leave it out" if verb == "is" else "Leave them out")
