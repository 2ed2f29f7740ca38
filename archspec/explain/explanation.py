"""An explanation: predict, choose classes, ask the method, and read numbers off its maps, one picture after the other.

Where a map points is told by the share of it inside a region, and by whether its largest value is there. The share is
the energy-based pointing game of Score-CAM (arXiv:1910.01279, §4.4), with a region in place of a box; the hit is the
pointing game of arXiv:1608.00507, without its tolerance of 15 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from archspec.arrays import Array
from archspec.datasets import IGNORE
from archspec.errors import Place, user_error
from archspec.explain.methods import Question, attribute
from archspec.explain.pictures import Picture, network_input, resized_labels
from archspec.scoring import resized_scores

if TYPE_CHECKING:
    from archspec.explain.logits_model import LogitsModel
    from archspec.explain.pictures import Region


ScoreOf = Literal["predicted", "map"]

PIXELS_AT_ONCE = 1_500_000  # of the copies of an image that go through the network together, one a class
NOT_PREDICTED = "not predicted"
NOT_IN_REGION = "not predicted in the region"
NOTHING_FOR_IT = "nothing speaks for it"


@dataclass(frozen=True)
class Asked:
    """`method` as `method_name` gives it, `layer` as `check_layer` does. The score of a class is the mean of its logits
    over the pixels `predicted` as it, or over the whole `map`, in `region` where there is one."""

    method: str
    layer: str
    classes: tuple[int, ...]
    score_of: ScoreOf = "predicted"
    region: Region | None = None
    samples: int = 20
    channels: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Inside:
    """A map against a region: `pixels` of it and the share of all (`area_share`, what a flat map would score),
    `attribution_share` of the map's sum inside, `hit` whether its largest value is inside.

    The last two are None where there is no map, no region, or no more than zeros in the map.
    """

    pixels: int
    area_share: float
    attribution_share: float | None
    hit: bool | None


@dataclass(frozen=True)
class ClassMap:
    """What speaks for one class in one picture. `values` `(H, W)` from 0, of the network's input size, in a scale of
    their own; None where the class has no pixel to ask about, or nothing speaks for it: `note` says which.

    `labelled` is None without a label. Shares are of the pixels that are not ignored.
    """

    number: int
    values: Array | None
    score: float | None
    predicted: Inside
    labelled: Inside | None
    note: str = ""


@dataclass(frozen=True)
class Explained:
    """A picture with the class of each pixel `(H, W)`, predicted and labelled, and a map for each class asked about."""

    picture: Picture
    prediction: Array
    label: Array | None
    maps: tuple[ClassMap, ...]


def predict(opened: LogitsModel, picture: Picture) -> Array:
    """The class of each pixel of the logits `(h, w)`. Raises `UserError` for logits that are not finite."""
    labels: Array = _logits(opened, _image(opened, picture), picture.name).argmax(-1)
    return labels


def most_predicted(predictions: Sequence[Array], count: int) -> tuple[int, ...]:
    """Up to `count` classes that most pixels of all predictions together have, in falling order."""
    pixels = np.bincount(np.concatenate([one.ravel() for one in predictions]))
    order = np.argsort(-pixels, kind="stable")[:count]
    return tuple(int(number) for number in order if pixels[number])


def explain(opened: LogitsModel, pictures: Sequence[Picture], asked: Asked) -> Iterator[Explained]:
    """One picture after the other. Raises `UserError`."""
    for picture in pictures:
        _check_label(opened, picture)
        image = _image(opened, picture)
        size = (image.shape[1], image.shape[2])
        logits = _logits(opened, image, picture.name)
        labels = logits.argmax(-1)
        weights = score_weights(labels, picture.size, asked)
        scores = {number: float((logits[..., number] * weight).sum()) for number, weight in weights.items()}
        maps = _maps(opened, image, weights, asked)
        prediction = resized_scores(logits, size, opened.align_corners).argmax(-1)
        label = None if picture.label is None else resized_labels(picture.label, size)
        missing = NOT_IN_REGION if asked.region else NOT_PREDICTED
        yield Explained(picture, prediction, label, tuple(
            _class_map(number, maps.get(number), scores.get(number), prediction, label, missing)
            for number in asked.classes
        ))  # fmt: skip


def score_weights(labels: Array, image_size: tuple[int, int], asked: Asked) -> dict[int, Array]:
    """How much each logit `(h, w)` counts for the score of a class; one without a pixel to ask about is left out."""
    wanted = asked.region.mask(image_size, labels.shape) if asked.region else np.ones(labels.shape, bool)
    masks = {number: wanted & (labels == number) if asked.score_of == "predicted" else wanted
             for number in asked.classes}  # fmt: skip
    return {number: (mask / mask.sum()).astype(np.float32) for number, mask in masks.items() if mask.any()}


def _check_label(opened: LogitsModel, picture: Picture) -> None:
    if picture.label is None:
        return
    largest = int(picture.label[picture.label != IGNORE].max(initial=0))
    if largest >= opened.classes:
        fact = f"the label has class {largest}, and the network has {opened.classes} classes (from 0)"
        raise user_error(fact, "Use the data set that the network is of", place=Place(picture.name))


def _image(opened: LogitsModel, picture: Picture) -> Array:
    return network_input(picture, opened.size or picture.size, opened.channels)


def _logits(opened: LogitsModel, image: Array, name: str) -> Array:
    """`(h, w, classes)`."""
    logits: Array = opened.model(image, training=False).numpy()[0]
    if not np.isfinite(logits).all():
        raise user_error("the network's logits are not finite", "Are its weights of a run that diverged?",
                         place=Place(name))  # fmt: skip
    return logits


def _maps(opened: LogitsModel, image: Array, weights: dict[int, Array], asked: Asked) -> dict[int, Array]:
    """The map `(H, W)` of each class that can be asked about, several classes at once."""
    at_once = max(1, PIXELS_AT_ONCE // (image.shape[1] * image.shape[2]))
    numbers = list(weights)
    found: dict[int, Array] = {}
    for start in range(0, len(numbers), at_once):
        some = tuple(numbers[start : start + at_once])
        question = Question(
            opened.model, image, asked.layer, some, np.stack([weights[number] for number in some]),
            asked.samples, asked.channels, asked.seed,
        )  # fmt: skip
        found.update(zip(some, attribute(asked.method, question), strict=True))
    broken = [number for number, values in found.items() if not np.isfinite(values).all()]
    if broken:
        fact = f"{asked.method} gives numbers that are not finite for class {broken[0]} at layer '{asked.layer}'"
        raise user_error(fact, "Ask another method or layer")
    return found


def _class_map(
    number: int, values: Array | None, score: float | None, prediction: Array, label: Array | None, missing: str
) -> ClassMap:
    note = ""
    if values is None:
        note = missing
    elif not values.any():
        values, note = None, NOTHING_FOR_IT
    counted = None if label is None else label != IGNORE
    labelled = None if label is None else inside(values, label == number, counted)
    return ClassMap(number, values, score, inside(values, prediction == number, counted), labelled, note)


def inside(values: Array | None, region: Array, counted: Array | None = None) -> Inside:
    """A map `(H, W)` of numbers from 0 against a region `(H, W)` of truths. Only `counted` pixels count, else all.

    The share is the energy-based pointing game of Score-CAM (arXiv:1910.01279, §4.4), with a region in place of a box;
    the hit is the pointing game of arXiv:1608.00507, without its tolerance of 15 pixels.
    """
    if counted is None:
        counted = region | True
    region = region & counted
    pixels, every = int(region.sum()), int(counted.sum())
    area = pixels / every if every else 0.0
    total = 0.0 if values is None else float(values[counted].sum(dtype="float64"))
    if values is None or not pixels or not total:
        return Inside(pixels, area, None, None)
    share = float(values[region].sum(dtype="float64")) / total
    hit = bool(region.ravel()[(values * counted).argmax()])
    return Inside(pixels, area, share, hit)
