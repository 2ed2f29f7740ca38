"""Where a map points: the share of it inside a region, and whether its largest value is there.

The share is the energy-based pointing game of Score-CAM (arXiv:1910.01279, §4.4), with a region in place of a box; the
hit is the pointing game of arXiv:1608.00507, without its tolerance of 15 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from archspec.arrays import Array


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


def inside(values: Array | None, region: Array, counted: Array | None = None) -> Inside:
    """A map `(H, W)` of numbers from 0 and a region `(H, W)` of truths. Only `counted` pixels count, else all."""
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
