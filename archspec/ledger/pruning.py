"""Which records an old ledger can do without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archspec.record import Record, package_versions

_PACKAGES = ("ai-edge-litert", "keras", "litert-quantizer", "numpy", "pillow", "tensorflow")


def all_but_latest(records: Iterable[Record], keep: int) -> list[Record]:
    """Of records in the order of their times: those of which `keep` newer ones of the same thing are there.

    The same thing is the same network and metric under the same conditions, versions of packages aside.
    """
    versions = frozenset(package_versions(_PACKAGES))
    newer: Counter[tuple[object, ...]] = Counter()
    superfluous = []
    for record in reversed(list(records)):
        what = (record.hash, record.metric, _lasting(record, versions))
        newer[what] += 1
        if newer[what] > keep:
            superfluous.append(record)
    return superfluous[::-1]


def _lasting(record: Record, versions: frozenset[str]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, value)
        for name, value in record.conditions.items()
        if name not in versions and not name.startswith("version_") and not name.endswith("_version")
    )
