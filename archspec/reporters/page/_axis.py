"""Axes: round numbers for ticks, and where a value lies between the ends, in per cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, with `ticks` between them."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """0 at `low`, 100 at `high`."""
        return 100 * (value - self.low) / (self.high - self.low)

    def said(self, tick: float) -> str:
        """A tick's number, with as many decimals as its neighbours need."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        digits = next((some for some in range(12) if abs(round(step, some) - step) < 1e-9 * step), 12)
        text = f"{tick:,.{digits}f}"
        return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def axis_of(values: Sequence[float], *, from_zero: bool = False, wanted: int = 5) -> Axis:
    """An axis that holds all values, its ends on round numbers; a tenth of air around a single one."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high > low:
        air = abs(low) / 10 or 1.0
        low, high = (low - air, high + air) if not from_zero else (min(low, 0.0), max(high, air))
    step = _round_step((high - low) / wanted)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def number(value: float | None, digits: int | None = None) -> str:
    """For people: `1,234`, `0.0123`; four digits that matter where `digits` does not say."""
    if value is None or not math.isfinite(value):
        return "–"
    if digits is None:
        return _four_digits(value)
    text = f"{value:,.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def _four_digits(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if not 1e-5 <= abs(value) < 1e15:
        return f"{value:.3e}"
    text = f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
