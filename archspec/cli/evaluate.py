"""`archspec evaluate`: scores of networks, or of a folder of predictions, as the organisers of a data set take them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._image_options import ImageOptions, with_image_options
from archspec.cli._options import catalog, format_option, ledger_option, narrower, this_command, wide
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import count_bar

if TYPE_CHECKING:
    from archspec.api.classification import ClassificationResult
    from archspec.api.evaluation import Evaluation, Row
    from archspec.reporters import Table

BESIDE = 36  # terminal cells of a class and its share


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
    from archspec.api.evaluation import Evaluation, EvaluationResult

    command = "" if output is None else this_command()
    wanted = Evaluation(data, split, limit, boundary, output, predictions_to, overlays, count, command, ledger)
    if predictions is not None:
        if predictions_to or overlays:
            raise click.UsageError("--predictions-to and --overlays need a NETWORK")
        _evaluate_predictions(wanted, predictions, reporter)
        return
    images = ImageOptions(**how)
    viewing, options = images.viewing(), images.segmenter_options()
    with count_bar("scoring", ticking=True) as progress:
        found = wanted.run(networks, catalog(images.plugins, *networks), viewing, options, progress)
    if not isinstance(found, EvaluationResult):
        _put_classes(found, reporter)
        return
    _put(found.rows, found.notes, reporter)


def _evaluate_predictions(wanted: Evaluation, folder: Path, reporter: str) -> None:
    """Score a folder of predictions."""
    from archspec.api.evaluation import check_scores_folder
    from archspec.datasets import open_dataset
    from archspec.errors import user_error
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
    dataset = open_dataset(wanted.data)
    if dataset.multi_label:
        fact = f"several classes of {dataset.name} may hold at a pixel, and predictions have one class each"
        raise user_error(fact, "Score the network itself", place=dataset.place)
    ground_truth = ground_truth_of(dataset)
    output = None if wanted.output is None else make_folder(wanted.output)
    with count_bar("scoring predictions", ticking=True) as progress:
        scored = score_predictions(
            ground_truth, wanted.split, folder, limit=wanted.limit, boundaries=wanted.boundary, progress=progress
        )
    notes = (
        *wanted.describe_data(ground_truth, scored),
        *describe_partial_mean(scored),
        *ground_truth.cautions(scored.counts),
    )
    conditions = {**wanted.conditions(), "predictions": str(folder)}
    records = score_records(scored, conditions, what=scored.data_digest, name=folder.name)
    wanted.keep(records)
    if output is not None:
        write_scores(output, scored, records, notes, folder.name, wanted.command)
    _put([(folder.name, scored, {})], notes, reporter)


def _put_classes(found: ClassificationResult, reporter: str) -> None:
    """Of classifiers: the accuracy of each class, then of all images; JSON as of label maps."""
    from archspec.reporters import report
    from archspec.scoring.class_scores import result_json

    if reporter == "json":
        objects = [{"name": one.named.name, **result_json(one), "network_ms": one.network_ms,
                    "notes": list(found.notes)} for one in found.scores]  # fmt: skip
        sys.stdout.write(json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, allow_nan=False) + "\n")
        return
    tables = [found.to_table()] if reporter == "csv" else [found.per_class(), found.table_for_people()]
    for number, table in enumerate(tables):
        sys.stdout.write("\n" if number else "")
        report(table, sys.stdout, reporter, wide=wide())


def _put(rows: Sequence[Row], notes: tuple[str, ...], reporter: str) -> None:
    """Print: tables for people, an object or a list of them as JSON, one row for each network as CSV."""
    from archspec.reporters import report, transposed
    from archspec.scoring import category_table, class_table, result_json, summary_table

    if reporter == "json":
        objects = [{"name": name, **result_json(scored), **more, "notes": list(notes)} for name, scored, more in rows]
        sys.stdout.write(json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, allow_nan=False) + "\n")
        return
    counted = [(name, scored.counts) for name, scored, _ in rows]
    summary = summary_table([(name, scored.counts, more) for name, scored, more in rows], notes)
    tables: list[Table | None] = [summary]
    if reporter != "csv":
        category = category_table(counted[0][1]) if len(rows) == 1 else None
        numbered = len(rows) > 1 and narrower([name for name, _ in counted], BESIDE, reporter)
        tables = [class_table(counted, numbered=numbered), category, transposed(summary) if len(rows) == 1 else summary]
    for number, table in enumerate(table for table in tables if table is not None):
        sys.stdout.write("\n" if number else "")
        report(table, sys.stdout, reporter, wide=wide())
