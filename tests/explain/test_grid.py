"""The picture: its size, what is in which cell, and that it says what is not drawn."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archspec.explain import ClassMap, Explained, Picture, Region, draw_grid
from archspec.explain.explanation import Inside
from archspec.explain.grid import CELL, EMPTY, FRAME, GAP, LINE, Caption, blended, grey, heat, painted, palette
from tests.explain.networks import picture

Array = np.ndarray[Any, Any]

CAPTION = Caption("a title", ("a note",), ("sky", "road", "tree"), palette(3))
NOWHERE = Inside(0, 0.0, None, None)


def explained(size: tuple[int, int] = (100, 200), label: bool = False) -> Explained:
    """A map that grows to the right for class 0, which is predicted in the left half; none for class 1."""
    one = picture(size, label=label)
    prediction = np.zeros((50, 100), int)
    prediction[:, 50:] = 2
    values = np.tile(np.linspace(0, 8, 100, dtype=np.float32), (50, 1))
    maps = (
        ClassMap(0, values, 1.0, Inside(2500, 0.5, 0.25, False), None),
        ClassMap(1, None, None, NOWHERE, None, "not predicted"),
    )
    return Explained(one, prediction, None if one.label is None else prediction, maps)


def drawn(*rows: Explained, caption: Caption = CAPTION, region: Region | None = None) -> Array:
    with Image.open(io.BytesIO(draw_grid(rows, caption, region))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def cell(sheet: Array, column: int, height: int, top: int = GAP + 2 * LINE) -> Array:
    left = GAP + column * (CELL + GAP)
    return sheet[top : top + height, left : left + CELL]


def test_size_is_that_of_the_cells_and_lines() -> None:
    """Two lines above, one below each row, colour bar, legend, note; input, prediction and two classes."""
    sheet = drawn(explained(), explained((200, 100)))
    rows = CELL // 2 + CELL * 2 + 2 * (LINE + GAP)
    below = LINE + GAP + LINE + LINE
    assert sheet.shape == (GAP + 2 * LINE + rows + below + GAP, GAP + 4 * (CELL + GAP), 3)
    assert np.ptp(sheet) == 255
    labelled = drawn(explained(label=True))
    assert labelled.shape[1] == GAP + 5 * (CELL + GAP)


def test_cells_hold_input_prediction_and_maps() -> None:
    row = explained()
    sheet, height = drawn(row), CELL // 2
    photo = np.asarray(Image.fromarray(row.picture.image).resize((CELL, height), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(cell(sheet, 0, height), photo)
    labels = np.repeat([[0, 2]], CELL // 2, axis=1).repeat(height, axis=0)
    np.testing.assert_array_equal(cell(sheet, 1, height), blended(grey(photo), painted(labels, palette(3)), 0.7))
    brightness = cell(sheet, 2, height).sum(-1).astype(float)
    brightness[:, CELL // 2 - 1] = np.nan  # the white line at the end of what is predicted
    assert np.nanmean(brightness[:, :20]) < np.nanmean(brightness[:, 60:100]) < np.nanmean(brightness[:, -20:])
    np.testing.assert_array_equal(cell(sheet, 2, height)[:, CELL // 2 - 1], np.full((height, 3), 255))
    assert (cell(sheet, 2, height)[:, CELL // 2] != 255).any(-1).all()
    faint = cell(sheet, 3, height)
    assert np.abs(faint.astype(int) - EMPTY[0]).max() < 60


def test_what_is_not_drawn_is_written() -> None:
    row = explained()
    below = GAP + 2 * LINE + CELL // 2
    note = cell(drawn(row), 3, LINE, below)
    nothing = Explained(row.picture, row.prediction, None, (row.maps[0], ClassMap(1, None, None, NOWHERE, None)))
    assert (note < 200).any()
    assert (cell(drawn(nothing), 3, LINE, below) == 255).all()


def test_maps_are_drawn_to_a_percentile() -> None:
    """One pixel outshines all others by a thousand: by the percentile, the others are seen."""
    row = explained()
    values = row.maps[0].values
    assert values is not None
    values = values.copy()
    values[0, 0] = 8000
    bright = Explained(row.picture, row.prediction, None, (ClassMap(0, values, 1.0, NOWHERE, None),))
    dark = cell(drawn(bright), 2, CELL // 2)
    seen = cell(drawn(bright, caption=Caption("", (), CAPTION.names, CAPTION.colours, 99)), 2, CELL // 2)
    assert dark[60:, 200:].mean() + 50 < seen[60:, 200:].mean()
    few = np.zeros_like(values)
    few[3:5, 3:5] = 1
    lonely = Explained(row.picture, row.prediction, None, (ClassMap(0, few, 1.0, NOWHERE, None),))
    shown = cell(drawn(lonely, caption=Caption("", (), CAPTION.names, CAPTION.colours, 99)), 2, CELL // 2)
    assert shown[9:12, 9:12, 0].mean() > 150


def test_region_is_framed_in_every_cell() -> None:
    sheet = drawn(explained(label=True), region=Region(50, 25, 100, 75))  # of an image of 100 x 200
    for column in range(5):
        framed = (cell(sheet, column, CELL // 2) == FRAME).all(-1)
        assert framed[32, 64:128].all()
        assert framed[32:96, 64].all()
        assert not framed[:30].any()
        assert not framed[40:80, 70:120].any()


def test_a_row_without_a_label_has_an_empty_cell() -> None:
    sheet = drawn(explained(label=True), explained())
    second = GAP + 2 * LINE + CELL // 2 + LINE + GAP
    assert (cell(sheet, 1, CELL // 2, second) == EMPTY[0]).all()


def test_long_names_stay_in_their_cell() -> None:
    row = explained()
    long = Explained(Picture("x" * 300, row.picture.image), row.prediction, None, row.maps)
    below = GAP + 2 * LINE + CELL // 2
    gap = drawn(long)[below : below + LINE, GAP + CELL : GAP + CELL + GAP]
    assert (gap == 255).all()
    many = Caption("", (), tuple(f"class with a name {number}" for number in range(40)), palette(40))
    everything = Explained(row.picture, np.arange(40)[None].repeat(2, 0), None, row.maps)
    assert drawn(everything, caption=many).shape[0] > drawn(row).shape[0] + 4 * LINE


# --- colours ----------------------------------------------------------------------------------------------------------


def test_heat_grows_brighter() -> None:
    colours = heat(np.linspace(0, 1, 64)[None])[0].astype(float)
    brightness = colours @ (0.299, 0.587, 0.114)
    assert (np.diff(brightness) > 0).all()
    np.testing.assert_array_equal(colours[[0, -1]], [(0, 0, 4), (252, 255, 164)])


def test_palette_is_voc() -> None:
    colours = palette(256)
    assert len(set(colours)) == 256
    assert colours[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert (colours[8], colours[20]) == ((64, 0, 0), (0, 64, 128))


def test_painted() -> None:
    found = painted(np.array([[0, 1, 255]], np.uint8), ((9, 8, 7), (1, 2, 3)))
    np.testing.assert_array_equal(found, [[(9, 8, 7), (1, 2, 3), (0, 0, 0)]])
    assert painted(np.array([[299]]), palette(300)).shape == (1, 1, 3)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_blended(share: float) -> None:
    image, colours = np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert (blended(image, colours, share) == 100 + 100 * share).all()
