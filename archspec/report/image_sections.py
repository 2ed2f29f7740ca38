"""What a trained run makes of images: image, truth and prediction side by side, and which parts speak for a class."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.arrays import Array
from archspec.report._subject import Subject
from archspec.reporters.page import Picture, Pictures, Row, Section

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.explain import Explained, LogitsModel


MOST_CLASSES = 3
WIDEST = 480  # pixels of a picture on the page
BRIGHT = 99  # the percentile with the brightest colour: single pixels of a gradient outshine all others


def image_sections(
    one: Subject, data: str, *, split: str, images: int, method: str, catalog: Catalog
) -> tuple[Section, ...]:
    """Two sections for a training run. Needs TensorFlow. Raises `UserError` for data or a method that cannot be had."""
    from archspec.datasets import RGB, open_dataset
    from archspec.explain import Asked, dataset_pictures, explain, open_network, predict
    from archspec.explain.explanation import most_predicted
    from archspec.explain.logits_model import Images
    from archspec.explain.methods import method_name, need_library

    need_library()
    dataset = open_dataset(data)
    name = method_name(method)
    opened = open_network(str(one.path), (), catalog, 0, images=Images(dataset.channels or (1, RGB)))
    pictures = dataset_pictures(dataset.in_form(opened.form), split, images)
    classes = most_predicted([predict(opened, picture) for picture in pictures], MOST_CLASSES)
    rows = list(explain(opened, pictures, Asked(name, _layer(opened, name), classes)))
    names, colours = dataset.classes.names, dataset.classes.colours
    legend = tuple((label, "#{:02x}{:02x}{:02x}".format(*colour)) for label, colour in zip(names, colours, strict=True))
    seen = Pictures(tuple(_predicted(row, colours) for row in rows), legend)
    maps = Pictures(tuple(_mapped(row, names, name) for row in rows))
    lead = (
        f"Maps by {name} of the classes that are predicted most, each in a scale of its own. "
        "A white line goes around what is predicted as the class."
    )
    return (
        Section("pictures", "Predictions", seen, f"Images of {dataset.name} {split}, as the network sees them."),
        Section("pictures", "What speaks for a class", maps, lead),
    )


def _layer(opened: LogitsModel, method: str) -> str:
    from archspec.explain.logits_model import check_layer, last_features
    from archspec.explain.methods import reads_layer

    return check_layer(opened.model, last_features(opened.model)) if reads_layer(method) else ""


def _predicted(row: Explained, colours: Sequence[tuple[int, int, int]]) -> Row:
    """Image, truth where there is one, prediction."""
    from archspec.explain.pictures import resized_labels
    from archspec.scoring import overlaid

    image = row.picture.image
    size = (image.shape[0], image.shape[1])
    cells = [_picture(image, "image", f"Image {row.picture.name}")]
    if row.picture.label is not None:
        cells.append(_picture(overlaid(image, row.picture.label, colours), "truth", "Its labels"))
    prediction = resized_labels(row.prediction, size)
    cells.append(_picture(overlaid(image, prediction, colours), "prediction", "What the network predicts"))
    return Row(row.picture.name, tuple(cells))


def _mapped(row: Explained, names: Sequence[str], method: str) -> Row:
    """A map a class; what it says in numbers stands below it."""
    from archspec.explain.grid import map_cells
    from archspec.explain.methods import reads_layer

    cells = []
    for one, drawn, words in map_cells(row, WIDEST, 100 if reads_layer(method) else BRIGHT):
        label = names[one.number]
        caption = f"{label}: {words}" if words else label
        cells.append(_picture(drawn, caption, f"{method} of {label} over image {row.picture.name}"))
    return Row(row.picture.name, tuple(cells))


def _picture(image: Array, caption: str, said: str) -> Picture:
    from PIL import Image

    photo = Image.fromarray(image)
    photo.thumbnail((WIDEST, WIDEST))
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=85)
    return Picture(stream.getvalue(), (photo.height, photo.width), caption, said)
