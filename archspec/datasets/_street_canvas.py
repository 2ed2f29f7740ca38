"""The canvas of a generated street: what is seen and what it is, drawn with the same outlines in one perspective."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from archspec.datasets._contract import Colour

Array = np.ndarray[Any, Any]
Point = tuple[float, float]
Range = tuple[float, float]

HEIGHT, WIDTH = SIZE = (240, 320)
CLASSES: dict[str, Colour] = {
    "sky": (70, 130, 180),
    "building": (70, 70, 70),
    "pole": (153, 153, 153),
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "tree": (107, 142, 35),
    "sign": (220, 220, 0),
    "car": (0, 0, 142),
    "person": (220, 20, 60),
}
NUMBER = {name: number for number, name in enumerate(CLASSES)}


class Canvas:
    """`image` and `label` of one scene, and the camera's place: drawn with a name, both change; without, the image."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.random = generator
        self.horizon = HEIGHT * generator.uniform(0.36, 0.52)
        self.vanishing = WIDTH * generator.uniform(0.3, 0.7)
        self.half_road = WIDTH * generator.uniform(0.35, 0.75)  # at the lower edge
        self.half_paved = self.half_road + WIDTH * generator.uniform(0.15, 0.4)
        self.image = Image.new("RGB", (WIDTH, HEIGHT))
        self.label = Image.new("L", (WIDTH, HEIGHT))
        self._paint, self._mark = ImageDraw.Draw(self.image), ImageDraw.Draw(self.label)

    def uniform(self, low: float, high: float) -> float:
        """A number between two."""
        return float(self.random.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.uniform(0, 1) < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return int(self.random.integers(low, high + 1))

    def colour(self, saturation: Range, value: Range, hue: float | None = None) -> Colour:
        """A colour of any hue, or near the one given."""
        shade = self.uniform(0, 1) if hue is None else (hue + self.random.normal(0, 0.03)) % 1
        red, green, blue = colorsys.hsv_to_rgb(shade, self.uniform(*saturation), self.uniform(*value))
        return int(red * 255), int(green * 255), int(blue * 255)

    def noise(self, cells: int) -> Array:
        """Smooth noise `(H, W)` around 0, about `cells` hills high."""
        grid = self.random.normal(0, 1, (cells, cells + cells // 3)).astype(np.float32)
        return np.asarray(Image.fromarray(grid).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))

    def foot(self, depth: float, aside: float) -> Point:
        """Where something stands: depth 0 at the horizon to 1 at the lower edge, `aside` in pixels there."""
        return self.vanishing + aside * depth, self.horizon + (HEIGHT - self.horizon) * depth

    def beside(self) -> float:
        """Somewhere on a sidewalk, on either side."""
        return float(self.random.choice((-1, 1)) * self.uniform(self.half_road * 1.08, self.half_paved))

    def polygon(self, points: list[Point], colour: Colour, name: str = "") -> None:
        """An outline and its inside."""
        self._paint.polygon(points, fill=colour)
        if name:
            self._mark.polygon(points, fill=NUMBER[name])

    def ellipse(self, middle: Point, reach: Point, colour: Colour, name: str = "") -> None:
        """Around a middle, so far to either side."""
        (x, y), (across, down) = middle, reach
        box = (x - across, y - down, x + across, y + down)
        self._paint.ellipse(box, fill=colour)
        if name:
            self._mark.ellipse(box, fill=NUMBER[name])

    def trapezoid(self, x: float, low: Point, high: Point, colour: Colour, name: str = "") -> None:
        """Upright around `x`: `low` and `high` are a height in the picture and half the width there."""
        (below, wide), (above, narrow) = low, high
        points = [(x - wide, below), (x + wide, below), (x + narrow, above), (x - narrow, above)]
        self.polygon(points, colour, name)

    def strip(self, across: Range, along: Range, colour: Colour, name: str) -> None:
        """A part of the ground: from left to right (pixels at the lower edge), from far to near (depths)."""
        (left, right), (far, near) = across, along
        corners = [self.foot(far, left), self.foot(far, right), self.foot(near, right), self.foot(near, left)]
        self.polygon(corners, colour, name)

    def line(self, depth: float, colour: Colour) -> None:
        """Across the whole picture at a depth."""
        _, row = self.foot(depth, 0)
        self._paint.line((-WIDTH, row, 2 * WIDTH, row), fill=colour)
