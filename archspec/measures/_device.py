"""The device of the settings as it is asked of once a process: who it is, its predictor, the reference beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.arrays import Precision
from archspec.errors import Place, user_error
from archspec.measures._settings import Settings
from archspec.record import Plain, package_versions

if TYPE_CHECKING:
    from archspec.devices import Device, Model
    from archspec.predictor import LatencyTable, Predictor


def predictor_of(settings: Settings) -> Predictor:
    """The predictor of the settings' device. Raises `UserError` where it was never calibrated."""
    settled = _settled.get((settings.device, settings.threads, ""))
    if settled is not None and settings.latency_table:
        return _predictor_in(settings.latency_table, str(settled["device_fingerprint"]))
    return _predictor(settings.device, settings.threads, settings.latency_table, settings.precision)


@lru_cache(maxsize=4)
def _predictor_in(file: str, fingerprint: str) -> Predictor:
    """The predictor of a table's file, of a device that only another machine reaches. Raises `UserError` for a table of
    another one."""
    from archspec.predictor import Predictor, read_table

    table = read_table(Path(file))
    if table.conditions.fingerprint != fingerprint:
        fact = f"a latency table of another device ({table.conditions.fingerprint}, not {fingerprint})"
        raise user_error(fact, "Calibrate this one: remove the file, or name another", place=Place(file))
    return Predictor(table).prepare()


@lru_cache(maxsize=4)
def _predictor(name: str, threads: int, table: str, precision: Precision) -> Predictor:
    from archspec.predictor import predictor_for

    return predictor_for(device_of(name), Path(table) if table else None, threads=threads, precision=precision)


def table_digest(table: LatencyTable) -> str:
    """16 hexadecimal letters for what a table predicts by."""
    if id(table) not in _digests:
        what = (table.reference_ms, table.correction, sorted(map(repr, table.entries.items())))
        _digests[id(table)] = table, hashlib.blake2b(repr(what).encode(), digest_size=8).hexdigest()
    return _digests[id(table)][1]


_digests: dict[int, tuple[LatencyTable, str]] = {}  # the table is kept with it, so that its id stays its own


@cache
def device_of(name: str, delegate: str = "") -> Device:
    """A device by its name, opened once a process; `delegate` is one of its own. Raises `UserError`."""
    from archspec.devices import device

    return device(name, **({"delegate": delegate} if delegate else {}))


@cache
def reference() -> Model:
    """The network that every latency is paired with."""
    from archspec.devices import Model
    from archspec.network import REFERENCE_NAME, reference_model

    return Model.of(reference_model(), REFERENCE_NAME)


def device_conditions(name: str, threads: int, delegate: str = "") -> dict[str, Plain]:
    """Which device it is and what runs there, as it is settled, else asked by opening a network of a few kilobytes.

    Raises `UserError` for a device that does not answer.
    """
    settled = _settled.get((name, threads, delegate))
    return dict(settled) if settled is not None else _asked(name, threads, delegate)


@contextmanager
def settled_device(name: str, threads: int, conditions: Mapping[str, Plain]) -> Iterator[None]:
    """Within this context the device of this name is one that another machine reaches, and these are its conditions."""
    _settled[name, threads, ""] = conditions
    try:
        yield
    finally:
        del _settled[name, threads, ""]


_settled: dict[tuple[str, int, str], Mapping[str, Plain]] = {}


@lru_cache(maxsize=16)
def _asked(name: str, threads: int, delegate: str) -> dict[str, Plain]:
    from archspec.devices import Model
    from archspec.network import probe_model

    place = device_of(name, delegate) if delegate else device_of(name)
    with closing(place.open(Model.of(probe_model(), "probe"), threads=threads)) as session:
        machine, system = place.machine(), session.system
    versions: dict[str, Plain] = {f"version_{package}": found for package, found in package_versions().items()}
    return {
        **versions,
        "device": place.name,
        "device_fingerprint": machine.fingerprint,
        "runtime": system.runtime,
        "runtime_version": system.version,
        "delegate": system.delegate,
        "threads": threads,
    }
