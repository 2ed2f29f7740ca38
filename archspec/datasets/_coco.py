"""COCO's annotation files, the folders of pictures that belong to them, and outlines and run lengths as masks.

Masks are those of the organisers' own code, pixel for pixel (cocoapi, common/maskApi.c: rleFrPoly, rleFrString). They
are filled down the columns: pixel (row, column) of an image of H rows is number row + H × column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Size
from archspec.datasets._files import files_in, is_folder
from archspec.errors import Place, Problem, UserError, user_error
from archspec.files import read_bytes

_YEAR = re.compile(r"20\d\d$")
_SCALE = 5  # an outline is followed on a grid five times as fine


def annotation_files(root: Path, kind: str) -> dict[str, Path]:
    """`<kind>_<split><year>.json` in `annotations/` or in `root` itself, by split: `train`, `val` first."""
    folders = [folder for folder in (root, root / "annotations") if is_folder(folder)]
    files = [path for folder in folders for path in files_in(folder, (".json",)) if path.stem.startswith(f"{kind}_")]
    found = {_YEAR.sub("", path.stem.removeprefix(f"{kind}_")): path for path in files}
    return dict(sorted(found.items(), key=lambda item: (item[0] not in ("train", "val"), item[0])))


def image_folder(root: Path, annotations: Path, kind: str, others: Iterable[str] = ()) -> Path:
    """The folder of the pictures: named as the annotations end (`val2017`), in `root` or in `images/`, or one of
    `others`. Raises `UserError` when there is none."""
    name = annotations.stem.removeprefix(f"{kind}_")
    wanted = [name, f"images/{name}", *others]
    for folder in wanted:
        if is_folder(root / folder):
            return root / folder
    fact = f"no folder of images for {annotations.name}"
    raise user_error(fact, f"One of {', '.join(f'{folder}/' for folder in wanted)}", place=Place(str(root)))


def read_annotations(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    """The file as an object whose `keys` are lists of objects. Raises `UserError`."""
    place = Place(str(path))
    remedy = "Was it cut short? Copy it again"
    try:
        document = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        at = Place(str(path), error.lineno, error.colno)
        raise user_error(f"not JSON ({error.msg})", remedy, place=at) from error
    except (ValueError, RecursionError) as error:
        raise user_error(f"not JSON ({error})", remedy, place=place) from error
    for key in keys:
        rows = document.get(key) if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise user_error(f"not a file of COCO annotations (no list '{key}')", remedy, path=key, place=place)
    return dict(document)


def lacks(path: Path, where: str, error: Exception) -> UserError:
    """The error for a row that lacks a key, or whose value is wrong."""
    fact = f"no '{error.args[0]}'" if isinstance(error, KeyError) else str(error)
    return user_error(fact, "Is it a file of COCO annotations?", path=where, place=Place(str(path)))


def mask_of(segmentation: Any, size: Size) -> Array:
    """The mask `(H, W)`, bool, of a list of polygons (their union) or of run lengths. Raises `Problem`."""
    try:
        if isinstance(segmentation, Mapping):
            return from_runs(segmentation, size)
        masks = [from_polygon(polygon, size) for polygon in segmentation]
    except (TypeError, ValueError, KeyError) as error:
        raise Problem(f"a segmentation that is neither polygons nor run lengths ({error})") from error
    union: Array = np.logical_or.reduce(masks) if masks else np.zeros(size, np.bool_)
    return union


def from_polygon(points: Sequence[float], size: Size) -> Array:
    """The inside of one outline `x0, y0, x1, y1, …`, in pixels. Raises `ValueError`."""
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    # truncated after adding a half, as C's cast does
    corners = np.trunc(_SCALE * corners + 0.5).astype(np.int64)
    x, y = _outline(corners[:, 0], corners[:, 1])
    rows, columns = _crossings(x, y, size)
    inside = np.zeros(size, np.bool_)
    if len(columns):
        first, last = int(columns.min()), int(columns.max())
        inside[:, first : last + 1] = _filled(rows, columns - first, size[0], last + 1 - first)
    return inside


def _filled(rows: Array, columns: Array, height: int, width: int) -> Array:
    """Down the columns, each crossing switches between outside and inside; a column has an even number of them."""
    switches = np.bincount(rows + height * columns, minlength=height * width)[: height * width]
    filled: Array = (np.cumsum(switches) & 1).astype(np.bool_)
    return filled.reshape(width, height).T


def _outline(x: Array, y: Array) -> tuple[Array, Array]:
    """Every point of the fine grid along the edges, in order, with both ends of each edge.

    A point at a time along an edge's longer axis, always from its left (or upper) end; the other axis is rounded.
    """
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    dx, dy = np.abs(x_next - x), np.abs(y_next - y)
    flat = dx >= dy
    flip = np.where(flat, x > x_next, y > y_next)
    longest = np.maximum(dx, dy)
    x_from, x_to = np.where(flip, x_next, x), np.where(flip, x, x_next)
    y_from, y_to = np.where(flip, y_next, y), np.where(flip, y, y_next)
    slope = np.where(flat, y_to - y_from, x_to - x_from) / np.maximum(longest, 1)
    edge = np.repeat(np.arange(len(x)), longest + 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(longest + 1) - longest - 1, longest + 1)
    step = np.where(flip[edge], longest[edge] - step, step)
    along = step + np.where(flat, x_from, y_from)[edge]
    across = np.where(flat, y_from, x_from)[edge] + slope[edge] * step + 0.5
    rounded = np.trunc(across).astype(np.int64)
    return np.where(flat[edge], along, rounded), np.where(flat[edge], rounded, along)


def _crossings(x: Array, y: Array, size: Size) -> tuple[Array, Array]:
    """Where the outline crosses the middle of a pixel column: the first row below, and the column."""
    height, width = size
    moved = np.flatnonzero(x[1:] != x[:-1]) + 1
    left = np.minimum(x[moved], x[moved - 1])
    column = (left + 0.5) / _SCALE - 0.5
    kept = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    row = (np.minimum(y[moved], y[moved - 1])[kept] + 0.5) / _SCALE - 0.5
    return np.ceil(np.clip(row, 0, height)).astype(np.int64), column[kept].astype(np.int64)


def from_runs(segmentation: Mapping[str, Any], size: Size) -> Array:
    """`{"size": [H, W], "counts": …}`: lengths of runs outside and inside by turns, as a list or as COCO's letters.

    Raises `ValueError` where they do not make up the image.
    """
    counts = segmentation["counts"]
    runs = np.asarray(_unpacked(counts) if isinstance(counts, str | bytes) else counts, np.int64)
    stated = tuple(segmentation["size"])
    if stated != tuple(size) or np.any(runs < 0) or runs.sum() != size[0] * size[1]:
        raise ValueError(f"run lengths of {runs.sum()} pixels, of an image of {size[1]} × {size[0]}")
    inside: Array = np.repeat(np.arange(len(runs)) & 1, runs).astype(np.bool_)
    return inside.reshape(size[1], size[0]).T


def _unpacked(letters: str | bytes) -> list[int]:
    """COCO's letters to run lengths: 5 bits a letter and whether the number goes on.

    From the fourth on they are differences to the length two before.
    """
    text = letters.encode("ascii") if isinstance(letters, str) else letters
    runs: list[int] = []
    place = 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            if place == len(text):
                raise ValueError("run lengths that end in the middle of a number")
            letter = text[place] - 48
            value |= (letter & 0x1F) << shift
            more = bool(letter & 0x20)
            place, shift = place + 1, shift + 5
            if not more and letter & 0x10:
                value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs
