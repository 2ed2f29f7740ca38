"""`archspec evaluate`: scores of networks, or of a folder of predictions, as the organisers of a data set take them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from archspec.cli._image_options import ImageOptions, with_image_options
from archspec.cli._options import catalog, format_option, ledger_option, narrower, shared_ledger, this_command, wide
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import count_bar

if TYPE_CHECKING:
    from archspec.datasets import Dataset
    from archspec.record import Plain, Record
    from archspec.reporters import Cell, Table
    from archspec.scoring import GroundTruth, ImageWriter, NamedSegmenter, ScoreResult, SegmenterScore

    Row = tuple[str, ScoreResult, dict[str, Cell]]

BESIDE = 36  # terminal cells of a class and its share
METHOD = "pixels of all images are counted together; a score is between 0 and 1"


@click.command()
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--data", required=True, metavar="NAME:FOLDER", help="Data set to score on, e.g. camvid:data/camvid.")
@click.option("--split", default="val", show_default=True, help="Split of the data set to score on.")
@click.option("--predictions", type=InputPath(), metavar="FOLDER",
              help="Score the PNGs of this folder, named as the data set's organisers name them, instead "
                   "of a network.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Score the first N images only.")
@click.option("--boundary", is_flag=True,
              help="Also compute boundary IoU: IoU of the pixels within 2 % of the image's diagonal from "
                   "an edge.")  # fmt: skip
@click.option("--output", type=OutputFolder(), metavar="FOLDER",
              help="Write record.json, scores.json, per_class.csv and confusion.csv to this folder.")  # fmt: skip
@click.option("--predictions-to", type=OutputFolder(), metavar="FOLDER",
              help="Write the predictions to this folder, as PNGs in the organisers' format.")  # fmt: skip
@click.option("--overlays", type=OutputFolder(), metavar="FOLDER",
              help="Write images to this folder with the labels and the prediction laid over.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), default=8, show_default=True, help="How many overlays are written.")
@ledger_option("runs")
@with_image_options
@format_option
def evaluate(
    networks: tuple[str, ...],
    data: str,
    split: str,
    predictions: Path | None,
    limit: int | None,
    boundary: bool,
    output: Path | None,
    predictions_to: Path | None,
    overlays: Path | None,
    count: int,
    ledger: str,
    reporter: str,
    **how: Any,
) -> None:
    """Score NETWORKs on a split of a data set: folders of training runs, specs with weights, .keras and .tflite files.

    Several are scored in one pass and printed one row each. JSON of one network is one object, of several a list.
    Scores are between 0 and 1, and null where a class occurs neither in the labels nor in the predictions.
    """
    if bool(networks) == (predictions is not None):
        raise click.UsageError("name NETWORKs, or a folder with --predictions: one of the two")
    wanted = Wanted(data, split, limit, boundary, output, reporter, ledger)
    if predictions is not None:
        if predictions_to or overlays:
            raise click.UsageError("--predictions-to and --overlays need a NETWORK")
        evaluate_predictions(wanted, predictions, sys.stdout)
        return
    evaluate_networks(wanted, networks, ImageOptions(**how), (predictions_to, overlays, count), sys.stdout)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is scored, and how it is printed."""

    data: str
    split: str
    limit: int | None
    boundary: bool
    output: Path | None
    reporter: str
    ledger: str = ""

    def keep(self, records: Sequence[Record]) -> None:
        """Add scores to the shared ledger."""
        with shared_ledger(self.ledger) as kept:
            if kept is not None:
                kept.add(records)

    def conditions(self) -> dict[str, Plain]:
        """What the numbers depend on."""
        return {"data": self.data.partition(":")[0], "split": self.split, "limit": self.limit}


def evaluate_predictions(wanted: Wanted, folder: Path, stream: TextIO) -> None:
    """Score a folder of predictions."""
    from archspec.datasets import open_dataset
    from archspec.record import make_folder
    from archspec.scoring import (
        check_metrics,
        describe_partial_mean,
        ground_truth_of,
        keep_freed_memory,
        score_predictions,
        score_records,
        write_scores,
    )

    keep_freed_memory()
    check_metrics()
    check_scores_folder(wanted.output)
    ground_truth = ground_truth_of(open_dataset(wanted.data))
    output = None if wanted.output is None else make_folder(wanted.output)
    with count_bar("scoring predictions", ticking=True) as progress:
        scored = score_predictions(
            ground_truth, wanted.split, folder, limit=wanted.limit, boundaries=wanted.boundary, progress=progress
        )
    notes = (
        *_describe_data(wanted, ground_truth, scored),
        *describe_partial_mean(scored),
        *ground_truth.cautions(scored.counts),
    )
    conditions = {**wanted.conditions(), "predictions": str(folder)}
    records = score_records(scored, conditions, what=scored.data_digest, name=folder.name)
    wanted.keep(records)
    if output is not None:
        write_scores(output, scored, records, notes, folder.name, this_command())
    _put([(folder.name, scored, {})], notes, wanted.reporter, stream)


def evaluate_networks(
    wanted: Wanted,
    sources: Sequence[str],
    image_options: ImageOptions,
    pictures: tuple[Path | None, Path | None, int],
    stream: TextIO,
) -> None:
    """Score networks in one pass. `pictures`: where predictions and overlays go, and how many overlays."""
    from archspec.datasets import open_dataset
    from archspec.record import note_plugins
    from archspec.scoring import (
        check_metrics,
        folders_of,
        ground_truth_of,
        open_segmenters,
        padding_multiple_of,
        score_segmenters,
        segmenter_records,
        write_scores,
    )

    viewing, options = image_options.viewing(), image_options.segmenter_options()
    check_scores_folder(wanted.output)
    known = catalog(image_options.plugins, *sources)
    check_metrics()
    dataset = open_dataset(wanted.data)
    ground_truth = ground_truth_of(dataset)
    examples = dataset.examples(wanted.split)[: wanted.limit]  # missing files are reported before anything slow
    if viewing.fit != "whole":
        options = replace(options, multiple=padding_multiple_of(examples, dataset))
    segmenters = open_segmenters(sources, known, options)
    output = None if wanted.output is None else folders_of(wanted.output, segmenters)
    for folder in (output or {}).values():
        check_scores_folder(folder)
    writers = _image_writers(dataset, segmenters, wanted.split, pictures)
    with count_bar("scoring", ticking=True) as progress:
        found = score_segmenters(
            segmenters, dataset, ground_truth, wanted.split, viewing, limit=wanted.limit, boundaries=wanted.boundary,
            progress=progress, writers=writers,
        )  # fmt: skip
    notes = (
        *_describe_data(wanted, ground_truth, found[0].scored),
        *_partial_means(found),
        f"shown: {viewing.describe()}",
        *(f"{one.named.name}: {note}" for one in found for note in one.named.notes),
    )
    conditions = {**wanted.conditions(), "shown": viewing.describe()}
    for one in found:
        records = segmenter_records(one.scored, one.named, conditions)
        wanted.keep(records)
        if output is not None:
            note_plugins(output[one.named.name], known.plugins)
            write_scores(output[one.named.name], one.scored, records, notes, one.named.name, this_command())
    _put([_row(one) for one in found], notes, wanted.reporter, stream)


def _put(rows: Sequence[Row], notes: tuple[str, ...], reporter: str, stream: TextIO) -> None:
    """Print: tables for people, an object or a list of them as JSON, one row a network as CSV."""
    from archspec.reporters import report, transposed
    from archspec.scoring import category_table, class_table, result_json, summary_table

    if reporter == "json":
        objects = [{"name": name, **result_json(scored), **more, "notes": list(notes)} for name, scored, more in rows]
        stream.write(json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, allow_nan=False) + "\n")
        return
    counted = [(name, scored.counts) for name, scored, _ in rows]
    summary = summary_table([(name, scored.counts, more) for name, scored, more in rows], notes)
    tables: list[Table | None] = [summary]
    if reporter != "csv":
        category = category_table(counted[0][1]) if len(rows) == 1 else None
        numbered = len(rows) > 1 and narrower([name for name, _ in counted], BESIDE, reporter)
        tables = [class_table(counted, numbered=numbered), category, transposed(summary) if len(rows) == 1 else summary]
    for number, table in enumerate(table for table in tables if table is not None):
        stream.write("\n" if number else "")
        report(table, stream, reporter, wide=wide())


def check_scores_folder(folder: Path | None) -> None:
    """Raise `UserError` for a folder with the record of something else, which `write_scores` would write over."""
    from archspec.errors import Place, user_error
    from archspec.files import is_file

    if folder is not None and is_file(folder / "record.json") and not is_file(folder / "scores.json"):
        fact = "holds the record.json of something else (a build, a training, an export)"
        raise user_error(fact, "Name another folder with --output", place=Place(str(folder)))


def _image_writers(
    dataset: Dataset,
    segmenters: Sequence[NamedSegmenter],
    split: str,
    pictures: tuple[Path | None, Path | None, int],
) -> list[ImageWriter]:
    from archspec.scoring import OverlayFolder, PredictionFolder, folders_of

    predictions, overlays, count = pictures
    found: list[PredictionFolder | OverlayFolder] = []
    if predictions is not None:
        found.append(PredictionFolder(folders_of(predictions, segmenters), dataset))
    if overlays is not None:
        found.append(OverlayFolder(folders_of(overlays, segmenters), dataset, count))
    for one in found:
        one.check(split)
    return list(found)


def _row(one: SegmenterScore) -> Row:
    precision = one.named.conditions.get("precision")
    more = {"precision": precision, "network ms": one.network_ms, "image range": one.named.describe_image_range()}
    return one.named.name, one.scored, more


def _partial_means(found: Sequence[SegmenterScore]) -> tuple[str, ...]:
    """Classes that the mean IoU of each network leaves out, or once where all leave out the same."""
    from archspec.scoring import describe_partial_mean

    each = [(one.named.name, line) for one in found for line in describe_partial_mean(one.scored)]
    if len(each) == len(found) and len({line for _, line in each}) == 1:
        return (each[0][1],)
    return tuple(f"{name}: {line}" for name, line in each)


def _describe_data(wanted: Wanted, ground_truth: GroundTruth, scored: ScoreResult) -> tuple[str, ...]:
    """What the numbers are of."""
    images = f"{scored.counts.images} images" + (" (the first ones)" if wanted.limit else "")
    return (
        f"{wanted.data}, split {wanted.split}: {images}; data {scored.data_digest}",
        *ground_truth.describe_rules(),
        METHOD,
    )
