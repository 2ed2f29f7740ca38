"""One generated street: drawn far to near, lit, and photographed; its label is exact.

No class can be told by its colour: facades and cars take any, sidewalks, roads and overcast skies are grey alike, and
light, shadow, haze and noise differ from scene to scene. What tells them apart is texture, shape and where they are.
"""

from __future__ import annotations

import colorsys
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from archspec.arrays import Array
from archspec.datasets._contract import Colour

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
LEAVES = 26
TYRE = (20, 20, 22)
TAIL_LIGHT, HEAD_LIGHT = (230, 40, 40), (250, 245, 210)
GREEN, AUTUMN, BARK, SKIN, GLASS = 0.27, 0.09, 0.08, 0.06, 0.58  # hues
_SEED = 20190220
_SKIES = ((0.58, 0.6), (0.6, 0.08), (0.07, 0.5))  # hue and saturation: blue, overcast, dusk
# how much fine, coarse and middling noise each class has; the sky, metal and paint have none
_TEXTURE = {"road": (7, 2, 4), "sidewalk": (3, 3, 7), "building": (3, 5, 4), "tree": (6, 20, 8), "person": (3, 6, 0)}
_NEAREST, _BEYOND = 1.05, 2 * WIDTH


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


def tree(street: Canvas, depth: float) -> None:
    """A trunk and a crown of many leaves; the trunk belongs to the tree."""
    x, y = street.foot(depth, street.beside())
    tall = HEIGHT * street.uniform(0.5, 0.95) * depth
    bark = street.colour((0.2, 0.5), (0.15, 0.4), BARK)
    street.trapezoid(x, (y, tall * 0.03), (y - tall * 0.6, tall * 0.02), bark, "tree")
    hue = GREEN if street.chance(0.75) else AUTUMN
    for _ in range(LEAVES):
        aside, up = street.random.normal(0, 0.14, 2) * tall
        size = tall * street.uniform(0.05, 0.13)
        leaf = street.colour((0.2, 0.7), (0.15, 0.65), hue)
        street.ellipse((x + aside, y - tall * 0.72 + up), (size, size), leaf, "tree")


def lamp(street: Canvas, depth: float) -> None:
    """A pole with a sign or a lamp on it; the lamp belongs to the pole."""
    side = float(street.random.choice((-1, 1)))
    x, y = street.foot(depth, side * street.half_road * street.uniform(1.06, 1.2))
    top = y - HEIGHT * street.uniform(0.45, 0.95) * depth
    half = max(0.6, 3.2 * depth)
    metal = street.colour((0, 0.2), (0.1, 0.7))
    street.trapezoid(x, (y, half), (top, half), metal, "pole")
    size = max(1.5, 15 * depth)
    if street.chance(0.6):
        _sign(street, x, top, size)
        return
    end = x + math.copysign(size * 1.5, street.vanishing - x)
    street.polygon([(x, top), (end, top), (end, top + 2 * half), (x, top + 2 * half)], metal, "pole")


def _sign(street: Canvas, x: float, y: float, size: float) -> None:
    plate = street.colour((0.5, 1.0), (0.5, 1.0))
    if street.chance(0.5):
        street.ellipse((x, y), (size, size), plate, "sign")
    else:
        street.trapezoid(x, (y + size, size), (y - size, size), plate, "sign")


def car(street: Canvas, depth: float) -> None:
    """Seen from behind or ahead on the road: a shadow, tyres, a body, a cabin with a window, and lights."""
    depth = max(depth, 0.12)
    x, y = street.foot(depth, street.uniform(-0.8, 0.8) * street.half_road)
    wide = WIDTH * street.uniform(0.16, 0.22) * depth
    tall = wide * street.uniform(0.75, 1.2)
    shade = int(street.uniform(10, 60))
    street.ellipse((x, y), (wide * 1.15, tall * 0.12), (shade, shade, shade))
    body = street.colour((0, 0.9), (0.1, 0.95))
    for side in (-1, 1):
        street.trapezoid(x + side * wide * 0.785, (y, wide * 0.165), (y - tall * 0.3, wide * 0.165), TYRE, "car")
    roof, slant, waist = y - tall, wide * street.uniform(0.55, 0.85), y - tall * 0.55
    street.trapezoid(x, (y - tall * 0.14, wide), (waist, wide), body, "car")
    street.trapezoid(x, (waist, wide * 0.95), (roof, slant), body, "car")
    glass = street.colour((0, 0.3), (0.05, 0.7), GLASS)
    street.trapezoid(x, (waist, wide * 0.8), (roof + tall * 0.07, slant * 0.85), glass)
    light: Colour = TAIL_LIGHT if street.chance(0.5) else HEAD_LIGHT
    for side in (-1, 1):
        street.ellipse((x + side * wide * 0.78, waist + tall * 0.13), (wide * 0.12, tall * 0.07), light)


def person(street: Canvas, depth: float) -> None:
    """Head, body and two legs, now and then on the road."""
    depth = max(depth, 0.1)
    aside = street.beside() if street.chance(0.8) else street.uniform(-1, 1) * street.half_road
    x, y = street.foot(depth, aside)
    tall = HEIGHT * street.uniform(0.24, 0.32) * depth
    wide = tall * street.uniform(0.11, 0.16)
    shirt, trousers = street.colour((0, 0.9), (0.1, 0.95)), street.colour((0, 0.6), (0.05, 0.6))
    stride, hip = wide * street.uniform(0.2, 1.0), y - tall * 0.5
    for side in (-1, 1):
        ankle = x + side * stride
        leg = [(x, hip), (x + side * wide * 0.9, hip), (ankle + wide * 0.25, y), (ankle - wide * 0.25, y)]
        street.polygon(leg, trousers, "person")
    street.trapezoid(x, (y - tall * 0.45, wide), (y - tall * 0.84, wide * 0.8), shirt, "person")
    skin = street.colour((0.25, 0.6), (0.25, 0.9), SKIN)
    street.ellipse((x, y - tall * 0.91), (wide * 0.55, tall * 0.09), skin, "person")


def scene(split: int, number: int) -> tuple[Array, Array]:
    """The image `(H, W, 3)` and the label `(H, W)`, uint8, of a scene: the same for the same numbers."""
    street = Canvas(np.random.default_rng((_SEED, split, number)))
    _sky(street)
    _buildings(street)
    _ground(street)
    _things(street)
    return _photograph(street), np.asarray(street.label)


def _sky(street: Canvas) -> None:
    """Brighter towards the horizon, with clouds."""
    hue, saturation = _SKIES[street.whole(0, len(_SKIES) - 1)]
    above, below = street.colour((0, saturation), (0.45, 0.9), hue), street.colour((0, 0.25), (0.75, 1.0), hue)
    share = np.linspace(0, 1, HEIGHT)[:, None, None]
    clouds = np.clip(street.noise(6) + 0.5 * street.noise(15), 0, 1.5)[:, :, None] * street.uniform(0, 45)
    pixels = np.array(above) * (1 - share) + np.array(below) * share + clouds
    street.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))


def _buildings(street: Canvas) -> None:
    """A row of houses on each side, and perhaps a block at the end of the street."""
    if street.chance(0.6):
        top, foot = street.horizon * (1 - street.uniform(0.1, 0.5)), street.horizon + 4
        wide = WIDTH * street.uniform(0.05, 0.2)
        left, right = street.vanishing - wide, street.vanishing + wide * street.uniform(0.3, 1)
        _facade(street, [(left, top), (right, top), (right, foot), (left, foot)], 6)
    for side in (-1, 1):
        far = street.uniform(0.03, 0.1)
        while far < 1.6:
            near = far * street.uniform(1.4, 2.2)
            if street.chance(0.85):
                _house(street, side, far, near)
            far = near * street.uniform(1.0, 1.15)


def _house(street: Canvas, side: int, far: float, near: float) -> None:
    """One facade between two depths."""
    (x_far, y_far), (x_near, y_near) = (street.foot(depth, side * street.half_paved) for depth in (far, near))
    tall = HEIGHT * street.uniform(0.45, 1.5)
    corners = [(x_far, y_far - tall * far), (x_near, y_near - tall * near), (x_near, y_near), (x_far, y_far)]
    _facade(street, corners, street.whole(2, 7))


def _facade(street: Canvas, corners: list[Point], storeys: int) -> None:
    """A quadrilateral (top left, top right, bottom right, bottom left) with a grid of windows, some of them walled."""
    wall = street.colour((0, 0.55), (0.25, 0.9))
    street.polygon(corners, wall, "building")
    pane = street.colour((0, 0.4), (0.1, 0.9))
    columns, margin = street.whole(2, 6), street.uniform(0.15, 0.35)
    for row in range(storeys):
        for column in range(columns):
            left, right = (column + margin) / columns, (column + 1 - margin) / columns
            upper, lower = (row + margin) / storeys, (row + 1 - margin) / storeys
            around = ((left, upper), (right, upper), (right, lower), (left, lower))
            window = [_inside(corners, across, down) for across, down in around]
            street.polygon(window, pane if street.chance(0.85) else wall)


def _inside(corners: list[Point], across: float, down: float) -> Point:
    """A point of a quadrilateral, bilinear."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    top = (ax + (bx - ax) * across, ay + (by - ay) * across)
    bottom = (dx + (cx - dx) * across, dy + (cy - dy) * across)
    return top[0] + (bottom[0] - top[0]) * down, top[1] + (bottom[1] - top[1]) * down


def _ground(street: Canvas) -> None:
    """Sidewalks with joints, a road with kerbs and lane marks, now and then a crossing."""
    grey, paved = street.colour((0, 0.12), (0.3, 0.6)), street.colour((0, 0.25), (0.35, 0.8))
    begin = street.horizon + 1
    street.polygon([(-_BEYOND, begin), (_BEYOND, begin), (_BEYOND, HEIGHT), (-_BEYOND, HEIGHT)], paved, "sidewalk")
    for joint in range(18):
        street.line(0.04 * 1.22**joint, _scaled(paved, 0.82))
    half = street.half_road
    street.strip((-half, half), (0.01, _NEAREST), grey, "road")
    for edge in (-half, half):
        street.strip((edge, edge * 1.05), (0.01, _NEAREST), _scaled(grey, 1.25), "sidewalk")
    paint = street.colour((0, 0.15), (0.75, 1.0))
    for far in np.arange(0.05, 1.0, 0.16).tolist() if street.chance(0.8) else ():
        street.strip((-3.0, 3.0), (far, far * 1.08 + 0.02), paint, "road")
    if street.chance(0.3):
        far = street.uniform(0.3, 0.7)
        for stripe in range(11):
            left = half * (stripe * 2 / 11 - 1)
            street.strip((left, left + half / 11), (far, far * 1.15), paint, "road")


def _scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(part * factor)) for part in colour)
    return red, green, blue


def _things(street: Canvas) -> None:
    """Trees, lamps, cars and persons, the far ones first."""
    kinds = [tree] * street.whole(1, 5) + [lamp] * street.whole(1, 4)
    kinds += [car] * street.whole(2, 6) + [person] * street.whole(2, 7)
    depths = [street.uniform(0.08, 1.0) ** 1.3 for _ in kinds]
    for depth, kind in sorted(zip(depths, kinds, strict=True), key=lambda pair: pair[0]):
        kind(street, depth)


def _photograph(street: Canvas) -> Array:
    """Texture of each class, shadows, haze with distance, light, lens and sensor."""
    label = np.asarray(street.label)
    pixels = np.asarray(street.image, np.float32) + _texture(street, label)[:, :, None]
    below = label != NUMBER["sky"]
    shadow = 1 - 0.45 * street.uniform(0, 1) * np.clip(2 * street.noise(5) - 0.5, 0, 1) * below
    far = np.exp(-np.abs(np.arange(HEIGHT) - street.horizon) / (0.12 * HEIGHT))[:, None]
    haze = (far * street.uniform(0, 0.6) * below)[:, :, None]
    light = street.uniform(0.55, 1.15) * (1 + street.uniform(-0.25, 0.25) * np.linspace(-1, 1, WIDTH))
    air = np.array(street.colour((0, 0.2), (0.6, 0.95)), np.float32)
    pixels = pixels * shadow[:, :, None] * (1 - haze) + air * haze
    pixels = pixels * light[:, None] * street.random.uniform(0.88, 1.12, 3)
    seen = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    seen = seen.filter(ImageFilter.GaussianBlur(street.uniform(0.3, 0.9)))
    grain = street.random.normal(0, street.uniform(2, 9), (*SIZE, 3))
    return np.clip(np.asarray(seen, np.float32) + grain, 0, 255).astype(np.uint8)


def _texture(street: Canvas, label: Array) -> Array:
    """Coarse on trees, fine on roads, middling on sidewalks."""
    noises = (street.random.normal(0, 1, SIZE), street.noise(70), street.noise(30))
    strength = np.array([_TEXTURE.get(name, (0, 0, 0)) for name in CLASSES])[label]
    texture: Array = sum(strength[..., kind] * noise for kind, noise in enumerate(noises))
    return texture
