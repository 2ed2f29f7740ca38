"""`evaluate`: scores of networks on a data set, as its organisers take them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archspec.api.networks import Plugins, check_word, several
from archspec.catalog import Catalog
from archspec.datasets import Dataset, open_dataset
from archspec.errors import Place, user_error
from archspec.files import exists, is_file
from archspec.graph.task import CLASSIFICATION
from archspec.ledger import shared_ledger
from archspec.network import Network
from archspec.record import Plain, Record, note_plugins, noted_plugins
from archspec.reporters import Cell, Table, Tabular, transposed
from archspec.scoring import (
    ImageWriter,
    NamedSegmenter,
    OverlayFolder,
    PredictionFolder,
    ScoreResult,
    SegmenterOptions,
    SegmenterScore,
    Viewing,
    check_metrics,
    class_table,
    describe_partial_mean,
    folders_of,
    ground_truth_of,
    main_metric,
    open_segmenters,
    padding_multiple_of,
    score_segmenters,
    segmenter_records,
    summary_table,
    usable_processors,
    write_scores,
)

if TYPE_CHECKING:
    from archspec.api.classification import ClassificationResult
    from archspec.scoring import GroundTruth
    from archspec.train import TrainingResult

    Scored: TypeAlias = str | os.PathLike[str] | Network | TrainingResult

METHOD = "pixels of all images are counted together; a score is between 0 and 1"
Row = tuple[str, ScoreResult, dict[str, Cell]]


@dataclass(frozen=True)
class EvaluationResult(Tabular):
    """Scores of networks on one split: `to_frame()` has one row for each network, `per_class()` one for each class."""

    scores: tuple[SegmenterScore, ...]
    notes: tuple[str, ...]

    @property
    def miou(self) -> float:
        """Mean IoU of the (first) network, 0..1; of masks that may overlap, each class by itself."""
        first = self.scores[0].scored.counts
        return float(self.to_table().objects()[0][main_metric(first)] or 0.0)

    @property
    def rows(self) -> list[Row]:
        """Name, scores and further cells of each network."""
        return [_row(one) for one in self.scores]

    def per_class(self) -> Table:
        """The scores of each class of one network; of several the IoU."""
        return class_table([(name, scored.counts) for name, scored, _ in self.rows])

    def to_table(self) -> Table:
        """One row for each network."""
        return summary_table([(name, scored.counts, more) for name, scored, more in self.rows], self.notes)

    def table_for_people(self) -> Table:
        """Of a single network one line for each score."""
        return transposed(self.to_table()) if len(self.scores) == 1 else self.to_table()


def evaluate(
    networks: Scored | Sequence[Scored],
    data: str,
    *,
    split: str = "val",
    limit: int | None = None,
    boundary: bool = False,
    fit: str | None = None,
    size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    threshold: float = 0.5,
    image_range: tuple[float, float] | None = None,
    threads: int | None = None,
    output: str | os.PathLike[str] | None = None,
    ledger: str = "",
    plugins: Plugins = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EvaluationResult | ClassificationResult:
    """Score networks on a split of a data set, several in one pass.

    Args:
        networks: what `archspec.train` gave, its folder, a network with weights, a spec that names weights, a
            `.keras` or a `.tflite` file; one or several.
        data: `"NAME:FOLDER"` of a data set, such as `"camvid:data/camvid"`.
        split, limit: which part of it, and how many images from its beginning.
        boundary: also boundary IoU (within 2 % of the diagonal).
        fit: how an image `(H, W, 3)` meets a network of one size: `"whole"`, `"resize"`, `"pad"` or `"window"`.
        size: height and width that a spec is built for; else the image's own.
        flip, scales: mirrored too, at several sizes.
        threshold, image_range: what is above it is in a mask (`output: sigmoid`); what black and white are fed as.
        threads: of LiteRT; else one a processor.
        output: a folder for `record.json`, `scores.json`, `per_class.csv` and `confusion.csv`.
        ledger: where the scores are kept: a file, or a database's URL; else `runs/ledger.db`.
        plugins: folders of your own blocks, metrics, data sets, …
        progress: is called with (images done, images in all).

    Returns:
        Scores in 0..1: `miou` (of one class an image `top1`, `top5`), `to_frame()` (a row a network), `per_class()`.

    Raises:
        UserError: for a network without weights, or data that cannot be read.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_basic", {"input.size": [64, 64], "classes": 9})
        >>> file = net.to_tflite("untrained.tflite")
        >>> scores = archspec.evaluate("untrained.tflite", "synthetic_streets", limit=1)
        >>> list(scores.to_frame()["network"]), 0 <= scores.miou < 0.5
        (['untrained.tflite'], True)
    """
    sources = _sources(networks)
    check_word(fit, ("whole", "resize", "pad", "window"), "fit")
    catalog = Catalog(tuple(map(Path, plugins)))
    for source in sources:
        catalog.add(noted_plugins(Path(source)) if isinstance(source, str) and exists(source) else ())
    viewing = Viewing(fit, scales=tuple(scales), flip=flip, threshold=threshold)  # type: ignore[arg-type]
    options = SegmenterOptions(size=size, image_range=image_range, threads=threads or usable_processors())
    asked = Evaluation(data, split, limit, boundary, None if output is None else Path(output), ledger=ledger)
    return asked.run(sources, catalog, viewing, options, progress=progress)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What networks are scored on. `output` is where the scores are written, with `command`, which repeats them."""

    data: str
    split: str = "val"
    limit: int | None = None
    boundary: bool = False
    output: Path | None = None
    predictions: Path | None = None
    overlays: Path | None = None
    count: int = 8
    command: str = ""
    ledger: str = ""

    def keep(self, records: Sequence[Record]) -> None:
        """Add scores to the ledger that is named, else to that of the folder of runs."""
        with shared_ledger(self.ledger, message=warnings.warn) as kept:
            if kept is not None:
                kept.add(records)

    def conditions(self) -> dict[str, Plain]:
        """What the numbers depend on."""
        return {"data": self.data.partition(":")[0], "split": self.split, "limit": self.limit}

    def run(
        self,
        sources: Sequence[str | Network],
        catalog: Catalog,
        viewing: Viewing,
        options: SegmenterOptions,
        progress: Callable[[int, int], None],
    ) -> EvaluationResult | ClassificationResult:
        """Score networks in one pass, and write what is asked for. Raises `UserError`."""
        check_scores_folder(self.output)
        check_metrics()
        dataset = open_dataset(self.data)
        if dataset.task == CLASSIFICATION:
            from archspec.api.classification import evaluate_classifiers

            return evaluate_classifiers(self, dataset, sources, catalog, viewing, options, progress)
        ground_truth = ground_truth_of(dataset)
        examples = dataset.examples(self.split)[: self.limit]  # what is wrong with them is said before anything slow
        if viewing.fit != "whole":
            options = replace(options, multiple=padding_multiple_of(examples, dataset))
        options = replace(options, channels=dataset.channels)
        segmenters = open_segmenters(sources, catalog, options)
        output = {} if self.output is None else folders_of(self.output, segmenters)
        for folder in output.values():
            check_scores_folder(folder)
        writers = self._image_writers(dataset, segmenters)
        found = score_segmenters(
            segmenters, dataset, ground_truth, self.split, viewing, limit=self.limit, boundaries=self.boundary,
            progress=progress, writers=writers,
        )  # fmt: skip
        notes = (
            *self.describe_data(ground_truth, found[0].scored),
            *_partial_means(found),
            f"shown: {viewing.describe()}",
            *(f"{one.named.name}: {note}" for one in found for note in one.named.notes),
        )
        conditions = {**self.conditions(), "shown": viewing.describe()}
        records_of = {one.named.name: segmenter_records(one.scored, one.named, conditions) for one in found}
        self.keep([record for records in records_of.values() for record in records])
        for one in found if output else ():
            folder, records = output[one.named.name], records_of[one.named.name]
            note_plugins(folder, catalog.plugins)
            write_scores(folder, one.scored, records, notes, one.named.name, self.command)
        return EvaluationResult(tuple(found), notes)

    def describe_data(self, ground_truth: GroundTruth, scored: ScoreResult) -> tuple[str, ...]:
        """What the numbers are of."""
        images = f"{scored.counts.images} images" + (" (the first ones)" if self.limit else "")
        return (
            f"{self.data}, split {self.split}: {images}; data {scored.data_digest}",
            *ground_truth.describe_rules(),
            METHOD,
        )

    def _image_writers(self, dataset: Dataset, segmenters: Sequence[NamedSegmenter]) -> list[ImageWriter]:
        found: list[PredictionFolder | OverlayFolder] = []
        if self.predictions is not None:
            found.append(PredictionFolder(folders_of(self.predictions, segmenters), dataset))
        if self.overlays is not None:
            found.append(OverlayFolder(folders_of(self.overlays, segmenters), dataset, self.count))
        for one in found:
            one.check(self.split)
        return list(found)


def check_scores_folder(folder: Path | None) -> None:
    """Raise `UserError` for a folder with the record of something else, which `write_scores` would write over."""
    if folder is not None and is_file(folder / "record.json") and not is_file(folder / "scores.json"):
        fact = "holds the record.json of something else (a build, a training, an export)"
        raise user_error(fact, "Name another folder with --output", place=Place(str(folder)))


def _sources(networks: Scored | Sequence[Scored]) -> list[str | Network]:
    """Each by itself. Raises `UserError` for none."""
    found = [_source(one) for one in several(networks)]
    if not found:
        raise user_error("nothing to score", "Name a network, or what archspec.train gave")
    return found


def _source(one: Scored) -> str | Network:
    """The folder of a result, a path as text, a network as it is."""
    if isinstance(one, str | os.PathLike):
        return os.fspath(one)
    return one if isinstance(one, Network) else str(one.folder)


def _row(one: SegmenterScore) -> Row:
    precision = one.named.conditions.get("precision")
    more = {"precision": precision, "network ms": one.network_ms, "image range": one.named.describe_image_range()}
    return one.named.name, one.scored, more


def _partial_means(found: Sequence[SegmenterScore]) -> tuple[str, ...]:
    """Classes that the mean IoU of each network leaves out, or once where all leave out the same."""
    each = [(one.named.name, line) for one in found for line in describe_partial_mean(one.scored)]
    if len(each) == len(found) and len({line for _, line in each}) == 1:
        return (each[0][1],)
    return tuple(f"{name}: {line}" for name, line in each)
