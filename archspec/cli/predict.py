"""`archspec predict`: the label of each pixel of pictures, as PNGs and laid over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from archspec.cli._image_options import ImageOptions, with_image_options
from archspec.cli._options import catalog, format_option, put_table
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import count_bar

NAMED = 4  # classes that the table names of each picture


@click.command()
@click.argument("network")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=InputPath())
@click.option("--output", type=OutputFolder(), required=True, metavar="FOLDER",
              help="Folder that <image>_labels.png and <image>_overlay.png are written to.")  # fmt: skip
@click.option("--data", metavar="NAME[:FOLDER]", help="Data set whose class names and colours are used.")
@with_image_options
@format_option
def predict(network: str, images: tuple[Path, ...], output: Path, data: str | None, reporter: str, **how: Any) -> None:
    """Predict the class of every pixel of IMAGEs (or of those in a folder) with a training run, a spec with weights, a
    .keras or a .tflite file.

    Each image gets a PNG of class numbers with a palette, and an overlay with a legend. A classifier writes classes.csv
    and classes.json instead: the five classes of the highest scores of each image.
    """
    from archspec.graph.task import CLASSIFICATION
    from archspec.record import make_folder
    from archspec.reporters import Column, Table
    from archspec.scoring import (
        channels_of,
        check_results,
        classes_of_data,
        describe_left_out,
        images_in,
        open_segmenter,
        predict_image,
    )
    from archspec.scoring.classifiers import task_of_source

    asked = ImageOptions(**how)
    viewing, options = asked.viewing(), asked.segmenter_options()
    pictures = images_in(images)
    check_results(pictures, output)
    known = catalog(asked.plugins, network)
    if data is not None:
        classes_of_data(data)  # an unknown name is refused before anything slow
    if task_of_source(network, known) == CLASSIFICATION:
        _predict_classes(network, pictures, output, data, asked, reporter)
        return
    named = open_segmenter(network, known, replace(options, channels=channels_of(pictures)))
    folder = make_folder(output)
    rows = []
    with count_bar("predicting", ticking=True) as progress:
        for number, picture in enumerate(pictures, 1):
            found = predict_image(named, picture, viewing, folder, data)
            largest = ", ".join(f"{name} {share:.0%}" for name, share in found.shares[:NAMED])
            files = (str(picture), str(found.labels), str(found.overlay))
            rows.append((*files, largest, named.describe_image_range()))
            progress(number, len(pictures))
    columns = (
        Column("image", "image"),
        Column("labels", "labels", detail=True),
        Column("overlay", "overlay", detail=True),
        Column("largest", "largest classes", wraps=True),
        Column("image_range", "image range", detail=True),
    )
    notes = (
        *describe_left_out(images, output),
        f"shown: {viewing.describe()}",
        *(f"{named.name}: {note}" for note in named.notes),
    )
    put_table(Table("", columns, tuple(rows), notes), reporter, None)


def _predict_classes(
    network: str, pictures: list[Path], output: Path, data: str | None, asked: ImageOptions, reporter: str
) -> None:
    """Of a classifier: names with scores."""
    from archspec.scoring import channels_of
    from archspec.scoring.class_prediction import classes_table, predict_classes, write_classes
    from archspec.scoring.classifiers import open_classifier

    options = replace(asked.segmenter_options(), channels=channels_of(pictures))
    named = open_classifier(network, catalog(asked.plugins, network), options)
    with count_bar("predicting", ticking=True) as progress:
        found = predict_classes(named, pictures, data, progress)
    files = write_classes(output, found)
    notes = (f"written: {', '.join(map(str, files))}", *(f"{named.name}: {note}" for note in named.notes))
    put_table(classes_table(found, notes), reporter, None)
