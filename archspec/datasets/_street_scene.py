"""One generated street: drawn far to near, lit, and photographed; its label is exact.

No class can be told by its colour: facades and cars take any, sidewalks, roads and overcast skies are grey alike, and
light, shadow, haze and noise differ from scene to scene. What tells them apart is texture, shape and where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from archspec.datasets._contract import Colour
from archspec.datasets._street_canvas import CLASSES, HEIGHT, NUMBER, SIZE, WIDTH, Canvas, Point
from archspec.datasets._street_things import car, lamp, person, tree

Array = np.ndarray[Any, Any]

_SEED = 20190220
_SKIES = ((0.58, 0.6), (0.6, 0.08), (0.07, 0.5))  # hue and saturation: blue, overcast, dusk
# how much fine, coarse and middling noise each class has; the sky, metal and paint have none
_TEXTURE = {"road": (7, 2, 4), "sidewalk": (3, 3, 7), "building": (3, 5, 4), "tree": (6, 20, 8), "person": (3, 6, 0)}
_NEAREST, _BEYOND = 1.05, 2 * WIDTH


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
