"""Evaluation in a worker process: what it loads, how it begins, how far it is, and a spec's text in for an
`Evaluation` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import Fault, UserError, nearest
from archspec.measures import measure_named, measures
from archspec.measures._evaluate import evaluate, ladder
from archspec.measures._settings import Evaluation, Rejection, Settings

if TYPE_CHECKING:
    from archspec.catalog import Catalog

Listener = Callable[[str, int, int], None]
"""Hears what is measured, and how many steps of how many are done (0 of 0 where that is not known)."""

ALWAYS = "archspec.measures._worker"
TRAINING = "archspec.train._training"  # with it TensorFlow and Keras


def needs_tensorflow(settings: Settings) -> bool:
    """Whether one of the metrics does."""
    return any(rung.measure.tensorflow for rung in ladder(settings.asked, settings.limits))


def preload(settings: Settings) -> tuple[str, ...]:
    """The modules that a fork server loads before its first worker. Importing TensorFlow starts none of its threads.

    Without a metric that needs TensorFlow it is not among them.
    """
    return (ALWAYS, TRAINING) if needs_tensorflow(settings) else (ALWAYS,)


def prepare_worker(settings: Settings) -> None:
    """In a worker, before it measures: how many threads TensorFlow takes (`training_threads`), once a process."""
    _catalog(settings.plugins)  # a plugin's measures are known from here on
    if needs_tensorflow(settings):
        _take_threads(settings.training_threads)


@cache
def _take_threads(count: int) -> None:
    from archspec.lower import tf

    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def evaluate_text(spec_text: str, settings: Settings) -> Evaluation:
    """The spec of a text up the ladder, without a ledger: whoever drives the workers keeps the records.

    Never raises `UserError` on account of the spec: one that cannot be read is a rejection without a metric.
    """
    from archspec.spec import parse

    try:
        spec = parse(spec_text, file="<candidate>", catalog=_catalog(settings.plugins))
    except UserError as error:
        return Evaluation({}, rejected=Rejection("", str(error)))
    return evaluate(spec, settings)


@cache
def _catalog(plugins: tuple[str, ...]) -> Catalog | None:
    from archspec.catalog import Catalog

    return Catalog(tuple(map(Path, plugins))) if plugins else None


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within this context every step of a measure is reported to `listener`, which must not take long."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report_step(what: str, done: int, total: int) -> None:
    """A measure says how far it is, to whoever listens."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def check_settings(settings: Settings) -> None:
    """Raises `UserError` with all that is wrong with settings before any network is: names, recipes, data, device."""
    unknown = [name for name in settings.asked if name not in measures()]
    if unknown:
        raise UserError([Fault(f"unknown metric '{name}'", nearest(name, measures())) for name in unknown])
    faults: list[Fault] = []
    for name in settings.asked:
        try:
            measure_named(name).check(settings)
        except UserError as error:
            faults += error.faults
    if faults:
        raise UserError(dict.fromkeys(faults))
