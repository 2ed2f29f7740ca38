"""What one device needs for each operator, as plain values and as a JSON file of one line for each operator."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from archspec.arrays import PRECISIONS, Precision
from archspec.errors import Place, user_error
from archspec.files import cache_folder, exists, read_bytes
from archspec.predictor.signature import Signature
from archspec.record import write_text

FORMAT = "archspec-latency-table"
VERSION = 2
READ = {1: ("float32",), 2: PRECISIONS}  # a table of version 1 knows int8 operators by their float32 ones
REMEDY = "Name a table that archspec wrote, or calibrate anew"
T = TypeVar("T")
DOUBLING_ERROR = 0.06  # as found on a host (docs/predictor.md); of tables that say nothing of it
OTHER = "other"
"""The key of the factor that all other kinds of operator share."""


class OperatorTime(NamedTuple):
    """Milliseconds alone, at the reference's pace: with cold caches (other models ran before) and warm."""

    cold_ms: float
    warm_ms: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a table holds for; `device` is its kind, `fingerprint` which one (archspec.devices.Machine)."""

    device: str
    fingerprint: str
    cpu: str
    runtime: str
    version: str
    threads: int
    precision: Precision = "float32"

    def differences(self, other: Conditions) -> list[str]:
        """`threads 1, not 2` for each that differs; the name of the processor is not compared, its fingerprint is."""
        return [
            f"{one.name} {getattr(self, one.name)}, not {getattr(other, one.name)}"
            for one in fields(self)
            if one.name != "cpu" and getattr(self, one.name) != getattr(other, one.name)
        ]


@dataclass(frozen=True, slots=True)
class Correction:
    """From operators alone to a network: Σ factor · warm + cold_factor · Σ (cold - warm) + operation_ms · operations.

    A factor is of a code, or of `OTHER`. Alone, an operator pays for a call of its own and finds its weights in the
    caches; in a network it does neither. `networks` is how many it was fitted to.
    """

    factors: Mapping[str, float]
    cold_factor: float
    operation_ms: float
    networks: int

    def factor(self, kind: str) -> float:
        """That of a kind of operator."""
        return self.factors.get(kind, self.factors[OTHER])


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How wrong predictions were on `networks` that neither entries nor correction were measured or fitted with.

    `equal_spearman` is the rank correlation among the `equal_networks` of them within ± 15 % of the same MACs; None
    where there are fewer than five. `interpolated` is the mean share of predicted time that no entry stood for.
    One that `is_left_out` is estimated from the networks of the fit itself, each predicted without it.
    `doubling_error` is how wrong the time of an operator is for each doubling beyond the longest measured of its kind.
    """

    networks: int
    median_error: float
    p90_error: float
    spearman: float
    equal_networks: int
    equal_spearman: float | None
    interpolated: float
    time: str
    doubling_error: float = DOUBLING_ERROR
    is_left_out: bool = False

    def __str__(self) -> str:
        if self.is_left_out:
            return (
                f"carried over by {self.networks} networks: median error {100 * self.median_error:.1f} %, 9 of 10 "
                f"within {100 * self.p90_error:.1f} %, estimated by leaving each of them out once (measured "
                f"{self.time[:10]})"
            )
        equal = "too few of equal FLOPs to rank"
        if self.equal_spearman is not None:
            equal = f"{self.equal_spearman:.2f} among {self.equal_networks} of equal FLOPs (± 15 %)"
        return (
            f"on {self.networks} networks it was not fitted to: median error {100 * self.median_error:.1f} %, 9 of 10 "
            f"within {100 * self.p90_error:.1f} %, rank correlation {self.spearman:.3f}, {equal}; "
            f"{100 * self.interpolated:.0f} % of the time interpolated (measured {self.time[:10]})"
        )


@dataclass(frozen=True)
class LatencyTable:
    """`reference_ms` is the pace: what the reference network took on the device when the table was begun.

    One that was carried over from the table of another device says `like` which; its operators may then be those of
    another precision.
    """

    conditions: Conditions
    reference_ms: float
    entries: Mapping[Signature, OperatorTime] = field(default_factory=dict, repr=False)
    correction: Correction | None = None
    accuracy: Accuracy | None = None
    like: str = ""
    operators: Precision | None = None

    @property
    def operators_precision(self) -> Precision:
        """In which precision the operators of its entries are."""
        return self.operators or self.conditions.precision

    def with_entries(self, entries: Mapping[Signature, OperatorTime]) -> LatencyTable:
        """The same table with further entries; the accuracy was measured with fewer, and stays."""
        return replace(self, entries={**self.entries, **entries})

    def check(self, conditions: Conditions) -> None:
        """Raises `UserError` when the table is of another device, runtime, number of threads or precision."""
        found = self.conditions.differences(conditions)
        if found:
            raise user_error(f"the latency table is of another device: {'; '.join(found)}", "Calibrate this one")


def table_path(conditions: Conditions, folder: str | os.PathLike[str] | None = None) -> Path:
    """Where the table of a device is kept: in `folder`, else in the user's cache (XDG_CACHE_HOME or ~/.cache)."""
    root = cache_folder("latency") if folder is None else Path(folder)
    parts = (
        conditions.device,
        conditions.fingerprint,
        conditions.runtime,
        conditions.version,
        f"{conditions.threads}-threads",
        conditions.precision,
    )
    name = "-".join("".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in one) for one in parts)
    return root / f"{name}.json"


def write_table(path: str | os.PathLike[str], table: LatencyTable) -> None:
    """Write `table`, the same bytes for the same table, atomically. Raises `UserError` when it cannot be written."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "conditions": asdict(table.conditions),
        "reference_ms": table.reference_ms,
        "correction": None if table.correction is None else asdict(table.correction),
        "score": None if table.accuracy is None else asdict(table.accuracy),
        **({"like": table.like, "operators": table.operators} if table.like else {}),
    }
    entries = [json.dumps([*time, *key.to_json()], allow_nan=False) for key, time in table.entries.items()]
    opening = json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
    write_text(path, opening + ',\n "entries": [\n' + ",\n".join(sorted(entries)) + "\n]}\n")


def read_table(path: str | os.PathLike[str]) -> LatencyTable:
    """The table of a file that `write_table` wrote. Raises `UserError` when it is not one."""
    place = Place(os.fspath(path))
    document = _parse(path, place)
    precisions = READ.get(document.get("version", 0))
    if document.get("format") != FORMAT or precisions is None:
        raise user_error(f"not a latency table of version {VERSION}", REMEDY, place=place)
    try:
        conditions = Conditions(**document["conditions"])
        if conditions.precision not in precisions:
            raise user_error(
                f"a table of {conditions.precision} of an earlier archspec", "Remove it, and calibrate anew"
            )
        return LatencyTable(
            conditions,
            _time(document["reference_ms"]),
            dict(_entry(row) for row in document["entries"]),
            _optional(Correction, document["correction"]),
            _optional(Accuracy, document["score"]),
            str(document.get("like", "")),
            _operators(document.get("operators")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise user_error(f"a damaged latency table ({error})", REMEDY, place=place) from error


def _parse(path: str | os.PathLike[str], place: Place) -> Mapping[str, Any]:
    try:
        document = json.loads(read_bytes(path, remedy="Calibrate first").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise user_error("not JSON", REMEDY, place=place) from error
    if not isinstance(document, dict):
        raise user_error("not a latency table", REMEDY, place=place)
    return document


def _entry(row: Any) -> tuple[Signature, OperatorTime]:
    cold, warm, *signature = row
    return Signature.from_json(signature), OperatorTime(_time(cold), _time(warm))


def _operators(value: Any) -> Precision | None:
    if value is not None and value not in PRECISIONS:
        raise ValueError(f"{value!r} is no precision")
    return next((one for one in PRECISIONS if one == value), None)


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{value!r} is no time in ms")
    return float(value)


def _optional(kind: Callable[..., T], row: Any) -> T | None:
    return None if row is None else kind(**row)


def read_or_none(path: str | os.PathLike[str]) -> LatencyTable | None:
    """The table of a file, or None where there is no such file. Raises `UserError` for a file that is no table."""
    return read_table(path) if exists(path) else None
