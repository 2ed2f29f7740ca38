"""A latency table for a device of which only a few whole networks are measured, made of another device's table.

Operators of one group (a kind of kernel) are taken to need the same multiple of what they need on the known device. The
multiples are found from the networks by least squares on logarithms, with a normal prior around one common multiple
(what no network tells is taken to be that), and each network that is measured is the one that, after those before it,
says most of all others: Bayesian experimental design (Chaloner and Verdinelli 1995) with the errors of a linear model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from math import log
from pathlib import Path

import numpy as np

from archspec.arrays import Array, Precision
from archspec.devices import Device, Model
from archspec.errors import Problem, user_error
from archspec.network import Network, reference_model
from archspec.predictor.accuracy import spearman
from archspec.predictor.calibration import CalibrationProgress, OnProgress, measure_networks, table_of
from archspec.predictor.calibration_models import sampled_networks
from archspec.predictor.prediction import Predictor
from archspec.predictor.signature import Signature, kind
from archspec.predictor.table import OTHER, Accuracy, Correction, LatencyTable, OperatorTime, table_path, write_table
from archspec.predictor.turns import NETWORK_TURNS, Turns
from archspec.record import make_folder, timestamp

MOST_NETWORKS = 10
POOL, POOL_SEED, MOST_POOL_MACS = 250, 707, 1.5e9
SPREAD = 1.0  # of the logarithms of multiples around the common one: some kernels of int8 take 30 times as long
MISFIT = 0.08  # of one network by these multiples, as its logarithm
NORMAL_MEDIAN, NORMAL_P90 = 0.6745, 1.6449  # of the absolute value of a standard normal number
STEPS, SMALL_STEP = 60, 1e-6  # of Gauss and Newton


def transfer_file(
    device: Device,
    known: LatencyTable,
    path: Path | None = None,
    *,
    threads: int = 1,
    precision: Precision = "float32",
    networks: int = MOST_NETWORKS,
    progress: OnProgress = lambda progress: None,
    turns: Turns = NETWORK_TURNS,
    reference: Model | None = None,
) -> tuple[LatencyTable, Path]:
    """Measure at most `networks` whole networks on a device, and keep the table that follows from a `known` one in
    `path` (None: the user's cache).

    Its accuracy is estimated from the networks themselves, each predicted without it. Raises `UserError` for a known
    table that was never fitted to networks or is itself carried over, and for a network that the device cannot run.
    """
    correction = known.correction
    if correction is None or known.like:
        fact = "is itself carried over from another" if known.like else "was never fitted to whole networks"
        raise user_error(f"the table that is to be carried over {fact}", "Name one of --calibrate without --like")
    reference = reference or Model("reference", reference_model())
    begun = table_of(device, None, reference, threads, precision)
    path = path or table_path(begun.conditions)
    make_folder(path.parent, "Name another file")
    pool, groups = _pool(known, correction)
    if len(pool) <= networks:
        fact = f"the table that is to be carried over knows the operators of {len(pool)} sampled networks only"
        raise user_error(fact, "Name one of --calibrate, not of a study")
    fit = _Fit(groups.times)
    chosen: list[int] = []
    took: list[float] = []
    for count in range(1, networks + 1):
        chosen.append(fit.most_telling(chosen))
        took += measure_networks(
            device, [pool[chosen[-1]]], begun.reference_ms, threads=threads, precision=precision, turns=turns,
            reference=reference,
        )  # fmt: skip
        fit = fit.to(chosen, took)
        progress(CalibrationProgress("networks", count, networks))
    table = _carried(begun, known, correction, groups, fit, _accuracy(fit, chosen, took))
    write_table(path, table)
    return table, path


def group(signature: Signature) -> str:
    """Operators of one group take the same multiple: the kind, of convolutions also strided, 1 × 1 or other, of ArgMax
    the classes, since its loop is another for each count."""
    own = kind(signature)
    if signature.code == "CONV_2D":
        _, height, width, _ = signature.inputs[1].shape
        if dict(signature.options)["stride_h"] > 1:
            return f"{own} strided"
        return f"{own} 1x1" if height == width == 1 else own
    return f"{own} {signature.inputs[0].shape[-1]}" if signature.code == "ARG_MAX" else own


@dataclass(frozen=True)
class _Groups:
    """The groups, and of each network of a pool how long those of each take on the known device: `(networks, groups)`,
    in ms."""

    names: tuple[str, ...]
    times: Array


def _pool(known: LatencyTable, correction: Correction) -> tuple[list[Network], _Groups]:
    """Sampled networks whose operators the table knows, and their times by it, corrected as for whole networks."""
    pool, rows = [], []
    predictor = Predictor(known)
    for network in islice(sampled_networks(POOL_SEED, most_macs=MOST_POOL_MACS), POOL):
        row: dict[str, float] = defaultdict(float)
        with suppress(Problem):
            for signature in predictor.operators(network.graph):
                row[group(signature)] += _corrected_ms(correction, signature, predictor.operator_time(signature))
            pool.append(network)
            rows.append(row)
    names = tuple(sorted({name for row in rows for name in row}))
    return pool, _Groups(names, np.array([[row.get(name, 0.0) for name in names] for row in rows]))


def _corrected_ms(correction: Correction, signature: Signature, time: OperatorTime) -> float:
    """Of one operator in a network."""
    return correction.factor(kind(signature)) * time.warm_ms + correction.cold_factor * (time.cold_ms - time.warm_ms)


class _Fit:
    """The logarithms of the groups' multiples, and how sure they are: at first the prior."""

    def __init__(self, times: Array) -> None:
        count = times.shape[1]
        self._times = times
        self.common = 0.0
        self.logs = np.zeros(count)
        self._prior = np.linalg.inv(SPREAD**2 * np.eye(count) + SPREAD**2 * np.ones((count, count)))
        self._spread = np.linalg.inv(self._prior)

    def to(self, chosen: Sequence[int], took_ms: Sequence[float]) -> _Fit:
        """Fitted to networks of the pool, by the steps of Gauss and Newton."""
        fit = _Fit(self._times)
        times, logs = self._times[list(chosen)], np.log(took_ms)
        fit.common = float(np.median(logs - np.log(times.sum(1))))
        centre = np.full(len(fit.logs), fit.common)
        fit.logs = centre
        for _ in range(STEPS):
            shares = fit.shares(chosen)
            off = logs - np.log(fit.predicted_ms(chosen))
            curvature = shares.T @ shares / MISFIT**2 + self._prior
            step = np.linalg.solve(curvature, shares.T @ off / MISFIT**2 - self._prior @ (fit.logs - centre))
            fit.logs = fit.logs + step / max(1.0, float(np.abs(step).max()))
            if np.abs(step).max() < SMALL_STEP:
                break
        fit._spread = np.linalg.inv(curvature)
        return fit

    def predicted_ms(self, chosen: Sequence[int]) -> Array:
        """Of networks of the pool."""
        found: Array = (self._times[list(chosen)] * np.exp(self.logs)).sum(1)
        return found

    def shares(self, chosen: Sequence[int]) -> Array:
        """What part of its time each network spends in each group: how its logarithm moves with those of the groups."""
        parts = self._times[list(chosen)] * np.exp(self.logs)
        found: Array = parts / parts.sum(1, keepdims=True)
        return found

    def deviations(self, chosen: Sequence[int]) -> Array:
        """How far off networks are expected to be, as logarithms: by the multiples and by the misfit."""
        shares = self.shares(chosen)
        found: Array = np.sqrt(((shares @ self._spread) * shares).sum(1) + MISFIT**2)
        return found

    def most_telling(self, chosen: Sequence[int]) -> int:
        """The network that, once measured, leaves the least variance over the whole pool."""
        shares = self.shares(range(len(self._times)))
        covariances = shares @ self._spread @ shares.T
        gains = (covariances**2).mean(0) / (np.diag(covariances) + MISFIT**2)
        gains[list(chosen)] = -1
        return int(gains.argmax())

    @property
    def size(self) -> int:
        """How many networks the pool has."""
        return len(self._times)


def _accuracy(fit: _Fit, chosen: Sequence[int], took_ms: Sequence[float]) -> Accuracy:
    """Estimated by leaving each network out once. These networks are those that tell most, so each is harder to predict
    than others: its error counts in units of what the fit without it expected, and what it expects of the whole pool is
    scaled by the geometric mean of that and of one (the fit's own expectation)."""
    predicted, strange = [], []
    for index, took in zip(chosen, took_ms, strict=True):
        others = [(one, ms) for one, ms in zip(chosen, took_ms, strict=True) if one != index]
        without = fit.to([one for one, _ in others], [ms for _, ms in others])
        predicted.append(float(without.predicted_ms([index])[0]))
        strange.append(abs(log(predicted[-1] / took)) / float(without.deviations([index])[0]))
    scale = float(np.sqrt(np.median(strange) / NORMAL_MEDIAN))
    deviation = scale * float(np.median(fit.deviations(range(fit.size))))
    return Accuracy(
        networks=len(chosen),
        median_error=NORMAL_MEDIAN * deviation,
        p90_error=NORMAL_P90 * deviation,
        spearman=spearman(predicted, took_ms),
        equal_networks=0,
        equal_spearman=None,
        interpolated=0.0,
        time=timestamp(),
        is_left_out=True,
    )


def _carried(
    begun: LatencyTable, known: LatencyTable, correction: Correction, groups: _Groups, fit: _Fit, accuracy: Accuracy
) -> LatencyTable:
    """The known operators at the multiples of their groups, with what a network does to them in their times."""
    multiples = dict(zip(groups.names, np.exp(fit.logs).tolist(), strict=True))
    usual = float(np.exp(fit.common))
    entries = {}
    for signature, time in known.entries.items():
        took = _corrected_ms(correction, signature, time) * multiples.get(group(signature), usual)
        entries[signature] = OperatorTime(took, took)
    held = known.conditions
    like = f"{held.device}, {held.cpu}, {held.precision}, threads {held.threads}"
    operation_ms = correction.operation_ms * usual
    plain = Correction({OTHER: 1.0}, 0.0, operation_ms, accuracy.networks)
    return replace(
        begun, entries=entries, correction=plain, accuracy=accuracy, like=like, operators=known.operators_precision
    )
