"""`archspec evaluate`: scores of networks, or of a folder of predictions, as the organisers of a data set take them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from archspec.cli._options import format_option
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._shared_ledger import ledger_option
from archspec.cli._showing import Showing, showing_options


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
@ledger_option
@showing_options
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
    **showing: Any,
) -> None:
    """Score NETWORKs on a split of a data set: folders of training runs, specs with weights, .keras and .tflite files.

    Several are scored in one pass and printed one row each. JSON of one network is one object, of several a list.
    Scores are between 0 and 1, and null where a class occurs neither in the labels nor in the predictions.
    """
    if bool(networks) == (predictions is not None):
        raise click.UsageError("name NETWORKs, or a folder with --predictions: one of the two")
    from archspec.cli._evaluation import Wanted, evaluate_networks, evaluate_predictions

    wanted = Wanted(data, split, limit, boundary, output, reporter, ledger)
    if predictions is not None:
        if predictions_to or overlays:
            raise click.UsageError("--predictions-to and --overlays need a NETWORK")
        evaluate_predictions(wanted, predictions, sys.stdout)
        return
    evaluate_networks(wanted, networks, Showing(**showing), (predictions_to, overlays, count), sys.stdout)
