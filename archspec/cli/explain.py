"""`archspec explain`: what a segmentation network looks at, one map for each class, as a picture and as numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    DATA_FORMATS,
    catalog,
    class_labels,
    format_option,
    plugins_option,
    put,
    put_table,
    set_option,
)
from archspec.cli._paths import InputPath, OutputFile
from archspec.cli._terminal import count_bar, spinner

if TYPE_CHECKING:
    from archspec.datasets import Dataset, ImageForm
    from archspec.explain import Asked, Explained, LogitsModel, Picture, Region
    from archspec.explain.answer import Answer
    from archspec.explain.explanation import ScoreOf

MOST_CLASSES = 5


@click.command()
@click.argument("network", metavar="RUN|MODEL.keras|SPEC")
@click.argument("images", nargs=-1, metavar="[IMAGE]...", type=InputPath())
@click.option("--data", metavar="NAME[:DIR]", help="Take images, labels and class names from this data set.")
@click.option("--split", default="val", show_default=True, help="Split of the data set.")
@click.option("--count", type=click.IntRange(1), default=4, show_default=True,
              help="How many images of the data set, evenly spread over the split.")  # fmt: skip
@click.option("--classes", "wanted", metavar="NAME,...",
              help=f"Classes to explain, by name or number. Without it, the {MOST_CLASSES} that most pixels are "
                    "predicted as.")  # fmt: skip
@click.option("--labels", type=InputPath(), metavar="FILE",
              help="Text file of class names, one a line, where there is no data set.")  # fmt: skip
@click.option("--method", default="gradcam++", show_default=True,
              help="How maps are made: gradcam, gradcam++, layercam, scorecam, saliency or smoothgrad.")  # fmt: skip
@click.option("--layer", metavar="NAME",
              help="Layer whose activations are weighted. Without it, the last one before the classifier.")  # fmt: skip
@click.option("--score", "score_of", type=click.Choice(("predicted", "map")), default="predicted", show_default=True,
              help="What is explained: the class's mean logit over the pixels predicted as it, or over "
                   "the whole map.")  # fmt: skip
@click.option("--region", metavar="X0,Y0,X1,Y1",
              help="Explain only these pixels of the image; column X1 and row Y1 are not part of it.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1), default=20, show_default=True,
              help="How many noisy copies SmoothGrad averages over.")  # fmt: skip
@click.option("--channels", type=click.IntRange(1), metavar="N",
              help="Use only the N channels that vary most (Faster Score-CAM). Without it, Score-CAM uses "
                   "all.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Seed of the noise and of freshly initialised weights.")  # fmt: skip
@set_option
@plugins_option
@click.option("--output", metavar="FILE.png", type=OutputFile(), default=Path("explain.png"), show_default=True,
              help="File that the picture is written to.")  # fmt: skip
@format_option
def explain(
    network: str,
    images: tuple[Path, ...],
    data: str | None,
    split: str,
    count: int,
    wanted: str | None,
    labels: Path | None,
    method: str,
    layer: str | None,
    score_of: ScoreOf,
    region: str | None,
    samples: int,
    channels: int | None,
    seed: int,
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
    output: Path,
    reporter: str,
) -> None:
    """Show which parts of an image speak for a class: a picture with one map for each class, and numbers about them.

    RUN is the folder of a training run, SPEC a path or a bundled name. Images are resized to what the network reads;
    --set input.size=[360,480] changes that size of a run or a spec.
    """
    from archspec.datasets import RGB
    from archspec.explain import Asked, find_network, parse_region
    from archspec.explain.answer import Answer, Names, names_of
    from archspec.explain.logits_model import Images
    from archspec.explain.methods import method_name, need_library, reads_layer
    from archspec.record import check_file

    check_file(output)
    folder, method = catalog(plugins, network), method_name(method)
    if layer is not None and not reads_layer(method):
        raise click.UsageError(f"{method} is of the image, not of a layer's map. Leave out --layer")
    part = None if region is None else parse_region(region)
    dataset = _dataset(data)
    offered = _offered(images, dataset)
    pictures = _pictures(images, dataset, split, count, part) if RGB in offered else []
    known = Images(offered, any(one.has_colours for one in pictures))
    found = find_network(network, overrides, folder, seed, images=known)  # refuses before TensorFlow is loaded
    given = None if labels is None else class_labels(labels)
    names = Names.of(found, dataset, given, str(labels or ""))
    if names is not None:
        names.numbers(wanted)
    if layer is not None:
        found.check_layer(layer)
    with spinner("opening the network"):
        need_library()
        opened = found.opened()
        names = names_of(opened, dataset, given, str(labels or ""))
        place = _layer(opened, layer) if reads_layer(method) else ""
    if not (pictures and opened.reads_rgb):
        pictures = _pictures(images, dataset, split, count, part, opened.form)
    asked = Asked(method, place, names.numbers(wanted), score_of, part, samples, channels, seed)
    with count_bar(f"{method} of each image", ticking=True) as progress:
        asked, rows = _explained(opened, pictures, asked, progress)
    _put(Answer(network, opened, asked, names, tuple(rows), output), reporter)


def _put(answer: Answer, reporter: str) -> None:
    answer.write_picture()
    if reporter == "json":
        put(json.dumps(answer.to_json(), indent=2) + "\n", None)
    else:
        put_table(answer.table(for_people=reporter not in DATA_FORMATS), reporter, None)


def _dataset(data: str | None) -> Dataset | None:
    if data is None:
        return None
    from archspec.datasets import open_dataset

    return open_dataset(data)


def _offered(images: tuple[Path, ...], dataset: Dataset | None) -> tuple[int, ...]:
    """How many channels what is to be explained can be read as. Raises `UserError`."""
    from archspec.explain import picture_channels

    if not images and dataset is None:
        raise click.UsageError("nothing to look at. Name images, or a data set with --data NAME:DIR")
    return picture_channels(images, dataset)


def _pictures(
    images: tuple[Path, ...],
    dataset: Dataset | None,
    split: str,
    count: int,
    part: Region | None,
    form: ImageForm | None = None,
) -> list[Picture]:
    """Those named, then those of the data set, in a form (None: RGB). Raises `UserError` where one does not have the
    region `part`."""
    from archspec.datasets import ImageForm
    from archspec.explain import dataset_pictures, read_picture

    form = form or ImageForm()
    found = [read_picture(path, form) for path in images]
    found += [] if dataset is None else dataset_pictures(dataset.in_form(form), split, count)
    for picture in found:
        if part is not None:
            part.check(picture.name, picture.size)
    return found


def _layer(opened: LogitsModel, layer: str | None) -> str:
    from archspec.explain.logits_model import check_layer, last_features

    return check_layer(opened.model, last_features(opened.model) if layer is None else layer)


def _explained(
    opened: LogitsModel, pictures: list[Picture], asked: Asked, progress: Callable[[int, int], None]
) -> tuple[Asked, list[Explained]]:
    """Every picture's maps; where no class was named, of those that the pictures hold."""
    from dataclasses import replace

    from archspec.explain import explain as explained
    from archspec.explain import predict
    from archspec.explain.explanation import most_predicted

    if not asked.classes:
        asked = replace(asked, classes=most_predicted([predict(opened, one) for one in pictures], MOST_CLASSES))
    rows = []
    for row in explained(opened, pictures, asked):
        rows.append(row)
        progress(len(rows), len(pictures))
    return asked, rows
