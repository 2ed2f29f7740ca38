"""A Gaussian process over networks: a mean and a standard deviation for each, from choices, graph and rung.

The covariance of two networks is a sum of Matérn 5/2 kernels (Rasmussen and Williams 2006, equation 4.17), one of
their choices and one of their graphs' features, a linear one of the features, and what a network has by itself and
shares with no other, however alike; times `exp(-|t - t'| / length)` of the logarithms of the training steps, so that a
short training tells of a long one as far as they were seen to agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from archspec.arrays import Array

MOST_FITTED = 200  # observations that settings are chosen on; the mean and deviation are of all
SWEEPS = 2
JITTER = 1e-8
LENGTHS = (0.3, 0.5, 0.8, 1.3, 2.0, 3.5)
SHARES = (0.0, 0.15, 0.4, 0.7, 1.0)
NOISES = (1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
STEP_LENGTHS = (0.7, 2.0, 6.0, 20.0)
OWN = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5)
SAME = 1e-6  # mean distances: less is the same network


@dataclass(frozen=True)
class Inputs:
    """Rows of networks: `choices` and `features` (columns of one scale), `log_steps` of each row's training."""

    choices: Array
    features: Array
    log_steps: Array

    def __len__(self) -> int:
        return len(self.log_steps)

    def at(self, rows: Array) -> Inputs:
        """Some of the rows."""
        return Inputs(self.choices[rows], self.features[rows], self.log_steps[rows])

    def and_also(self, others: Inputs) -> Inputs:
        """These rows, then others."""
        return Inputs(
            np.concatenate([self.choices, others.choices]),
            np.concatenate([self.features, others.features]),
            np.concatenate([self.log_steps, others.log_steps]),
        )


@dataclass(frozen=True)
class Kernel:
    """Lengths in units of the mean distance of what was observed; `own` is the share of the variance that a network has
    by itself, `by_graph` in the rest that of the features' kernel, and `linear` that of the linear one in it; `noise`,
    which is of each training, in shares of the variance."""

    choice_length: float = 0.8
    feature_length: float = 1.3
    by_graph: float = 0.4
    linear: float = 0.15
    noise: float = 0.03
    step_length: float = 6.0
    own: float = 0.0

    def variants(self, inputs: Inputs) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Each setting that matters for these inputs, with the values that it may take."""
        if inputs.features.shape[1]:
            yield "by_graph", SHARES
        yield "noise", NOISES
        yield "choice_length", LENGTHS
        if inputs.features.shape[1]:
            yield "feature_length", LENGTHS
            yield "linear", SHARES
        if (inputs.log_steps != inputs.log_steps[0]).any():
            yield "step_length", STEP_LENGTHS
            yield "own", OWN  # what differs from rung to rung is noise, what stays is the network's own


@dataclass(frozen=True)
class _Pairs:
    """What a kernel needs of every pair of rows, whatever its settings."""

    choices: Array
    features: Array
    products: Array
    steps: Array
    same: Array

    def covariance(self, kernel: Kernel) -> Array:
        graph = (1 - kernel.linear) * _matern(self.features / kernel.feature_length) + kernel.linear * self.products
        alike = (1 - kernel.by_graph) * _matern(self.choices / kernel.choice_length) + kernel.by_graph * graph
        alike = (1 - kernel.own) * alike + kernel.own * self.same
        covariance: Array = alike * np.exp(-self.steps / kernel.step_length)
        return covariance


class GaussianProcess:
    """Fitted to `values` (all finite, at least two rows). `predict` gives values of the same scale."""

    def __init__(self, inputs: Inputs, values: Array) -> None:
        self._inputs = inputs
        self._mean, self._spread = float(values.mean()), float(values.std()) or 1.0
        self._values = (values - self._mean) / self._spread
        self._choice_scale, self._feature_scale = _mean_distance(inputs.choices), _mean_distance(inputs.features)
        self.kernel = self._fitted()
        self._factor, self._weights, self._variance = self._solved()

    def believing(self, inputs: Inputs) -> GaussianProcess:
        """As if these rows had been trained, each with the value that is expected of it: means stay as they are, and
        deviations shrink around them (kriging believer, Ginsbourger et al. 2010, DOI 10.1007/978-3-642-10701-6_6)."""
        mean, _ = self.predict(inputs)
        other = copy(self)
        other._inputs = self._inputs.and_also(inputs)
        other._values = np.concatenate([self._values, (mean - self._mean) / self._spread])
        other._factor, other._weights, _ = other._solved()
        return other

    def predict(self, inputs: Inputs) -> tuple[Array, Array]:
        """Mean and standard deviation of what each row's own score is, the noise of a training left out."""
        across = self._pairs(inputs, self._inputs).covariance(self.kernel)
        mean = across @ self._weights
        own = _diagonal(self._feature_norm(inputs), self.kernel)
        explained = _triangular(self._factor, across.T)
        deviation = np.sqrt(np.maximum(self._variance * (own - (explained**2).sum(axis=0)), 1e-12))
        return self._mean + self._spread * mean, self._spread * deviation

    def _solved(self) -> tuple[Array, Array, float]:
        covariance = self._pairs(self._inputs, self._inputs).covariance(self.kernel)
        return _solve(covariance, self._values, self.kernel.noise)

    def _fitted(self) -> Kernel:
        """The settings of the greatest likelihood, one at a time, on an even part of a long history."""
        count = len(self._values)
        rows = np.unique(np.linspace(0, count - 1, min(count, MOST_FITTED)).astype(int))
        part, values = self._inputs.at(rows), self._values[rows]
        pairs = self._pairs(part, part)
        kernel = Kernel() if part.features.shape[1] else Kernel(by_graph=0.0)
        best = _unlikelihood(pairs, values, kernel)
        for _ in range(SWEEPS):
            before = best
            for name, options in kernel.variants(part):
                for option in options:
                    if option == getattr(kernel, name):
                        continue
                    other = replace(kernel, **{name: option})
                    found = _unlikelihood(pairs, values, other)
                    if found < best - 1e-9:
                        best, kernel = found, other
            if before - best < 0.05:
                break
        return kernel

    def _pairs(self, rows: Inputs, columns: Inputs) -> _Pairs:
        products = rows.features @ columns.features.T / max(self._feature_scale**2, JITTER)
        choices = _distances(rows.choices, columns.choices) / self._choice_scale
        features = _distances(rows.features, columns.features) / self._feature_scale
        steps = np.abs(rows.log_steps[:, None] - columns.log_steps[None, :])
        return _Pairs(choices, features, products, steps, (choices < SAME) & (features < SAME))

    def _feature_norm(self, inputs: Inputs) -> Array:
        norm: Array = (inputs.features**2).sum(axis=1) / max(self._feature_scale**2, JITTER)
        return norm


def _diagonal(norm: Array, kernel: Kernel) -> Array:
    linear = kernel.by_graph * kernel.linear
    found: Array = kernel.own + (1 - kernel.own) * (1 - linear + linear * norm)
    return found


def _solve(covariance: Array, values: Array, noise: float) -> tuple[Array, Array, float]:
    """The Cholesky factor, `K⁻¹ y`, and the variance at which the values are likeliest."""
    from scipy.linalg import lapack

    noisy = covariance + (noise + JITTER) * np.eye(len(values))
    factor = np.linalg.cholesky(noisy)
    weights, _ = lapack.dpotrs(factor, values, lower=True)
    return factor, weights, max(float(values @ weights) / len(values), JITTER)


def _triangular(factor: Array, values: Array) -> Array:
    from scipy.linalg import solve_triangular

    found: Array = solve_triangular(factor, values, lower=True, check_finite=False)
    return found


def _unlikelihood(pairs: _Pairs, values: Array, kernel: Kernel) -> float:
    """The negative logarithm of the marginal likelihood with the variance at its best, and a mild prior on settings."""
    try:
        factor, _, variance = _solve(pairs.covariance(kernel), values, kernel.noise)
    except np.linalg.LinAlgError:
        return float("inf")
    likelihood = 0.5 * len(values) * np.log(variance) + np.log(np.diag(factor)).sum()
    usual = Kernel()
    away = (
        np.log(kernel.choice_length / usual.choice_length) ** 2
        + np.log(kernel.feature_length / usual.feature_length) ** 2
        + 0.1 * np.log(kernel.noise / usual.noise) ** 2
        + 0.3 * np.log(kernel.step_length / usual.step_length) ** 2
    )
    return float(likelihood + 0.5 * away)


def _matern(distance: Array) -> Array:
    scaled = np.sqrt(5.0) * distance
    found: Array = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return found


def _distances(rows: Array, columns: Array) -> Array:
    squares = (rows**2).sum(axis=1)[:, None] + (columns**2).sum(axis=1)[None, :] - 2 * rows @ columns.T
    found: Array = np.sqrt(np.maximum(squares, 0.0))
    return found


def _mean_distance(rows: Array) -> float:
    """The mean distance of different rows; 1 where all are equal."""
    distances = _distances(rows, rows)
    return float(distances.sum() / max(1, len(rows) * (len(rows) - 1))) or 1.0
