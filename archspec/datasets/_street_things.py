"""What stands in a generated street: trees, lamps, signs, cars and persons, each at a depth (0 far, 1 near)."""

from __future__ import annotations

import math

from archspec.datasets._contract import Colour
from archspec.datasets._street_canvas import HEIGHT, WIDTH, Canvas

LEAVES = 26
TYRE = (20, 20, 22)
TAIL_LIGHT, HEAD_LIGHT = (230, 40, 40), (250, 245, 210)
GREEN, AUTUMN, BARK, SKIN, GLASS = 0.27, 0.09, 0.08, 0.06, 0.58  # hues


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
