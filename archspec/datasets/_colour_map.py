"""Colours for classes that have none of their own: Pascal VOC's map, in which each number has one colour for ever."""

from __future__ import annotations

from archspec.datasets._contract import Colour


def colour_map(count: int) -> tuple[Colour, ...]:
    """The colours of the numbers below `count`: bit k of a number, by threes, fills the channels from the top down.

    Source: VOCdevkit, VOClabelcolormap.m.
    """
    return tuple(_colour(number) for number in range(count))


def _colour(number: int) -> Colour:
    channels = [0, 0, 0]
    for shift in range(7, -1, -1):
        for channel in range(3):
            channels[channel] |= (number >> channel & 1) << shift
        number >>= 3
    return channels[0], channels[1], channels[2]
