"""One generated street: drawn far to near, lit, and photographed; its label is exact.

No class can be told by its colour: facades and cars take any, sidewalks, roads and overcast skies are grey alike, and
light, shadow, haze and noise differ from scene to scene. What tells them apart is texture, shape and where they are.
"""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Array = np.ndarray[Any, Any]
Point = tuple[float, float]
Colour = tuple[int, int, int]

VERSION = 1  # raise it whenever a scene changes
SIZE = (240, 320)
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


def scene(split: int, number: int) -> tuple[Array, Array]:
    """The image `(H, W, 3)` and the label `(H, W)`, uint8, of a scene."""
    street = _Street(np.random.default_rng((20190220, split, number)))
    street.draw()
    return street.photograph(), np.asarray(street.label)


class _Street:
    """A canvas for what is seen, one for what it is, and the perspective both are drawn in."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.random = generator
        height, width = SIZE
        self.horizon = height * generator.uniform(0.36, 0.52)
        self.vanishing = width * generator.uniform(0.3, 0.7)
        self.half_road = width * generator.uniform(0.35, 0.75)  # at the lower edge
        self.half_paved = self.half_road + width * generator.uniform(0.15, 0.4)
        self.image = Image.new("RGB", (width, height))
        self.label = Image.new("L", (width, height))
        self._paint, self._mark = ImageDraw.Draw(self.image), ImageDraw.Draw(self.label)

    def draw(self) -> None:
        """Everything, far to near."""
        self.sky()
        self.buildings()
        self.ground()
        things = [self.tree] * self.whole(1, 5) + [self.lamp] * self.whole(1, 4) + [self.car] * self.whole(2, 6)
        things += [self.person] * self.whole(2, 7)
        for depth, order in sorted((self.random.uniform(0.08, 1.0) ** 1.3, place) for place in range(len(things))):
            things[order](depth)

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return int(self.random.integers(low, high + 1))

    def colour(self, saturation: tuple[float, float], value: tuple[float, float], hue: float | None = None) -> Colour:
        """A colour of any hue, or near the one given."""
        shade = self.random.uniform() if hue is None else (hue + self.random.normal(0, 0.03)) % 1
        red, green, blue = colorsys.hsv_to_rgb(shade, self.random.uniform(*saturation), self.random.uniform(*value))
        return int(red * 255), int(green * 255), int(blue * 255)

    def polygon(self, points: list[Point], colour: Colour, name: str) -> None:
        """The same outline on both canvases."""
        self._paint.polygon(points, fill=colour)
        self._mark.polygon(points, fill=NUMBER[name])

    def ellipse(self, box: tuple[float, float, float, float], colour: Colour, name: str) -> None:
        """The same ellipse on both canvases."""
        self._paint.ellipse(box, fill=colour)
        self._mark.ellipse(box, fill=NUMBER[name])

    def foot(self, depth: float, aside: float) -> Point:
        """Where something stands: depth 0 at the horizon to 1 at the lower edge, `aside` in pixels there."""
        return self.vanishing + aside * depth, self.horizon + (SIZE[0] - self.horizon) * depth

    def sky(self) -> None:
        """Blue, white or dusk, brighter towards the horizon, with clouds."""
        hue, saturation = ((0.58, 0.6), (0.6, 0.08), (0.07, 0.5))[self.whole(0, 2)]
        above, below = self.colour((0, saturation), (0.45, 0.9), hue), self.colour((0, 0.25), (0.75, 1.0), hue)
        share = np.linspace(0, 1, SIZE[0])[:, None, None]
        clouds = np.clip(self.noise(6) + 0.5 * self.noise(15), 0, 1.5)[:, :, None] * self.random.uniform(0, 45)
        pixels = np.array(above) * (1 - share) + np.array(below) * share + clouds
        self.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
        self._mark.rectangle((0, 0, SIZE[1], SIZE[0]), fill=NUMBER["sky"])

    def buildings(self) -> None:
        """A row of facades on each side, each with its windows, and perhaps a block at the end of the street."""
        if self.random.uniform() < 0.6:
            tall, wide = self.horizon * self.random.uniform(0.1, 0.5), SIZE[1] * self.random.uniform(0.05, 0.2)
            left, right = self.vanishing - wide, self.vanishing + wide * self.random.uniform(0.3, 1)
            self.facade([(left, self.horizon - tall), (right, self.horizon - tall),
                         (right, self.horizon + 4), (left, self.horizon + 4)], 6)  # fmt: skip
        for side in (-1, 1):
            far = self.random.uniform(0.03, 0.1)
            while far < 1.6:
                near = far * self.random.uniform(1.4, 2.2)
                if self.random.uniform() < 0.85:
                    self.house(side, far, near)
                far = near * self.random.uniform(1.0, 1.15)

    def house(self, side: int, far: float, near: float) -> None:
        """One facade between two depths, as tall as its storeys."""
        aside = side * self.half_paved
        (x_far, y_far), (x_near, y_near) = self.foot(far, aside), self.foot(near, aside)
        tall = SIZE[0] * self.random.uniform(0.45, 1.5)
        self.facade([(x_far, y_far - tall * far), (x_near, y_near - tall * near), (x_near, y_near), (x_far, y_far)],
                    self.whole(2, 7))  # fmt: skip

    def facade(self, corners: list[Point], storeys: int) -> None:
        """A quadrilateral (top left, top right, bottom right, bottom left) with a grid of windows."""
        wall = self.colour((0, 0.55), (0.25, 0.9))
        self.polygon(corners, wall, "building")
        pane = self.colour((0, 0.4), (0.1, 0.9))
        columns = self.whole(2, 6)
        margin = self.random.uniform(0.15, 0.35)
        for row in range(storeys):
            for column in range(columns):
                across = ((column + margin) / columns, (column + 1 - margin) / columns)
                down = ((row + margin) / storeys, (row + 1 - margin) / storeys)
                points = [
                    _inside(corners, u, v)
                    for u, v in zip((*across, *across[::-1]), (down[0],) * 2 + (down[1],) * 2, strict=True)
                ]
                self._paint.polygon(points, fill=pane if self.random.uniform() < 0.85 else wall)

    def ground(self) -> None:
        """Road and sidewalks from the horizon to the lower edge, with lane marks, joints and a kerb."""
        grey = self.colour((0, 0.12), (0.3, 0.6))
        paved = self.colour((0, 0.25), (0.35, 0.8))
        far, wide = 0.01, SIZE[1] * 2
        self.polygon(
            [(-wide, self.horizon + 1), (wide, self.horizon + 1), (wide, SIZE[0]), (-wide, SIZE[0])], paved, "sidewalk"
        )
        joint = tuple(int(part * 0.82) for part in paved)
        for depth in 0.04 * 1.22 ** np.arange(18):
            (left, row), (right, _) = self.foot(depth, -wide), self.foot(depth, wide)
            self._paint.line((left, row, right, row), fill=joint)
        edges = (-self.half_road, self.half_road)
        self.strip(edges, far, 1.05, grey, "road")
        kerb = tuple(min(255, int(part * 1.25)) for part in grey)
        for edge in edges:
            self.strip((edge, edge * 1.05), far, 1.05, kerb, "sidewalk")
        paint = self.colour((0, 0.15), (0.75, 1.0))
        for start in np.arange(0.05, 1.0, 0.16) if self.random.uniform() < 0.8 else ():
            self.strip((-3.0, 3.0), start, start + 0.08 * start + 0.02, paint, "road")
        if self.random.uniform() < 0.3:
            depth = self.random.uniform(0.3, 0.7)
            for stripe in np.linspace(-self.half_road, self.half_road, 12)[:-1]:
                self.strip((stripe, stripe + self.half_road / 11), depth, depth * 1.15, paint, "road")

    def strip(self, across: tuple[float, float], far: float, near: float, colour: Any, name: str) -> None:
        """A part of the ground between two depths."""
        left, right = across
        self.polygon(
            [self.foot(far, left), self.foot(far, right), self.foot(near, right), self.foot(near, left)], colour, name
        )

    def beside(self) -> float:
        """Somewhere on a sidewalk, on either side."""
        return float(self.random.choice((-1, 1)) * self.random.uniform(self.half_road * 1.08, self.half_paved))

    def tree(self, depth: float) -> None:
        """A trunk and a crown of many leaves; the trunk belongs to the tree."""
        x, y = self.foot(depth, self.beside())
        tall = SIZE[0] * self.random.uniform(0.5, 0.95) * depth
        trunk = self.colour((0.2, 0.5), (0.15, 0.4), 0.08)
        self.polygon(
            [
                (x - tall * 0.03, y),
                (x + tall * 0.03, y),
                (x + tall * 0.02, y - tall * 0.6),
                (x - tall * 0.02, y - tall * 0.6),
            ],
            trunk,
            "tree",
        )
        hue = 0.27 if self.random.uniform() < 0.75 else 0.09  # a green one, or one in autumn
        for _ in range(26):
            spread = self.random.normal(0, 0.14, 2) * tall
            size = tall * self.random.uniform(0.05, 0.13)
            where = (x + spread[0], y - tall * 0.72 + spread[1])
            leaf = self.colour((0.2, 0.7), (0.15, 0.65), hue)
            self.ellipse((where[0] - size, where[1] - size, where[0] + size, where[1] + size), leaf, "tree")

    def lamp(self, depth: float) -> None:
        """A pole with a lamp or a sign on it."""
        x, y = self.foot(depth, float(self.random.choice((-1, 1))) * self.half_road * self.random.uniform(1.06, 1.2))
        tall = SIZE[0] * self.random.uniform(0.45, 0.95) * depth
        half = max(0.6, 3.2 * depth)
        metal = self.colour((0, 0.2), (0.1, 0.7))
        self.polygon([(x - half, y), (x + half, y), (x + half, y - tall), (x - half, y - tall)], metal, "pole")
        size = max(1.5, 15 * depth)
        if self.random.uniform() < 0.6:
            plate = self.colour((0.5, 1.0), (0.5, 1.0))
            box = (x - size, y - tall - size, x + size, y - tall + size)
            if self.random.uniform() < 0.5:
                self.ellipse(box, plate, "sign")
            else:
                self.polygon([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])], plate, "sign")
        else:
            reach = np.sign(self.vanishing - x) * size * 1.5
            self.polygon(
                [(x, y - tall), (x + reach, y - tall), (x + reach, y - tall + 2 * half), (x, y - tall + 2 * half)],
                metal,
                "pole",
            )

    def car(self, depth: float) -> None:
        """Seen from behind or ahead on the road: a shadow, a body, a cabin with a window, wheels and lights."""
        depth = max(depth, 0.12)
        x, y = self.foot(depth, self.random.uniform(-0.8, 0.8) * self.half_road)
        wide = SIZE[1] * self.random.uniform(0.16, 0.22) * depth
        tall = wide * self.random.uniform(0.75, 1.2)
        shade = int(self.random.uniform(10, 60))
        self._paint.ellipse((x - wide * 1.15, y - tall * 0.12, x + wide * 1.15, y + tall * 0.12), fill=(shade,) * 3)
        body = self.colour((0, 0.9), (0.1, 0.95))
        for side in (-1, 1):
            tyre = sorted((x + side * wide * 0.62, x + side * wide * 0.95))
            self.polygon(
                [(tyre[0], y), (tyre[1], y), (tyre[1], y - tall * 0.3), (tyre[0], y - tall * 0.3)], (20, 20, 22), "car"
            )
        top, slant = y - tall, wide * self.random.uniform(0.55, 0.85)
        waist = y - tall * 0.55
        self.polygon(
            [(x - wide, y - tall * 0.14), (x + wide, y - tall * 0.14), (x + wide, waist), (x - wide, waist)],
            body,
            "car",
        )
        self.polygon(
            [(x - wide * 0.95, waist), (x + wide * 0.95, waist), (x + slant, top), (x - slant, top)], body, "car"
        )
        glass = self.colour((0, 0.3), (0.05, 0.7), 0.58)
        self._paint.polygon(
            [
                (x - wide * 0.8, waist),
                (x + wide * 0.8, waist),
                (x + slant * 0.85, top + tall * 0.07),
                (x - slant * 0.85, top + tall * 0.07),
            ],
            fill=glass,
        )
        light = (230, 40, 40) if self.random.uniform() < 0.5 else (250, 245, 210)
        for side in (-1, 1):
            self._paint.ellipse(
                (
                    x + side * wide * 0.78 - wide * 0.12,
                    waist + tall * 0.06,
                    x + side * wide * 0.78 + wide * 0.12,
                    waist + tall * 0.2,
                ),
                fill=light,
            )

    def person(self, depth: float) -> None:
        """Head, body and two legs, now and then on the road."""
        depth = max(depth, 0.1)
        aside = self.beside() if self.random.uniform() < 0.8 else self.random.uniform(-1, 1) * self.half_road
        x, y = self.foot(depth, aside)
        tall = SIZE[0] * self.random.uniform(0.24, 0.32) * depth
        wide = tall * self.random.uniform(0.11, 0.16)
        shirt, legs = self.colour((0, 0.9), (0.1, 0.95)), self.colour((0, 0.6), (0.05, 0.6))
        stride = wide * self.random.uniform(0.2, 1.0)
        for side in (-1, 1):
            self.polygon(
                [
                    (x, y - tall * 0.5),
                    (x + side * wide * 0.9, y - tall * 0.5),
                    (x + side * stride + wide * 0.25, y),
                    (x + side * stride - wide * 0.25, y),
                ],
                legs,
                "person",
            )
        self.polygon(
            [
                (x - wide, y - tall * 0.45),
                (x + wide, y - tall * 0.45),
                (x + wide * 0.8, y - tall * 0.84),
                (x - wide * 0.8, y - tall * 0.84),
            ],
            shirt,
            "person",
        )
        skin = self.colour((0.25, 0.6), (0.25, 0.9), 0.06)
        self.ellipse((x - wide * 0.55, y - tall, x + wide * 0.55, y - tall * 0.82), skin, "person")

    def noise(self, cells: int) -> Array:
        """Smooth noise `(H, W)` around 0, about `cells` hills across."""
        grid = self.random.normal(0, 1, (cells, cells + cells // 3)).astype(np.float32)
        return np.asarray(Image.fromarray(grid).resize(SIZE[::-1], Image.Resampling.BICUBIC))

    def photograph(self) -> Array:
        """Texture of each class, shadows, haze with distance, light, lens and sensor."""
        label = np.asarray(self.label)
        pixels = np.asarray(self.image, np.float32)
        pixels = pixels + self._texture(label)[:, :, None]
        shadow = 1 - 0.45 * self.random.uniform() * np.clip(2 * self.noise(5) - 0.5, 0, 1) * (label != NUMBER["sky"])
        rows = np.abs(np.arange(SIZE[0]) - self.horizon) / SIZE[0]
        haze = np.exp(-rows / 0.12)[:, None] * self.random.uniform(0, 0.6) * (label != NUMBER["sky"])
        light = self.random.uniform(0.55, 1.15) * (1 + self.random.uniform(-0.25, 0.25) * np.linspace(-1, 1, SIZE[1]))
        air = np.array(self.colour((0, 0.2), (0.6, 0.95)), np.float32)
        pixels = (pixels * shadow[:, :, None]) * (1 - haze[:, :, None]) + air * haze[:, :, None]
        pixels = pixels * light[:, None] * self.random.uniform(0.88, 1.12, 3)
        seen = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        seen = seen.filter(ImageFilter.GaussianBlur(self.random.uniform(0.3, 0.9)))
        grain = self.random.normal(0, self.random.uniform(2, 9), (*SIZE, 3))
        return np.clip(np.asarray(seen, np.float32) + grain, 0, 255).astype(np.uint8)

    def _texture(self, label: Array) -> Array:
        """Coarse on trees, fine on roads, middling on walls, none in the sky or on metal."""
        fine = self.random.normal(0, 1, SIZE)
        coarse, middling = self.noise(70), self.noise(30)
        strength = np.zeros((len(CLASSES), 3))
        strength[NUMBER["road"]] = (7, 2, 4)
        strength[NUMBER["sidewalk"]] = (3, 3, 7)
        strength[NUMBER["building"]] = (3, 5, 4)
        strength[NUMBER["tree"]] = (6, 20, 8)
        strength[NUMBER["person"]] = (3, 6, 0)
        weights = strength[label]
        texture: Array = weights[..., 0] * fine + weights[..., 1] * coarse + weights[..., 2] * middling
        return texture


def _inside(corners: list[Point], across: float, down: float) -> Point:
    """A point of a quadrilateral, bilinear."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    top = (ax + (bx - ax) * across, ay + (by - ay) * across)
    bottom = (dx + (cx - dx) * across, dy + (cy - dy) * across)
    return top[0] + (bottom[0] - top[0]) * down, top[1] + (bottom[1] - top[1]) * down
