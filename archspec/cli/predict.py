"""`archspec predict`: the label of each pixel of pictures, as PNGs and laid over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archspec.cli._options import catalog, format_option, put_table
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._showing import Showing, showing_options

NAMED = 4  # classes that the table names of each picture


@click.command()
@click.argument("network")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=InputPath())
@click.option("--output", type=OutputFolder(), required=True, metavar="FOLDER",
              help="Where <image>_labels.png and <image>_overlay.png go.")  # fmt: skip
@click.option("--data", metavar="NAME[:FOLDER]", help="The data set whose names and colours the classes have.")
@showing_options
@format_option
def predict(
    network: str, images: tuple[Path, ...], output: Path, data: str | None, reporter: str, **showing: Any
) -> None:
    """Predict IMAGEs (or those in a folder) with NETWORK: a training run, a spec with weights, .keras, .tflite.

    Labels are PNGs whose pixels are class numbers, with a palette; overlays have a legend.
    """
    from archspec.cli._progress import count_bar
    from archspec.record.destination import make_folder
    from archspec.reporters import Column, Table
    from archspec.scoring.class_names import classes_of_data
    from archspec.scoring.predict import check_results, pictures_in, pictures_left_out, predict_picture
    from archspec.scoring.segmenters import open_contestant

    asked = Showing(**showing)
    viewing, opening = asked.viewing(), asked.opening()
    pictures = pictures_in(images)
    check_results(pictures, output)
    if data is not None:
        classes_of_data(data)  # an unknown name is said before anything slow
    contestant = open_contestant(network, catalog(asked.plugins), opening)
    folder = make_folder(output)
    rows = []
    with count_bar("predicting", ticking=True) as progress:
        for number, picture in enumerate(pictures, 1):
            found = predict_picture(contestant, picture, viewing, folder, data)
            largest = ", ".join(f"{name} {share:.0%}" for name, share in found.shares[:NAMED])
            files = (str(picture), str(found.labels), str(found.overlay))
            rows.append((*files, largest, contestant.image_range_said))
            progress(number, len(pictures))
    columns = (
        Column("image", "image"),
        Column("labels", "labels", detail=True),
        Column("overlay", "overlay", detail=True),
        Column("largest", "largest classes", wraps=True),
        Column("image_range", "image range", detail=True),
    )
    notes = (
        *pictures_left_out(images, output),
        f"shown: {viewing.said()}",
        *(f"{contestant.name}: {note}" for note in contestant.notes),
    )
    put_table(Table("", columns, tuple(rows), notes), reporter, None)
